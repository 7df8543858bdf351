// coordinator/exec/worker_protocol.h: the coordinator's side of the protocol
// with its workers: greeting, heartbeat, farewell, and messages that break it.
//
// Runs in  the coordinator's main thread.
// Errors   a message that breaks the protocol is counted and logged, and its
//          sender is killed. One whose connection is gone gets a moment to die
//          of its own cause, and is killed then.
// Contract proto/PROTOCOL.md, "Frames" and "Malformed messages".
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/exec/worker_link.h"
#include "coordinator/exec/worker_process.h"
#include "proto/messages.h"

namespace thumbmill {

class WorkerProtocol {
 public:
  // Takes a RESULT, which may be that of a worker that has just died.
  using OnResult = std::function<void(WorkerProcess*, TaskResult*)>;
  struct Parts {
    EventLoop* loop = nullptr;
    WorkerPool* pool = nullptr;
    std::deque<WorkerProcess>* workers = nullptr;
  };

  // Sends `welcome` to each worker, with the worker's own numbers filled in.
  // `program` is the path of the workers' program, for an error text. All
  // `parts` must outlive this.
  WorkerProtocol(const Parts& parts, std::unique_ptr<RouterChannel> channel,
                 Welcome welcome, std::string program, OnResult on_result);

  [[nodiscard]] WorkerLink& link() { return link_; }
  [[nodiscard]] const WorkerLink& link() const { return link_; }

  // Sends a message. Returns false if the connection is gone.
  bool Send(WorkerProcess* worker, const Message& message);
  // Asks an idle worker now and then whether it lives. Returns why it must be
  // killed if it does not answer.
  [[nodiscard]] std::optional<KillReason> CheckIdle(WorkerProcess* worker,
                                                    TimePoint now,
                                                    Millis heartbeat);
  // Lets the worker exit.
  void SendDrain(WorkerProcess* worker);
  // Kills the sender of a RESULT that names the right task and lies about it:
  // that charges the task.
  void OnLie(WorkerProcess* worker, const std::string& lie);
  // Kills the sender of any other message that breaks the protocol.
  void OnMalformed(WorkerProcess* worker, const std::string& what);
  // Returns the number of messages that broke the protocol or came under an
  // unknown routing id.
  [[nodiscard]] std::uint64_t malformed() const;

 private:
  void OnReceived(WorkerProcess* worker, Result<Message> message);
  void OnMessage(WorkerProcess* worker, const Ready& ready);
  void OnMessage(WorkerProcess* worker, TaskResult& result);
  void OnMessage(WorkerProcess* worker, const Heartbeat& heartbeat);
  void OnMessage(WorkerProcess* worker, const Bye& bye);
  template <typename Other>
  void OnMessage(WorkerProcess* worker, const Other&) {
    OnMalformed(worker, "a message that only a coordinator sends");
  }
  void OnUnreadable(WorkerProcess* worker, const Error& error);
  void Ask(WorkerProcess* worker);
  void OnUnreachable(WorkerProcess* worker, const std::string& why);

  WorkerPool* pool_;
  WorkerLink link_;
  const Welcome welcome_;
  const std::string program_;
  OnResult on_result_;
  std::uint64_t next_token_ = 1;
  std::uint64_t malformed_ = 0;
};

}  // namespace thumbmill
