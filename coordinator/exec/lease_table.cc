#include "coordinator/exec/lease_table.h"

#include <algorithm>
#include <utility>

namespace thumbmill {

void LeaseTable::Add(std::size_t worker, Lease lease, TimePoint now) {
  Queue& queue = workers_[worker];
  // A worker without tasks begins a new one at once.
  if (queue.leases.empty()) queue.head_since = now;
  lease.sent = now;
  queue.leases.push_back(std::move(lease));
  ++total_;
}

const Lease* LeaseTable::Head(std::size_t worker) const {
  const Queue& queue = workers_[worker];
  return queue.leases.empty() ? nullptr : &queue.leases.front();
}

const Lease* LeaseTable::Find(std::size_t worker, TaskId id) const {
  const auto& leases = workers_[worker].leases;
  const auto found =
      std::find_if(leases.begin(), leases.end(),
                   [id](const Lease& lease) { return lease.task.id == id; });
  return found == leases.end() ? nullptr : &*found;
}

std::optional<Lease> LeaseTable::TakeHead(std::size_t worker, TimePoint now) {
  Queue& queue = workers_[worker];
  if (queue.leases.empty()) return std::nullopt;
  Lease lease = std::move(queue.leases.front());
  queue.leases.pop_front();
  // The worker has sent this answer and begins its next task.
  queue.head_since = now;
  --total_;
  return lease;
}

std::vector<Lease> LeaseTable::TakeAll(std::size_t worker) {
  std::deque<Lease> leases = std::exchange(workers_[worker].leases, {});
  total_ -= leases.size();
  return {std::move_iterator(leases.begin()), std::move_iterator(leases.end())};
}

Micros LeaseTable::HeadAge(std::size_t worker, TimePoint now) const {
  const Queue& queue = workers_[worker];
  if (queue.leases.empty()) return Micros(0);
  return std::chrono::duration_cast<Micros>(now - queue.head_since);
}

void LeaseTable::Postpone(Millis by) {
  for (Queue& queue : workers_) queue.head_since += by;
}

std::size_t LeaseTable::Count(std::size_t worker) const {
  return workers_[worker].leases.size();
}

std::uint64_t LeaseTable::LargestPeak(std::size_t worker) const {
  std::uint64_t largest = 0;
  for (const Lease& lease : workers_[worker].leases)
    largest = std::max(largest, lease.task.peak_bytes);
  return largest;
}

std::uint64_t LeaseTable::SumOfGrants(std::size_t worker) const {
  std::uint64_t sum = 0;
  for (const Lease& lease : workers_[worker].leases)
    sum += lease.output.granted();
  return sum;
}

Micros LeaseTable::SumOfExpected(std::size_t worker) const {
  Micros sum{0};
  for (const Lease& lease : workers_[worker].leases) sum += lease.task.expected;
  return sum;
}

Millis LeaseTable::SumOfCpuLimits(std::size_t worker) const {
  Millis sum{0};
  for (const Lease& lease : workers_[worker].leases)
    sum += lease.task.cpu_limit;
  return sum;
}

}  // namespace thumbmill
