// tests/fuzz/stage.h: the coordinator's surroundings without a process, a
// socket or a clock. A program that links stage.cc gets its versions of
// RouterChannel, WorkerPool and EventLoop in place of the real ones. The fuzz
// target plays the workers and sees here everything that a worker would see.
//
// Threads  one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/shm/arena.h"
#include "coordinator/pool/spawn.h"
#include "proto/messages.h"

namespace thumbmill::fuzz {

// State of one played worker process. Each start makes a new one.
struct PlayedProcess {
  pid_t pid = 0;  // 0 if no process runs
  std::string peer;
  MappedRegion output;
  bool introduced = false;      // READY was sent
  std::uint64_t asked = 0;      // token of the last HEARTBEAT
  std::deque<TaskOrder> tasks;  // unanswered, oldest first
  bool told_to_drain = false;
};

struct Stage {
  std::vector<PlayedProcess> workers;
  std::deque<std::pair<std::string, std::string>> frames;  // peer and bytes
  // Called when the executor sends a TASK.
  std::function<void(const TaskOrder&)> sent;
  std::function<void(std::size_t, ProcessEnd)> end;  // ends a process by itself
  bool was_ready = false;  // some worker has been ready
  pid_t next_pid = 0;
};

// Returns the only stage of the program. NewStage() replaces it before each
// execution.
Stage& TheStage();
void NewStage();

// Send from that worker to the coordinator; do nothing if it has no process.
void SendFrame(std::size_t worker, std::string frame);
void SendMessage(std::size_t worker, const Message& message);

}  // namespace thumbmill::fuzz
