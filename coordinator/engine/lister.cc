#include "coordinator/engine/lister.h"

#include <utility>

#include "common/thread.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/sink/output_look.h"

namespace thumbmill {
namespace {

constexpr std::size_t kBatch = 256;
// The longest time that a batch waits to be full, for a slow source (a pipe).
constexpr Millis kBatchTime{20};

}  // namespace

void LookAtOutputs(OutputLook* look, ClaimVerdict* verdict) {
  for (const ClaimVerdict::Output& output : verdict->made) {
    if (look->IsThere(output.name, output.bytes)) continue;
    verdict->missing_mask |= output.size;
    verdict->kind = ClaimVerdict::Kind::kPartly;
    verdict->damaged = true;
  }
  verdict->made = {};
}

Lister::Lister(EventLoop* loop, std::unique_ptr<Source> source,
               Journal* journal, const ListerOptions& options,
               std::function<void(ListedBatch)> batch)
    : loop_(loop),
      source_(std::move(source)),
      journal_(journal),
      options_(options),
      batch_(std::move(batch)) {
  auto thread = StartThread("tm-lister", [this] { Run(); });
  if (thread) {
    thread_ = *std::move(thread);
    return;
  }
  // The error arrives like a batch, when the loop runs: the engine is still
  // under construction here.
  ListedBatch none;
  none.status = tl::unexpected<Error>(thread.error());
  Answer(std::move(none));
}

Lister::~Lister() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void Lister::Request(std::size_t count) {
  {
    const std::lock_guard lock(mutex_);
    credit_ += count;
  }
  asked_.notify_one();
}

void Lister::Stop() {
  // The thread may be busy with many look-ups, so they must end first.
  if (options_.look != nullptr) options_.look->Stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
}

bool Lister::WaitForCredit() {
  std::unique_lock lock(mutex_);
  asked_.wait(lock, [this] { return credit_ > 0 || stopping_; });
  return !stopping_;
}

void Lister::Run() {
  while (WaitForCredit()) {
    ListedBatch batch = ReadBatch();
    if (batch.status) Claim(&batch);
    if (batch.status) Look(&batch);
    batch.progress = source_->progress();
    // A batch may be larger than the credit; the excess is forgotten.
    {
      const std::lock_guard lock(mutex_);
      credit_ -= std::min(credit_, batch.items.size());
    }
    const bool last = batch.end || !batch.status;
    Answer(std::move(batch));
    if (last) return;
  }
}

void Lister::Answer(ListedBatch batch) {
  auto shared = std::make_shared<ListedBatch>(std::move(batch));
  loop_->Post(guard_.Wrap([this, shared] { batch_(std::move(*shared)); }));
}

ListedBatch Lister::ReadBatch() {
  ListedBatch batch;
  const TimePoint until = Now() + kBatchTime;
  while (batch.items.size() < kBatch) {
    Result<std::optional<ImageRef>> next = source_->Next();
    // The items read before the error are still good, so the batch keeps them.
    if (!next) {
      batch.unread = std::move(next).error();
      batch.end = true;
      return batch;
    }
    if (!next->has_value()) {
      batch.end = true;
      return batch;
    }
    auto item = std::make_shared<Item>(std::move(**next));
    item->size_mask = options_.all_sizes;
    batch.items.push_back({std::move(item), {}});
    if (Now() >= until) return batch;
    if (!source_->Ready()) return batch;
  }
  return batch;
}

void Lister::Claim(ListedBatch* batch) {
  std::vector<ClaimRequest> requests;
  requests.reserve(batch->items.size());
  for (ListedItem& listed : batch->items) {
    Item& item = *listed.item;
    item.source_key = SourceKey(item.ref);
    // A bad line makes no image and needs no name.
    if (item.ref.reason == Reason::kNone)
      item.claim = options_.name->Claim(item.ref, options_.wanted);
    requests.push_back({item.source_key, item.claim, item.ref.stamp,
                        options_.name->HoldsPosition()});
  }
  Result<std::vector<ClaimVerdict>> verdicts = journal_->Claim(requests);
  if (!verdicts) {
    batch->status = tl::unexpected<Error>(std::move(verdicts).error());
    return;
  }
  for (std::size_t i = 0; i < batch->items.size(); ++i) {
    batch->items[i].verdict = std::move((*verdicts)[i]);
  }
}

void Lister::Look(ListedBatch* batch) {
  for (ListedItem& listed : batch->items) {
    if (options_.look != nullptr) LookAtOutputs(options_.look, &listed.verdict);
    listed.item->size_mask &= listed.verdict.missing_mask;
  }
}

}  // namespace thumbmill
