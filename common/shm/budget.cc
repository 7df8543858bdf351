#include "common/shm/budget.h"

#include "common/check.h"

namespace thumbmill {

bool MemoryBudget::TryCharge(std::uint64_t bytes) {
  std::uint64_t used = used_.load();
  do {
    if (bytes > limit_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes));
  // Another thread may raise the peak meanwhile; never lower it.
  const std::uint64_t now = used + bytes;
  std::uint64_t peak = peak_.load();
  while (now > peak && !peak_.compare_exchange_weak(peak, now)) {
  }
  return true;
}

void MemoryBudget::Release(std::uint64_t bytes) {
  const std::uint64_t before = used_.fetch_sub(bytes);
  CHECK(before >= bytes);
}

}  // namespace thumbmill
