#include "coordinator/committer.h"

#include <utility>

#include "coordinator/event_loop.h"

namespace thumbmill {
namespace {

constexpr std::size_t kFullBatch = 1000;
// The longest that a finished image waits for company.
constexpr Millis kBatchAge{250};

Status MakeDurable(Sink* sink, Journal* journal, std::mutex* journal_mutex,
                   const std::vector<CommitEntry>& batch) {
  std::vector<std::shared_ptr<StoreItem>> stores;
  std::vector<ItemRecord> records;
  records.reserve(batch.size());
  for (const CommitEntry& entry : batch) {
    if (entry.store) stores.push_back(entry.store);
    records.push_back(entry.record);
  }
  if (!stores.empty()) RETURN_IF_ERROR(sink->Publish(stores));
  const std::lock_guard lock(*journal_mutex);
  return journal->Commit(records);
}

}  // namespace

Committer::Committer(EventLoop* loop, Sink* sink, Journal* journal,
                     std::mutex* journal_mutex, Committed committed,
                     Failed failed)
    : loop_(loop),
      sink_(sink),
      journal_(journal),
      journal_mutex_(journal_mutex),
      committed_(std::move(committed)),
      failed_(std::move(failed)) {}

Committer::~Committer() { *alive_ = false; }

void Committer::Add(CommitEntry entry) {
  if (waiting_.empty()) oldest_ = std::chrono::steady_clock::now();
  waiting_.push_back(std::move(entry));
}

void Committer::Pump(bool now) {
  if (busy_ > 0 || waiting_.empty() || broken_) return;
  const bool due = now || waiting_.size() >= kFullBatch ||
                   std::chrono::steady_clock::now() - oldest_ >= kBatchAge;
  if (due) Start();
}

void Committer::Start() {
  auto batch =
      std::make_shared<std::vector<CommitEntry>>(std::exchange(waiting_, {}));
  busy_ = batch->size();
  thread_.Submit([this, batch, alive = alive_, loop = loop_, sink = sink_,
                  journal = journal_, mutex = journal_mutex_] {
    Status status = MakeDurable(sink, journal, mutex, *batch);
    loop->Post([this, batch, alive, status = std::move(status)] {
      if (!*alive) return;
      busy_ = 0;
      if (!status) {
        broken_ = true;
        failed_(status.error());
        return;
      }
      committed_(std::move(*batch));
    });
  });
}

}  // namespace thumbmill
