// coordinator/source/list_pipe.h: the sending end of a list that the loop
// downloads while the lister's thread reads it.
//
// The problem: a source blocks in Next() until it has a line, but the bytes
// arrive in the loop, which must never block.
//
// The idea: a pipe is the queue. The loop writes without blocking. If the pipe
// is full, it pauses the download and watches for room, so that a list of any
// length is streamed in bounded memory. The reader waits with poll(), also for
// its order to end. Neither side ever waits for the other one while it holds a
// lock, so a loop that stops leaves no reader behind.
//
// Owns     the sending end, and one part of the body that did not fit.
// Runs in  the loop's thread; the reader of the ListStream in any other.
// Signals  SIGPIPE must be ignored, as BlockSignals() sees to.
// Errors   Create() fails with kIo.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "coordinator/net/transfer.h"
#include "coordinator/source/list_stream.h"

namespace thumbmill {

class EventLoop;

class ListPipe final : public BodySink {
 public:
  // The loop calls these, and each may destroy the pipe.
  struct Events {
    std::function<void()> room;  // a paused download may go on
    std::function<void()> gone;  // the reader has closed its end
  };

  // Makes the pipe and its stream. May be called from any thread.
  [[nodiscard]] static Result<std::unique_ptr<ListPipe>> Create(
      EventLoop* loop, const std::string& name, ListStream* stream);
  ~ListPipe() override;

  void Listen(Events events) { events_ = std::move(events); }
  // Ends the list. It is cut short if there is an error. The reader first gets
  // all bytes that were received.
  void Close(std::optional<Error> error);
  // Returns whether any byte of the list has come.
  [[nodiscard]] bool begun() const { return begun_; }
  // Returns whether all bytes are written and the sending end is closed.
  [[nodiscard]] bool closed() const { return !fd_.valid(); }

  // BodySink. Each takes or gives one part; the part before is written first.
  std::uint8_t* Extend(std::uint64_t bytes) override;
  void Restart() override {}  // no byte of an earlier request was delivered
  bool WantsMore() override;

 private:
  ListPipe(EventLoop* loop, UniqueFd fd, std::shared_ptr<StreamEnd> end);
  // Writes as much as fits. Watches for room if a rest is left.
  void Flush();
  void WatchForRoom();
  void Unwatch();
  void OnReady();

  EventLoop* loop_;
  UniqueFd fd_;
  std::shared_ptr<StreamEnd> end_;
  Events events_;
  std::vector<std::uint8_t> part_;
  std::size_t written_ = 0;  // bytes of `part_`
  bool watched_ = false;
  bool paused_ = false;  // Extend() has refused a part
  bool begun_ = false;
  bool gone_ = false;     // the reader has closed its end
  bool closing_ = false;  // Close() was called
};

}  // namespace thumbmill
