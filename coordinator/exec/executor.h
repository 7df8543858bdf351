// coordinator/exec/executor.h: the seam where work is placed: here, threads,
// processes.
//
// Runs in  the coordinator; called and answering in the loop's thread.
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

// The task was finished. `outputs` holds one private copy a thumbnail, in the
// order of outcome.thumbnails, already checked and owned by the receiver.
struct Finished {
  TaskId id = 0;
  Outcome outcome;
  std::vector<std::vector<std::uint8_t>> outputs;
};

// The place where the task ran is gone, or was ended because of the task.
// What follows (another attempt, quarantine) is the engine's decision.
struct Lost {
  TaskId id = 0;
  bool charged = false;  // the image can have caused it: counts as an attempt
  Reason reason = Reason::kCrash;  // kCrash, kHang, kMemory, kTooCostly
  int signal = 0;        // that ended the worker; 0: it exited or was ended
  std::string message;   // "worker 2 (pid 4711) died of SIGSEGV in decode"
  std::string phase;     // where it was, as far as known
  bool running = false;  // the place was at this task, as far as known
  bool certain =
      false;           // that is known: its record says so, or it had no other
  bool alone = false;  // the task was Task::alone
  bool outside = false;  // it looks like somebody else's hand: kill -9, SIGSTOP
};

// No worker can be kept alive: the run cannot go on.
struct ExecutorFailed {
  Error error;
};

struct ExecutorEvents {
  std::function<void(Finished)> finished;
  std::function<void(Lost)> lost;
  std::function<void(ExecutorFailed)> failed;
};

enum class StopMode {
  kDrain,  // what was submitted is finished and answered first
  kAbort,  // what was submitted is dropped without an answer
};

struct ExecutorStats {
  std::size_t workers = 0;  // that could run a task now
  std::size_t busy = 0;
  std::uint64_t workers_lost = 0;
  std::uint64_t workers_recycled = 0;    // replaced: their memory had grown
  std::uint64_t message_bytes = 0;       // to and from workers
  std::uint64_t shared_bytes = 0;        // allocated blocks of output memfds
  std::uint64_t private_bytes = 0;       // of all workers, now
  std::uint64_t peak_private_bytes = 0;  // of the largest worker
};

// What one place does at this moment.
struct WorkerNow {
  std::size_t worker = 0;
  pid_t pid = 0;       // 0: a thread of ours, or no process now
  bool ready = false;  // it could take a task
  TaskId task = 0;     // 0: none
  Phase phase = Phase::kNone;
  Micros since{0};                  // at that task for so long
  std::size_t waiting = 0;          // tasks that it holds beside
  std::uint64_t private_bytes = 0;  // 0: has none of its own
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Starts what runs tasks; answers come from here on.
  [[nodiscard]] virtual Status Start(ExecutorEvents events) = 0;
  // How many Submit() would take now. May be 0 until workers are up.
  [[nodiscard]] virtual std::size_t Room() const = 0;
  // Is there a place for a task that is to run alone? Where there is none, one
  // is kept free of other tasks from now on until it gets this one: ask again.
  [[nodiscard]] virtual bool RoomAlone() { return Room() > 0; }
  // Needs Room() > 0, or RoomAlone() for a task that is to. Each task gets
  // exactly one Finished or Lost, unless the executor is aborted.
  virtual void Submit(const Task& task) = 0;
  // Quiet on return: no event follows, no process or thread is left. kDrain
  // keeps the loop turning meanwhile; bounded by the tasks' time limits.
  virtual void Stop(StopMode mode) = 0;
  [[nodiscard]] virtual ExecutorStats stats() const = 0;
  // For people who ask; may read files of /proc.
  [[nodiscard]] virtual std::vector<WorkerNow> Workers() const { return {}; }
};

}  // namespace thumbmill
