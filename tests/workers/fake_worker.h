// tests/workers/fake_worker.h: the common part of the misbehaving programs: a
// worker that decodes nothing and behaves well until its program decides
// otherwise.
//
// Errors  exits with code 9, which the test sees as an unexpected death.
#pragma once

#include <memory>
#include <optional>

#include "common/shm/arena.h"
#include "proto/channel.h"
#include "proto/flight_record.h"

namespace thumbmill {

class FakeWorker {
 public:
  // Parses the coordinator's arguments, maps the regions, connects.
  FakeWorker(int argc, char** argv);

  // Sends READY, waits for WELCOME and answers the first HEARTBEAT.
  void Greet();
  // Returns the next task and notes it in the flight record as being decoded.
  // Answers heartbeats while it waits. After DRAIN it sends BYE and exits with
  // 0.
  TaskOrder AwaitTask();
  [[nodiscard]] ByteSpan Input(const TaskOrder& order) const;
  // Writes 8 bytes for each size, the length of the input and the index of the
  // size, and returns the RESULT.
  TaskResult Work(const TaskOrder& order);
  // Clears the flight record, then sends the RESULT.
  void Answer(const TaskResult& result);

  void Send(const Message& message);
  void SendRaw(std::string_view frame);
  std::optional<Message> Receive(Millis timeout);
  [[noreturn]] void DoNothing();

  [[nodiscard]] MutableByteSpan outputs() const;
  // Returns the flight record, which is in the first page of the outputs.
  [[nodiscard]] FlightRecord* record() { return record_; }

 private:
  MappedRegion inputs_, outputs_;
  FlightRecord* record_ = nullptr;
  std::unique_ptr<PeerChannel> channel_;
};

}  // namespace thumbmill
