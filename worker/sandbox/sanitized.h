// worker/sandbox/sanitized.h: defines TM_SANITIZED if a sanitizer's run time
// needs files and system calls that the sandbox takes away.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TM_SANITIZED 1
#endif
#endif
