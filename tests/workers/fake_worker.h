// tests/workers/fake_worker.h: what the misbehaving programs share: a worker
// that decodes nothing. It behaves until it is told otherwise.
//
// Errors  what cannot go on exits with code 9, which a test will notice.
#pragma once

#include <memory>
#include <optional>

#include "common/shm/arena.h"
#include "proto/channel.h"
#include "proto/flight_record.h"

namespace thumbmill {

class FakeWorker {
 public:
  // Parses what the coordinator passed, maps the regions, connects.
  FakeWorker(int argc, char** argv);

  // READY, then waits for WELCOME and answers the first HEARTBEAT.
  void Greet();
  // The next task, noted in the flight record as being decoded. Answers
  // heartbeats meanwhile; after DRAIN it says BYE and exits with 0.
  TaskOrder AwaitTask();
  [[nodiscard]] ByteSpan Input(const TaskOrder& order) const;
  // For each size the input's length and the size's index: 8 bytes.
  TaskResult Work(const TaskOrder& order);
  // The flight record is cleared before.
  void Answer(const TaskResult& result);

  void Send(const Message& message);
  void SendRaw(std::string_view frame);
  std::optional<Message> Receive(Millis timeout);
  [[noreturn]] void DoNothing();

  [[nodiscard]] MutableByteSpan outputs() const;
  // The first page of its outputs.
  [[nodiscard]] FlightRecord* record() { return record_; }

 private:
  MappedRegion inputs_, outputs_;
  FlightRecord* record_ = nullptr;
  std::unique_ptr<PeerChannel> channel_;
};

}  // namespace thumbmill
