// common/check.h: CHECK stops the process on a broken invariant of our own.
//
// Never use it on input from disk, network, pipe or shared memory: validate
// such input and return an Error.
#pragma once

namespace thumbmill {
[[noreturn]] void CheckFailed(const char* condition, const char* file,
                              int line);
}  // namespace thumbmill

#define CHECK(condition) \
  ((condition) ? (void)0 \
               : ::thumbmill::CheckFailed(#condition, __FILE__, __LINE__))
