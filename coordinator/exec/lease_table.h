// coordinator/exec/lease_table.h: records which worker holds which tasks, in
// the order of their answers, and since when it works on the oldest.
//
// Owns     the output range of each task, released with the lease.
// Threads  one.
// Units    `now` comes from the caller, who owns the clock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/clock.h"
#include "common/shm/arena.h"
#include "proto/task.h"

namespace thumbmill {

struct Lease {
  Task task;
  SlotLease output;
  TimePoint sent{};  // set by Add()
};

// The leases of all workers; each worker has a queue, with its head first.
class LeaseTable {
 public:
  explicit LeaseTable(std::size_t workers) : workers_(workers) {}

  // Records a task that is sent to the worker, as its newest.
  void Add(std::size_t worker, Lease lease, TimePoint now);
  // Returns the oldest task of the worker, which it works on; null if it has
  // none.
  [[nodiscard]] const Lease* Head(std::size_t worker) const;
  // Returns null if the worker does not hold that task.
  [[nodiscard]] const Lease* Find(std::size_t worker, TaskId id) const;
  // Removes and returns the head; empty if there is none. The next task becomes
  // the head, and its time starts now.
  std::optional<Lease> TakeHead(std::size_t worker, TimePoint now);
  // Removes and returns all tasks of the worker, the oldest first.
  std::vector<Lease> TakeAll(std::size_t worker);

  // Returns how long the head has been the head; zero if there is none.
  [[nodiscard]] Micros HeadAge(std::size_t worker, TimePoint now) const;
  // Moves the start of every head by `by`: a time in which nobody could work.
  void Postpone(Millis by);

  [[nodiscard]] std::size_t Count(std::size_t worker) const;
  [[nodiscard]] std::size_t total() const { return total_; }
  // Returns the predicted bytes of the largest task that the worker holds.
  [[nodiscard]] std::uint64_t LargestPeak(std::size_t worker) const;
  // Returns the bytes that were granted to all tasks of the worker.
  [[nodiscard]] std::uint64_t SumOfGrants(std::size_t worker) const;
  [[nodiscard]] Micros SumOfExpected(std::size_t worker) const;
  [[nodiscard]] Millis SumOfCpuLimits(std::size_t worker) const;

 private:
  struct Queue {
    std::deque<Lease> leases;
    TimePoint head_since{};
  };
  std::vector<Queue> workers_;
  std::size_t total_ = 0;
};

}  // namespace thumbmill
