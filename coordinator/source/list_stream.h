// coordinator/source/list_stream.h: the receiving end of a list that another
// thread sends through a pipe.
//
// The pipe carries the bytes: the kernel bounds its size, a reader waits for it
// with poll() beside other descriptors, and its end is the end of the list. The
// StreamEnd says whether the list is whole.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

// Tells the reader why the pipe ended. May be used from any thread.
class StreamEnd {
 public:
  // Call before the sending end is closed.
  void Fail(Error error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  // Returns empty if the list is whole. Only valid after the pipe has ended.
  [[nodiscard]] std::optional<Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

struct ListStream {
  UniqueFd fd;  // of the pipe; does not block
  std::shared_ptr<const StreamEnd> end;
  std::string name;  // for messages
};

}  // namespace thumbmill
