// common/shm/budget.h: counts the memory in use against one limit.
//
// Runs in  the coordinator.
// Threads  any: the count is atomic. Charge before you touch the memory.
// Units    bytes.
// Errors   a refused charge is not an error: TryCharge() returns false.
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
