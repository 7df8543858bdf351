// coordinator/exec/executor.h: runs tasks in a place that can be replaced:
// threads of this process, or worker processes.
//
// Runs in  the coordinator; called, and calls its events, in the loop's thread.
// Contract tests/contract/executor_contract_test.cc runs over every backend.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/result.h"
#include "proto/phase.h"
#include "proto/task.h"

namespace thumbmill {

// Reports a finished task. `outputs` holds one private copy of each thumbnail,
// in the order of outcome.thumbnails. The executor has checked them, and the
// receiver owns them.
struct Finished {
  TaskId id = 0;
  Outcome outcome;
  std::vector<std::vector<std::uint8_t>> outputs;
};

// Reports that the worker of a task died, or that the executor killed it
// because of the task. The engine decides the next step (another attempt,
// quarantine).
struct Lost {
  TaskId id = 0;
  bool charged = false;  // the image can be the cause: counts as an attempt
  Reason reason = Reason::kCrash;  // kCrash, kHang, kMemory, kTooCostly
  int signal = 0;       // that ended the worker; 0 if it exited or we killed it
  std::string message;  // "worker 2 (pid 4711) died of SIGSEGV in decode"
  std::string phase;    // of the work at that time; empty if unknown
  bool running = false;  // the worker worked on this task, as far as known
  // True if `running` is no guess: the flight record says so, or the worker
  // held no other task.
  bool certain = false;
  bool alone = false;    // the task was Task::alone
  bool outside = false;  // somebody else seems to be the cause: kill -9
};

// Reports that no worker can be kept alive: the run cannot go on.
struct ExecutorFailed {
  Error error;
};

struct ExecutorEvents {
  std::function<void(Finished)> finished;
  std::function<void(Lost)> lost;
  std::function<void(ExecutorFailed)> failed;
};

enum class StopMode {
  kDrain,  // finishes and answers all submitted tasks first
  kAbort,  // drops all submitted tasks without an answer
};

struct ExecutorStats {
  std::size_t workers = 0;  // that can take a task now
  std::size_t busy = 0;
  std::uint64_t workers_lost = 0;
  std::uint64_t workers_recycled = 0;    // replaced: their memory had grown
  std::uint64_t malformed_messages = 0;  // dropped: they broke the protocol
  std::uint64_t message_bytes = 0;       // of messages to and from workers
  std::uint64_t shared_bytes = 0;        // allocated blocks of output memfds
  std::uint64_t private_bytes = 0;       // of all workers at this moment
  std::uint64_t peak_private_bytes = 0;  // of the largest worker
};

// State of one worker at this moment.
struct WorkerNow {
  std::size_t worker = 0;
  pid_t pid = 0;       // 0 if it is a thread of ours or has no process now
  bool ready = false;  // it can take a task
  TaskId task = 0;     // 0 if it has none
  Phase phase = Phase::kNone;
  Micros since{0};                  // time since it began that task
  std::size_t waiting = 0;          // tasks that it holds besides that one
  std::uint64_t private_bytes = 0;  // 0 if it is a thread of ours
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Starts the threads or processes. Calls `events` from now on.
  [[nodiscard]] virtual Status Start(ExecutorEvents events) = 0;
  // Returns how many tasks Submit() would take now. May be 0 until workers are
  // ready.
  [[nodiscard]] virtual std::size_t Room() const = 0;
  // Returns true if a worker is free for a task with Task::alone. If none is,
  // reserves one: it gets no other task until it has got this one. Call again
  // until this returns true.
  [[nodiscard]] virtual bool RoomAlone() { return Room() > 0; }
  // Hands a task to a worker. Requires Room() > 0, or RoomAlone() for a task
  // with Task::alone. Each task gets exactly one Finished or Lost, unless the
  // executor is aborted.
  virtual void Submit(const Task& task) = 0;
  // Stops all work. After the return no event follows, and no process or
  // thread is left. kDrain keeps the loop turning meanwhile; the tasks' time
  // limits bound that wait.
  virtual void Stop(StopMode mode) = 0;
  [[nodiscard]] virtual ExecutorStats stats() const = 0;
  // Returns the state of each worker, for a status report. May read files in
  // /proc.
  [[nodiscard]] virtual std::vector<WorkerNow> Workers() const { return {}; }
};

}  // namespace thumbmill
