// proto/channel.h: the two ends of the wire.
//
// Owns     a ZeroMQ context with one I/O thread, and one socket.
// Threads  one owner thread.
// Errors   an Error is returned where the other end or the system is at fault;
//          "nothing yet" is an empty optional. Nothing throws.
// Contract proto/PROTOCOL.md, "Transport".
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "proto/messages.h"

namespace thumbmill {

// Draws a name that nobody can guess: 32 hexadecimal digits.
[[nodiscard]] Result<std::string> RandomName();

// The coordinator's end: many peers, each known by its routing id.
class RouterChannel {
 public:
  struct Received {
    std::string peer;
    Result<Message> message;  // an Error: malformed, or another version
  };

  [[nodiscard]] static Result<std::unique_ptr<RouterChannel>> Bind();
  ~RouterChannel();

  // What a peer connects to.
  [[nodiscard]] const std::string& endpoint() const;
  // Readable when there MAY be input; tells by edge. After every wake, and
  // after every Send(), ask HasInput() before sleeping on it again.
  [[nodiscard]] int fd() const;
  [[nodiscard]] bool HasInput() const;

  // Never blocks. kUnavailable: no such peer (now); kNoSpace: its queue is
  // full.
  [[nodiscard]] Status Send(const std::string& peer, const Message& message);
  [[nodiscard]] std::optional<Received> Receive();
  // Of all messages so far, both ways.
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  class Impl;
  explicit RouterChannel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A worker's end.
class PeerChannel {
 public:
  [[nodiscard]] static Result<std::unique_ptr<PeerChannel>> Connect(
      const std::string& endpoint, const std::string& peer);
  // Waits a moment for what was sent last.
  ~PeerChannel();

  // Waits at most five seconds for room.
  [[nodiscard]] Status Send(const Message& message);
  // Empty: nothing came within `timeout`.
  [[nodiscard]] Result<std::optional<Message>> Receive(Millis timeout);
  // Bytes as they are: for tests of what the other end does with them.
  [[nodiscard]] Status SendRaw(ByteSpan frame);

 private:
  class Impl;
  explicit PeerChannel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thumbmill
