#include "coordinator/engine/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "coordinator/cli/units.h"
#include "coordinator/engine/try_log.h"
#include "coordinator/net/retry_rules.h"

namespace thumbmill {
namespace {

// How many images may pass one that waits for memory.
constexpr std::uint32_t kMaxBypassed = 256;
// How many items from the head Pump() tries in its search for one that fits.
constexpr std::size_t kLookAhead = 64;
// The smallest charges. They apply where the header gives no estimate, for
// example for a format that the worker will refuse.
constexpr std::uint64_t kLeastDecode = 1 << 20;
constexpr std::uint64_t kLeastOutput = 64 << 10;

// The bytes to charge for an item before it is sent.
struct Need {
  std::uint64_t decode = 0, store = 0;
};

Need NeedOf(const Item& item, std::uint64_t decode_limit) {
  const CostEstimate& cost = item.cost;
  Need need;
  // The worker itself refuses an image that needs more than the limit, and its
  // message is better. A charge above the limit could never be granted.
  need.decode = std::clamp(cost.peak_bytes, kLeastDecode, decode_limit);
  need.store =
      std::max({cost.output_bytes, kLeastOutput, item.output_capacity});
  return need;
}

}  // namespace

Dispatcher::Dispatcher(Executor* executor, MemoryBudget* decode,
                       MemoryBudget* store, const DispatcherOptions& options,
                       Inbox inbox)
    : executor_(executor),
      decode_(decode),
      store_(store),
      options_(options),
      inbox_(std::move(inbox)),
      suspicion_(options.attempts) {}

void Dispatcher::Add(ItemPtr item) {
  const ByteSpan bytes(item->slot.data(), item->length);
  const auto header = PeekHeader(bytes);
  // An image with too many pixels needs no estimate: the worker refuses it
  // before it allocates.
  if (header && std::uint64_t{header->width} * header->height <=
                    options_.recipe->limits.max_pixels)
    item->cost = EstimateCost(*header, *options_.recipe, item->size_mask);
  item->time =
      BudgetOf(header, item->length, item->cost.output_pixels,
               options_.recipe->limits.max_scans, options_.task_timeout);
  ready_.push_back(std::move(item));
}

Dispatcher::Grant Dispatcher::Acquire(Item* item, std::string* why) {
  const Need need = NeedOf(*item, decode_->limit());
  if (need.store > store_->limit()) {
    *why = fmt::format("its thumbnails may take {}, but --memory leaves {}",
                       FormatBytes(need.store), FormatBytes(store_->limit()));
    return Grant::kNever;
  }
  if (!decode_->TryCharge(need.decode)) return Grant::kWait;
  // Both or neither: an image that held one grant while it waits for the other
  // could block an image that holds the other.
  if (!store_->TryCharge(need.store)) {
    decode_->Release(need.decode);
    return Grant::kWait;
  }
  item->decode_grant = need.decode;
  item->store_grant = need.store;
  return Grant::kHeld;
}

void Dispatcher::ReleaseDecode(Item* item) {
  decode_->Release(std::exchange(item->decode_grant, 0));
}

void Dispatcher::ReleaseAll(Item* item) {
  ReleaseDecode(item);
  store_->Release(std::exchange(item->store_grant, 0));
}

bool Dispatcher::AloneIsDue() const {
  return alone_waits_ && alone_.front()->bypassed >= kMaxBypassed;
}

void Dispatcher::PumpAlone() {
  alone_waits_ = false;
  while (!alone_.empty()) {
    const ItemPtr item = alone_.front();
    std::string why;
    const Grant grant = Acquire(item.get(), &why);
    alone_waits_ = grant == Grant::kWait;
    if (alone_waits_) return;
    // RoomAlone() makes the executor keep a place free for this item, so it is
    // called only when the memory is there. Until the place is free, others may
    // use the memory.
    if (grant == Grant::kHeld && !executor_->RoomAlone())
      return ReleaseAll(item.get());
    alone_.pop_front();
    if (grant == Grant::kHeld)
      Send(item);
    else
      Fail(item, Reason::kTooCostly, std::move(why));
  }
}

void Dispatcher::Pump() {
  PumpAlone();
  std::size_t at = 0;
  while (at < ready_.size() && at < kLookAhead && !AloneIsDue() &&
         executor_->Room() > 0) {
    const ItemPtr item = ready_[at];
    std::string why;
    const Grant grant = Acquire(item.get(), &why);
    if (grant == Grant::kWait) {
      // Nothing may pass an item that has waited long enough.
      ++at;
      if (item->bypassed >= kMaxBypassed) break;
      continue;
    }
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(at));
    if (grant == Grant::kNever) {
      Fail(item, Reason::kTooCostly, std::move(why));
      continue;
    }
    for (std::size_t i = 0; i < at; ++i) ++ready_[i]->bypassed;
    if (alone_waits_) ++alone_.front()->bypassed;
    Send(item);
  }
  waiting_ = at;
}

void Dispatcher::Send(const ItemPtr& item) {
  Task task;
  task.id = next_task_++;
  task.input = {item->slot.offset(), item->length};
  task.size_mask = item->size_mask;
  task.peak_bytes = item->decode_grant;
  task.output_capacity = item->store_grant;
  task.time_limit = item->time.wall;
  task.cpu_limit = item->time.cpu;
  task.expected = item->time.expected;
  task.alone = item->alone;
  item->Move(ItemState::kLeased);
  leased_.emplace(task.id, item);
  executor_->Submit(task);
}

ItemPtr Dispatcher::TakeLeased(TaskId id) {
  auto node = leased_.extract(id);
  return node.empty() ? nullptr : std::move(node.mapped());
}

const Item* Dispatcher::Leased(TaskId id) const {
  const auto found = leased_.find(id);
  return found == leased_.end() ? nullptr : found->second.get();
}

void Dispatcher::OnFinished(Finished finished) {
  const ItemPtr item = TakeLeased(finished.id);
  if (!item) return;
  item->outcome = std::move(finished.outcome);
  LogMakeTry(*item);
  if (item->outcome.needs_output_bytes > 0)
    return LargerOutput(item, item->outcome.needs_output_bytes);
  if (item->outcome.reason != Reason::kNone)
    return Fail(item, item->outcome.reason, item->outcome.message);
  ReleaseDecode(item.get());
  item->slot.Reset();
  std::uint64_t bytes = 0;
  for (const auto& output : finished.outputs) bytes += output.size();
  // The grant was an estimate: keep only the bytes that are really held.
  if (bytes < item->store_grant) {
    store_->Release(item->store_grant - bytes);
    item->store_grant = bytes;
  }
  item->Move(ItemState::kMade);
  inbox_(Made{item, std::move(finished.outputs)});
}

void Dispatcher::LargerOutput(const ItemPtr& item, std::uint64_t bytes) {
  // The figure comes from a worker, which is not trusted: it may be too small
  // again. The range at least doubles, so a few regrants are enough.
  const std::uint64_t wanted = std::max(bytes, item->store_grant * 2);
  if (++item->regrants > bounds::kRegrants || bytes > store_->limit())
    return Fail(item, Reason::kTooCostly,
                fmt::format("its thumbnails need {}, but --memory leaves {}",
                            FormatBytes(bytes), FormatBytes(store_->limit())));
  ReleaseAll(item.get());
  item->output_capacity = std::min(wanted, store_->limit());
  Requeue(item);
}

void Dispatcher::OnLost(Lost lost) {
  const ItemPtr item = TakeLeased(lost.id);
  if (!item) return;
  LogWarning(fmt::format("{} (item {})", lost.message, item->ref.index));
  if (suspicion_.Convicts(lost, item.get()))
    return Fail(item, lost.reason, std::move(lost.message));
  ReleaseAll(item.get());
  Requeue(item);
}

void Dispatcher::Requeue(const ItemPtr& item) {
  item->Move(ItemState::kReady);
  (item->alone ? alone_ : ready_).push_front(item);
}

void Dispatcher::Fail(const ItemPtr& item, Reason reason, std::string message) {
  ReleaseAll(item.get());
  inbox_(ItemFailed{item, reason, std::move(message)});
}

void Dispatcher::DropReady() {
  ready_.clear();
  alone_.clear();
}

}  // namespace thumbmill
