// common/error.h: what went wrong, as a plain value that can cross a process.
//
// Codes tell the caller what to do; text tells the human what happened: which
// image or file, at which stage, why. `sys` is errno where a system call
// failed, else 0.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

enum class ErrorCode {
  kUsage,        // the caller's configuration is wrong: stop, say what to type
  kIo,           // the operating system refused: see `sys`
  kNotFound,     // the named thing is not there
  kDenied,       // permissions, credentials
  kNoSpace,      // disk, inodes, or a buffer is full
  kNoMemory,     // the budget or the machine is out of memory
  kUnavailable,  // transient: trying again may help
  kTimeout,      // a deadline passed
  kBadData,      // foreign bytes that do not parse
  kCancelled,    // we stopped it ourselves
  kInternal,     // a bug of ours that was caught
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string what;
  int sys = 0;
};

std::string_view ToWord(ErrorCode code);

// Builds the text "<what>: <strerror>" and picks the code from `sys`:
// ENOSPC and EDQUOT are kNoSpace, ENOENT kNotFound, EACCES EPERM EROFS kDenied,
// ENOMEM kNoMemory, everything else kIo.
Error SystemError(std::string_view what, int sys);

}  // namespace thumbmill
