// coordinator/exec/worker_link.h: carries messages between the executor and its
// workers. It knows each worker process by its routing id.
//
// Owns     the socket.
// Runs in  the coordinator's main thread. Hands each message over in the order
//          of its arrival.
// Contract proto/PROTOCOL.md, "Transport".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/result.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/loop/event_loop.h"
#include "proto/channel.h"

namespace thumbmill {

class WorkerLink {
 public:
  // Takes a message of a worker, or the fault of one that cannot be parsed.
  using Receiver = std::function<void(std::size_t worker, Result<Message>)>;

  // `loop` must outlive the link.
  WorkerLink(EventLoop* loop, std::unique_ptr<RouterChannel> channel,
             Receiver receiver);
  ~WorkerLink() { Close(); }
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  // Hands over messages from the loop, from now on.
  [[nodiscard]] Status Watch();
  // Closes the socket. No message is handed over after that.
  void Close();

  // Returns the address that a worker connects to.
  [[nodiscard]] const std::string& endpoint() const;
  // Makes messages of the routing id `id` those of `worker`.
  void Add(const std::string& id, std::size_t worker);
  void Remove(const std::string& id);

  // Fails if the connection is gone, or if the peer does not read.
  [[nodiscard]] Status Send(const std::string& id, const Message& message);
  // Hands over all messages that have arrived, up to a bound that only a
  // flooding worker reaches.
  void DrainAll();

  // Returns the bytes of all messages so far, both ways; 0 after Close().
  [[nodiscard]] std::uint64_t bytes() const;
  // Returns the number of messages that came under an unknown routing id.
  [[nodiscard]] std::uint64_t strays() const { return strays_; }

 private:
  bool Drain();
  void DrainSoon();

  EventLoop* loop_;
  std::unique_ptr<RouterChannel> channel_;  // null after Close()
  Receiver receiver_;
  std::unordered_map<std::string, std::size_t> workers_;  // by routing id
  std::uint64_t strays_ = 0;
  bool watched_ = false;
  bool drain_posted_ = false;
  CallbackGuard guard_;
};

}  // namespace thumbmill
