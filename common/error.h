// common/error.h: an error as a plain value that can cross a process.
//
// The code is for the caller, who decides by it whether to retry, skip or stop.
// The text is for the human: which image or file failed, at which stage, why.
// `sys` is errno if a system call failed, else 0.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

enum class ErrorCode {
  kUsage,        // the user's settings are wrong: stop, say how to mend them
  kIo,           // the operating system refused: see `sys`
  kNotFound,     // the named thing does not exist
  kDenied,       // permissions or credentials do not allow it
  kNoSpace,      // disk, inodes, or a buffer is full
  kNoMemory,     // the budget or the machine is out of memory
  kUnavailable,  // transient: trying again may help
  kTimeout,      // a deadline passed
  kBadData,      // bytes from outside do not parse
  kCancelled,    // this program stopped the operation itself
  kInternal,     // a bug of ours that was caught
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string what;
  int sys = 0;
};

std::string_view ToString(ErrorCode code);

// Builds the text "<what>: <strerror>" and chooses the code by `sys`: kNoSpace
// for ENOSPC and EDQUOT, kNotFound for ENOENT, kDenied for EACCES, EPERM and
// EROFS, kNoMemory for ENOMEM, kIo for all others.
Error SystemError(std::string_view what, int sys);

}  // namespace thumbmill
