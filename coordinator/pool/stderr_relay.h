// coordinator/pool/stderr_relay.h: logs the lines that one worker process
// writes to its stderr.
//
// A worker that was taken over may write anything, so it gets no access to a
// terminal or a log file. It writes into a pipe, and each line is logged under
// the worker's name, as printable text.
//
// Runs in  the coordinator's main thread.
// Memory   a line longer than kMaxLine is logged in pieces. After kMaxBytes the
//          rest is read and left out, so that no worker waits and none fills a
//          disk.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

class EventLoop;

class StderrRelay {
 public:
  static constexpr std::size_t kMaxLine = 1000;
  static constexpr std::size_t kMaxBytes = 64 << 10;

  [[nodiscard]] static Result<std::unique_ptr<StderrRelay>> Create(
      EventLoop* loop);
  // Logs the rest of the pipe.
  ~StderrRelay();

  // Returns the descriptor that becomes the stderr of the process.
  [[nodiscard]] int write_end() const { return write_end_.get(); }
  // Call when the process has started: closes our copy of its end, and watches
  // the pipe. `who` is its name in the log, as in "worker 3 (pid 4711)".
  [[nodiscard]] Status Begin(std::string who);

 private:
  explicit StderrRelay(EventLoop* loop) : loop_(loop) {}
  // Reads once. Returns false if the pipe has ended or cannot be read.
  bool ReadPiece();
  void Take(std::string_view text);
  void FlushLine();

  EventLoop* loop_;
  UniqueFd read_end_, write_end_;
  bool watched_ = false;
  std::string who_;
  std::string line_;
  std::size_t bytes_ = 0;  // that were read so far
};

}  // namespace thumbmill
