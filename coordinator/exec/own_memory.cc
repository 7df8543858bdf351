#include "coordinator/exec/own_memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/sanitizers.h"
#include "coordinator/exec/process_stat.h"

namespace thumbmill {
namespace {

// Bytes that memory_plan.cc sets aside for the coordinator.
constexpr std::uint64_t kMost = 72 << 20;
// Bytes by which the memory may grow after the start and after each Settle().
constexpr std::uint64_t kFurther = 32 << 20;
// Time for the I/O thread to free the messages of workers that are gone.
constexpr Millis kSettle{200};
// A sanitizer's run time takes memory of its own: do not look then.
constexpr bool kLooks = !kAddressSanitizer && !kThreadSanitizer;

}  // namespace

OwnMemory::OwnMemory(std::function<std::uint64_t()> accounted)
    : accounted_(std::move(accounted)),
      most_(std::max(kMost, Unaccounted() + kFurther)) {}

std::uint64_t OwnMemory::Unaccounted() const {
  const std::uint64_t held = PrivateBytes(getpid());
  const std::uint64_t accounted = accounted_ ? accounted_() : held;
  return held > accounted ? held - accounted : 0;
}

bool OwnMemory::IsTooMuch() const {
  return kLooks && accounted_ && Unaccounted() > most_;
}

bool OwnMemory::Check(TimePoint now) {
  if (settles_ == TimePoint()) {
    if (!IsTooMuch()) return false;
    settles_ = now + kSettle;
    return true;
  }
  if (now < settles_) return false;
  settles_ = {};
  Settle();
  return false;
}

void OwnMemory::Settle() {
  malloc_trim(0);
  most_ = std::max(most_, Unaccounted() + kFurther);
}

}  // namespace thumbmill
