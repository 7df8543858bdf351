// tests/fuzz/stage.h: the coordinator's surroundings without a process, a
// socket or a clock: what stage.cc puts in the place of RouterChannel,
// WorkerPool and EventLoop when a program is linked. Whoever plays the workers
// sees here what they would see.
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

// What a process of a worker knows. A new one for each start.
struct PlayedProcess {
  pid_t pid = 0;  // 0: there is none
  std::string peer;
  MappedRegion output;
  bool introduced = false;      // its READY is sent
  std::uint64_t asked = 0;      // token of the last HEARTBEAT
  std::deque<TaskOrder> tasks;  // not answered, the oldest first
  bool told_to_drain = false;
};

struct Stage {
  std::vector<PlayedProcess> workers;
  std::deque<std::pair<std::string, std::string>> frames;  // peer and bytes
  std::function<void(const TaskOrder&)> sent;        // a TASK is on its way
  std::function<void(std::size_t, ProcessEnd)> end;  // a process ends itself
  bool was_ready = false;  // some worker was ready once
  pid_t next_pid = 0;
};

// One for the program; a new one for each execution.
Stage& TheStage();
void NewStage();

// From that worker, if it has a process.
void SendFrame(std::size_t worker, std::string frame);
void SendMessage(std::size_t worker, const Message& message);

}  // namespace thumbmill::fuzz
