#include "common/error.h"

#include <cerrno>
#include <cstring>

namespace thumbmill {
namespace {

ErrorCode CodeFromErrno(int sys) {
  switch (sys) {
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::kNoSpace;
    case ENOENT:
      return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kDenied;
    case ENOMEM:
      return ErrorCode::kNoMemory;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

std::string_view ToString(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kNoSpace:
      return "no_space";
    case ErrorCode::kNoMemory:
      return "no_memory";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kBadData:
      return "bad_data";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

Error SystemError(std::string_view what, int sys) {
  char buffer[128];
  // The GNU variant returns the text, which is not always in the buffer.
  const char* text = strerror_r(sys, buffer, sizeof buffer);
  Error error{CodeFromErrno(sys), std::string(what) + ": " + text, sys};
  // strerror() says "File too large", which names neither cause.
  if (sys == EFBIG)
    error.what += " (the limit of the system, ulimit -f, or of the disk)";
  return error;
}

}  // namespace thumbmill
