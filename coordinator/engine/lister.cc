#include "coordinator/engine/lister.h"

#include <utility>

#include "common/thread.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/sink/output_look.h"
#include "coordinator/source/name_parts.h"

namespace thumbmill {
namespace {

// Items that are listed but not yet fetched: enough for hosts to take turns.
constexpr std::size_t kLookAhead = 2048;
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
               Journal* journal, const ListerOptions& options, Inbox inbox)
    : loop_(loop),
      source_(std::move(source)),
      journal_(journal),
      options_(options),
      inbox_(std::move(inbox)) {
  auto thread = StartThread("tm-lister", [this] { Run(); });
  if (thread) {
    thread_ = *std::move(thread);
    return;
  }
  // The error arrives like a batch, when the loop runs: the engine is still
  // under construction here.
  Batch none;
  none.status = tl::unexpected<Error>(thread.error());
  Answer(std::move(none));
}

Lister::~Lister() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void Lister::ReadAhead(std::size_t waiting) {
  // Requests come in large parts, so that the thread reads whole batches.
  const std::size_t known = waiting + requested_;
  if (state_.ended || known >= kLookAhead / 2) return;
  requested_ += kLookAhead - known;
  {
    const std::lock_guard lock(mutex_);
    credit_ += kLookAhead - known;
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

bool Lister::Stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Lister::WaitForCredit() {
  std::unique_lock lock(mutex_);
  asked_.wait(lock, [this] { return credit_ > 0 || stopping_; });
  return !stopping_;
}

void Lister::Run() {
  while (WaitForCredit()) {
    Batch batch = ReadBatch();
    if (batch.status) Claim(&batch);
    if (batch.status) Look(&batch.listed);
    batch.state.progress = source_->progress();
    // A batch may be larger than the credit; the excess is forgotten.
    {
      const std::lock_guard lock(mutex_);
      credit_ -= std::min(credit_, batch.listed.items.size());
    }
    const bool last = batch.state.ended || !batch.status;
    Answer(std::move(batch));
    if (last) return;
  }
}

void Lister::Answer(Batch batch) {
  auto shared = std::make_shared<Batch>(std::move(batch));
  loop_->Post(guard_.Wrap([this, shared] { OnBatch(std::move(*shared)); }));
}

void Lister::OnBatch(Batch batch) {
  requested_ -= std::min(requested_, batch.listed.items.size());
  state_ = batch.state;
  // The run drains: nobody wants the items, and an error changes nothing.
  if (Stopping()) return;
  if (!batch.status) {
    state_.ended = true;
    return inbox_(RunFailed{std::move(batch.status).error()});
  }
  inbox_(std::move(batch.listed));
}

Lister::Batch Lister::ReadBatch() {
  Batch batch;
  std::vector<ListedItem>& items = batch.listed.items;
  const TimePoint until = Now() + kBatchTime;
  while (items.size() < kBatch) {
    Result<std::optional<ImageRef>> next = source_->Next();
    // The items read before the error are still good, so the batch keeps them.
    if (!next) {
      batch.listed.unread = std::move(next).error();
      batch.state.ended = true;
      return batch;
    }
    if (!next->has_value()) {
      batch.state.ended = true;
      return batch;
    }
    auto item = std::make_shared<Item>(std::move(**next));
    item->size_mask = options_.all_sizes;
    items.push_back({std::move(item), {}});
    if (Now() >= until) return batch;
    if (!source_->Ready()) return batch;
  }
  return batch;
}

void Lister::Claim(Batch* batch) {
  std::vector<ListedItem>& items = batch->listed.items;
  std::vector<ClaimRequest> requests;
  requests.reserve(items.size());
  for (ListedItem& listed : items) {
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
  for (std::size_t i = 0; i < items.size(); ++i)
    items[i].verdict = std::move((*verdicts)[i]);
}

void Lister::Look(Listed* listed) {
  for (ListedItem& each : listed->items) {
    if (options_.look != nullptr) LookAtOutputs(options_.look, &each.verdict);
    each.item->size_mask &= each.verdict.missing_mask;
  }
}

}  // namespace thumbmill
