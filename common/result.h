// common/result.h: Result<T> and Status, the one way errors are returned.
//
// `tl::expected` is `std::expected` (C++23) by another name; clang 14 and
// g++ 12 in C++20 mode both take it. To switch, change the aliases here.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "common/error.h"

namespace thumbmill {

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> Fail(ErrorCode code,
                                                std::string what, int sys = 0) {
  return tl::unexpected<Error>(Error{code, std::move(what), sys});
}

[[nodiscard]] inline tl::unexpected<Error> FailSystem(std::string_view what,
                                                      int sys) {
  return tl::unexpected<Error>(SystemError(what, sys));
}

}  // namespace thumbmill

#define TM_CONCAT_INNER(a, b) a##b
#define TM_CONCAT(a, b) TM_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expr)                                                  \
  do {                                                                         \
    if (auto tm_status = (expr); !tm_status)                                   \
      return tl::unexpected<::thumbmill::Error>(std::move(tm_status).error()); \
  } while (false)

#define ASSIGN_OR_RETURN(decl, expr) \
  ASSIGN_OR_RETURN_INNER(TM_CONCAT(tm_result_, __LINE__), decl, expr)
#define ASSIGN_OR_RETURN_INNER(tmp, decl, expr)                                \
  auto tmp = (expr);                                                           \
  if (!tmp) return tl::unexpected<::thumbmill::Error>(std::move(tmp).error()); \
  decl = std::move(*tmp)
