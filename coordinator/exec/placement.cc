#include "coordinator/exec/placement.h"

#include <chrono>
#include <utility>

#include "common/check.h"

namespace thumbmill {
namespace {

// Load that each task adds to its expected work: if two workers have equal
// work, the one with fewer tasks gets the next.
constexpr Micros kTaskLoad{100};
// More than any load: a worker without credit is the last choice.
constexpr Micros kNoCredit{std::chrono::hours(24 * 365)};

// Orders workers of equal load for a task that runs alone: one that has run
// nothing, then one that is starting, then one that would have to be replaced.
Micros CostOfReserving(WorkerState state) {
  if (state == WorkerState::kFresh) return Micros(0);
  return Micros(IsReady(state) ? 2 : 1);
}

}  // namespace

Placement::Placement(const std::deque<WorkerProcess>* workers,
                     const LeaseTable* leases)
    : workers_(*workers), leases_(*leases), credits_(workers->size()) {}

Held Placement::HeldBy(std::size_t worker) const {
  return {leases_.Count(worker), leases_.LargestPeak(worker),
          leases_.SumOfExpected(worker)};
}

Micros Placement::LoadOf(std::size_t worker) const {
  return leases_.SumOfExpected(worker) + leases_.Count(worker) * kTaskLoad;
}

bool Placement::RunsAlone(std::size_t worker) const {
  const Lease* head = leases_.Head(worker);
  return head != nullptr && head->task.alone;
}

bool Placement::OneRunsAlone() const {
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (RunsAlone(i)) return true;
  return false;
}

std::size_t Placement::RoomAt(std::size_t worker) const {
  const WorkerState state = workers_[worker].state();
  if (!IsReady(state) || state == WorkerState::kGrown || RunsAlone(worker) ||
      worker == reserved_)
    return 0;
  return credits_[worker].Available(HeldBy(worker));
}

std::size_t Placement::Room() const {
  if (one_by_one_ && (reserved_ || OneRunsAlone())) return 0;
  std::size_t room = 0;
  for (std::size_t i = 0; i < workers_.size(); ++i) room += RoomAt(i);
  return room;
}

// Returns the worker with the least work; workers with credit come first.
std::optional<std::size_t> Placement::LeastLoaded() const {
  std::optional<std::size_t> best;
  Micros least{0};
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    // A caller may ask for Room() once and then submit that many tasks. A
    // worker without credit may therefore get one, up to kCreditMost.
    if (!workers_[i].ready() || RunsAlone(i) || i == reserved_ ||
        leases_.Count(i) >= kCreditMost)
      continue;
    Micros load = LoadOf(i);
    if (RoomAt(i) == 0) load += kNoCredit;
    if (best && load >= least) continue;
    best = i;
    least = load;
  }
  return best;
}

std::optional<std::size_t> Placement::BestToReserve() const {
  std::optional<std::size_t> best;
  Micros least{0};
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (RunsAlone(i)) continue;
    const Micros load = LoadOf(i) + CostOfReserving(workers_[i].state());
    if (best && load >= least) continue;
    best = i;
    least = load;
  }
  return best;
}

std::optional<std::size_t> Placement::Reserve() {
  reserved_ = BestToReserve();
  return reserved_;
}

bool Placement::MayRunAlone() const {
  return reserved_ && leases_.Count(*reserved_) == 0 &&
         !(one_by_one_ && leases_.total() > 0);
}

std::size_t Placement::Choose(const Task& task) {
  const std::optional<std::size_t> worker =
      task.alone ? std::exchange(reserved_, std::nullopt) : LeastLoaded();
  CHECK(worker.has_value());
  if (!task.alone) one_by_one_ = false;
  return *worker;
}

void Placement::Update(std::size_t worker) {
  credits_[worker].Update(HeldBy(worker));
}

void Placement::Reset(std::size_t worker) { credits_[worker] = Credit(); }

}  // namespace thumbmill
