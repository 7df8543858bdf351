// common/sanitizers.h: tells with which sanitizers this program is built. Their
// run time takes memory of its own, so limits of memory cannot hold.
#pragma once

namespace thumbmill {

#if defined(__has_feature)
#define TM_HAS_FEATURE(name) __has_feature(name)
#else
#define TM_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || TM_HAS_FEATURE(address_sanitizer)
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__) || TM_HAS_FEATURE(thread_sanitizer)
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif

#undef TM_HAS_FEATURE

}  // namespace thumbmill
