// common/check.h: CHECK stops the process on a broken invariant of our own.
//
// Never used on input from disk, network, pipe or shared memory: that is
// validated and answered with an Error.
#pragma once

namespace thumbmill {
[[noreturn]] void CheckFailed(const char* condition, const char* file,
                              int line);
}  // namespace thumbmill

#define CHECK(condition) \
  ((condition) ? (void)0 \
               : ::thumbmill::CheckFailed(#condition, __FILE__, __LINE__))
