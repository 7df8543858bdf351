// common/shm/budget.h: one bounded amount of memory, and who holds how much.
//
// Runs in  the coordinator.
// Threads  any: an atomic count. Charges are made before memory is touched.
// Errors   a refused charge is not an error: TryCharge() is false.
#pragma once

#include <atomic>
#include <cstdint>

namespace thumbmill {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit_bytes) : limit_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  [[nodiscard]] bool TryCharge(std::uint64_t bytes);
  void Release(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] std::uint64_t used() const { return used_.load(); }
  [[nodiscard]] std::uint64_t peak() const { return peak_.load(); }
  [[nodiscard]] std::uint64_t free() const { return limit_ - used_.load(); }

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> peak_{0};
};

}  // namespace thumbmill
