// coordinator/exec/placement.h: decides which worker gets a task.
//
// A task goes to the worker with the least expected work. A task that must run
// alone needs a worker that has had no task: one worker is reserved for it and
// gets no other task meanwhile.
//
// Owns     the credit of each worker, and the reservation.
// Threads  one.
// Contract proto/PROTOCOL.md, "Credit" and "Death".
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "common/clock.h"
#include "coordinator/exec/credit.h"
#include "coordinator/exec/lease_table.h"
#include "coordinator/exec/worker_process.h"

namespace thumbmill {

class Placement {
 public:
  // `workers` and `leases` must outlive this.
  Placement(const std::deque<WorkerProcess>* workers, const LeaseTable* leases);

  // Returns how many more tasks all workers may get.
  [[nodiscard]] std::size_t Room() const;
  // Reserves the best worker for a task that runs alone, in place of an earlier
  // reservation, and returns it. Returns empty if each worker runs one alone.
  std::optional<std::size_t> Reserve();
  // Returns true if nothing hinders the reserved worker from running a task
  // alone, once it is ready and was never used.
  [[nodiscard]] bool MayRunAlone() const;
  // Returns the worker for this task, and ends its reservation. Requires room.
  [[nodiscard]] std::size_t Choose(const Task& task);
  // Call after each change of the tasks that the worker holds.
  void Update(std::size_t worker);
  // Call when the process of the worker is gone.
  void Reset(std::size_t worker);
  // Lets tasks that run alone wait until no other worker is at work, from now
  // to the next task that does not run alone.
  void RunOneByOne() { one_by_one_ = true; }

 private:
  [[nodiscard]] std::size_t RoomAt(std::size_t worker) const;
  [[nodiscard]] Held HeldBy(std::size_t worker) const;
  [[nodiscard]] Micros LoadOf(std::size_t worker) const;
  [[nodiscard]] bool RunsAlone(std::size_t worker) const;
  [[nodiscard]] bool OneRunsAlone() const;
  [[nodiscard]] std::optional<std::size_t> LeastLoaded() const;
  [[nodiscard]] std::optional<std::size_t> BestToReserve() const;

  const std::deque<WorkerProcess>& workers_;
  const LeaseTable& leases_;
  std::vector<Credit> credits_;
  std::optional<std::size_t> reserved_;
  bool one_by_one_ = false;
};

}  // namespace thumbmill
