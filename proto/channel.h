// proto/channel.h: sends and receives the messages of the protocol.
//
// Owns     a ZeroMQ context with one I/O thread, and one socket.
// Threads  one owner thread.
// Errors   an Error is returned if the other end or the system is at fault. No
//          message yet is an empty optional. Nothing throws.
// Contract proto/PROTOCOL.md, "Transport".
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "proto/messages.h"

namespace thumbmill {

// Returns a random name that nobody can guess: 32 hexadecimal digits.
[[nodiscard]] Result<std::string> RandomName();

// The coordinator's end. It has many peers, each known by its routing id.
class RouterChannel {
 public:
  struct Received {
    std::string peer;
    Result<Message> message;  // an Error if malformed or of another version
  };

  // Binds a socket with a random name that only processes of this user may use.
  [[nodiscard]] static Result<std::unique_ptr<RouterChannel>> Bind();
  ~RouterChannel();

  // Returns the address that a peer connects to.
  [[nodiscard]] const std::string& endpoint() const;
  // Returns a descriptor that becomes readable when there may be input. It
  // signals edges only: after each wake-up, and after each Send(), ask
  // HasInput() before you sleep on it again.
  [[nodiscard]] int fd() const;
  [[nodiscard]] bool HasInput() const;

  // Never blocks. Fails with kUnavailable if no such peer is connected, and
  // with kNoSpace if the peer's queue is full.
  [[nodiscard]] Status Send(const std::string& peer, const Message& message);
  // Returns the next message; empty if none has arrived. Never blocks.
  [[nodiscard]] std::optional<Received> Receive();
  // Returns the bytes of all messages so far, both ways.
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
  // Waits at most 100 ms until the last messages are sent.
  ~PeerChannel();

  // Waits at most five seconds for room in the queue.
  [[nodiscard]] Status Send(const Message& message);
  // Returns empty if no message came within `timeout`.
  [[nodiscard]] Result<std::optional<Message>> Receive(Millis timeout);
  // Sends bytes as they are. Tests use it for malformed messages.
  [[nodiscard]] Status SendRaw(ByteSpan frame);

 private:
  class Impl;
  explicit PeerChannel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thumbmill
