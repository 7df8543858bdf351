// coordinator/pool/stderr_relay.h: what one worker process writes to its
// stderr, as lines of our log.
//
// A worker that was taken over may write anything, so it has no way to a
// terminal or a log file of its own: it writes into a pipe, and each line is
// logged under the worker's name, as printable text.
//
// Runs in  the coordinator's main thread.
// Memory   a line is cut at kMaxLine; after kMaxBytes the rest is read and left
//          out, so that no worker waits and none fills a disk.
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
  // Logs what is left in the pipe.
  ~StderrRelay();

  // What the process gets as its stderr.
  [[nodiscard]] int their_end() const { return theirs_.get(); }
  // The process has started; `who` as in "worker 3 (pid 4711)".
  [[nodiscard]] Status Begin(std::string who);

 private:
  explicit StderrRelay(EventLoop* loop) : loop_(loop) {}
  // False: nothing more for now.
  bool ReadPiece();
  void Take(std::string_view text);
  void LogLineOfTheirs();

  EventLoop* loop_;
  UniqueFd ours_, theirs_;
  bool watched_ = false;
  std::string who_;
  std::string line_;
  std::size_t bytes_ = 0;  // that were taken
};

}  // namespace thumbmill
