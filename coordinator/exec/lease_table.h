// coordinator/exec/lease_table.h: which worker holds which tasks, in the order
// in which it will answer them, and since when it works on the oldest.
//
// Owns     the output range of each task, given back with the lease.
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

class LeaseTable {
 public:
  explicit LeaseTable(std::size_t workers) : workers_(workers) {}

  void Add(std::size_t worker, Lease lease, TimePoint now);
  // The task that the worker works on: the oldest. Null: it has none.
  [[nodiscard]] const Lease* Head(std::size_t worker) const;
  // Null: it does not hold that task.
  [[nodiscard]] const Lease* Find(std::size_t worker, TaskId id) const;
  // The next one becomes the head, its time starts now.
  std::optional<Lease> TakeHead(std::size_t worker, TimePoint now);
  std::vector<Lease> TakeAll(std::size_t worker);

  // How long its head has been that; zero without a task.
  [[nodiscard]] Micros HeadAge(std::size_t worker, TimePoint now) const;
  // For a clock that ran while nobody could work.
  void Postpone(Millis by);

  [[nodiscard]] std::size_t Count(std::size_t worker) const;
  [[nodiscard]] std::size_t total() const { return total_; }
  // Predicted memory of the largest task that the worker holds.
  [[nodiscard]] std::uint64_t LargestPeak(std::size_t worker) const;
  // Bytes of the output ranges of all its tasks.
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
