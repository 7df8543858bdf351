#include "coordinator/engine/committer.h"

#include <utility>

#include "coordinator/loop/event_loop.h"

namespace thumbmill {
namespace {

constexpr std::size_t kFullBatch = 1000;
// The longest time that a finished image waits for others to fill its batch.
constexpr Millis kBatchAge{250};

// Turns the record of an image that could not be published into a failure. The
// run goes on.
void NoteUnpublished(Unpublished failed, ItemRecord* record) {
  record->status = ItemStatus::kFailed;
  record->reason = failed.reason;
  record->message = std::move(failed.message);
  record->outputs.clear();
}

Status Publish(Sink* sink, std::vector<CommitEntry>* batch) {
  std::vector<std::shared_ptr<StoreItem>> items;
  std::vector<CommitEntry*> entries;
  for (CommitEntry& entry : *batch) {
    if (!entry.store) continue;
    items.push_back(entry.store);
    entries.push_back(&entry);
  }
  if (items.empty()) return {};
  ASSIGN_OR_RETURN(std::vector<Unpublished> failed, sink->Publish(items));
  for (Unpublished& one : failed) {
    ItemRecord* record = &entries[one.index]->record;
    NoteUnpublished(std::move(one), record);
  }
  return {};
}

Status MakeDurable(Sink* sink, Journal* journal,
                   std::vector<CommitEntry>* batch) {
  // The order is invariant 1: a crash between the two steps leaves files
  // without a record, which the next run makes again. The other order would
  // leave records of files that do not exist.
  RETURN_IF_ERROR(Publish(sink, batch));
  std::vector<ItemRecord> records;
  records.reserve(batch->size());
  for (const CommitEntry& entry : *batch) records.push_back(entry.record);
  return journal->Commit(records);
}

}  // namespace

Committer::Committer(EventLoop* loop, Sink* sink, Journal* journal,
                     Committed committed, Failed failed)
    : loop_(loop),
      sink_(sink),
      journal_(journal),
      committed_(std::move(committed)),
      failed_(std::move(failed)) {
  if (thread_.status()) return;
  // The engine is still under construction here, so `failed` must wait until
  // the loop runs.
  broken_ = true;
  loop_->Post(guard_.Wrap(
      [this, error = thread_.status().error()] { failed_(error); }));
}

void Committer::Add(CommitEntry entry) {
  if (waiting_.empty()) oldest_ = Now();
  waiting_.push_back(std::move(entry));
}

void Committer::Pump(bool now) {
  if (busy_ > 0 || waiting_.empty() || broken_) return;
  const bool due =
      now || waiting_.size() >= kFullBatch || Now() - oldest_ >= kBatchAge;
  if (due) Start();
}

void Committer::Start() {
  auto batch =
      std::make_shared<std::vector<CommitEntry>>(std::exchange(waiting_, {}));
  busy_ = batch->size();
  // The thread gets copies of the pointers: only the guarded callback in the
  // loop's thread may use `this`.
  thread_.Submit([this, batch, watch = guard_.watch(), loop = loop_,
                  sink = sink_, journal = journal_] {
    Status status = MakeDurable(sink, journal, batch.get());
    loop->Post(watch.Wrap([this, batch, status = std::move(status)] {
      busy_ = 0;
      if (!status) {
        broken_ = true;
        failed_(status.error());
        return;
      }
      committed_(std::move(*batch));
    }));
  });
}

}  // namespace thumbmill
