#include "coordinator/engine/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "common/check.h"
#include "coordinator/cli/units.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

// A download's slot grows by at least this much at a time.
constexpr std::uint64_t kGrowBytes = 256 << 10;
// The coordinator's own share of --memory has room for kPlannedDownloads
// transfers. Each further one must find kTransferBytes in the input budget: the
// memory of a transfer outside its slot (headers, 64 KB that were read, a
// decoder).
constexpr std::size_t kPlannedDownloads = 64;
constexpr std::uint64_t kTransferBytes = 384 << 10;

}  // namespace

// One running fetch: an image on its way into its slot.
class Fetcher::Fetch final : public BodySink {
 public:
  Fetch(Fetcher* owner, ItemPtr what, std::uint64_t born)
      : item(std::move(what)), age(born), owner_(owner) {}

  std::uint8_t* Extend(std::uint64_t bytes) override {
    SlotLease& slot = item->slot;
    const std::uint64_t wanted = item->length + bytes;
    if (wanted > slot.granted() && !GrowTo(wanted)) {
      Pause(wanted);
      return nullptr;
    }
    std::uint8_t* place = slot.data() + item->length;
    item->length = wanted;
    return place;
  }

  void Restart() override {
    item->length = 0;
    sniffed_ = false;
  }

  // Looks at the first bytes once, so that a page of HTML is not downloaded to
  // its end.
  bool WantsMore() override {
    if (sniffed_ || item->length < kSniffBytes) return true;
    sniffed_ = true;
    return MayBeImage(ByteSpan(item->slot.data(), kSniffBytes));
  }

  // Tries to grow by a full step first, then only by the bytes needed.
  bool GrowTo(std::uint64_t wanted) {
    SlotLease& slot = item->slot;
    const std::uint64_t step = std::min(
        std::max(wanted, slot.granted() + kGrowBytes), slot.capacity());
    const std::uint64_t before = slot.granted();
    if (!slot.Grow(step) && !slot.Grow(wanted)) return false;
    if (owner_->options_.grown) owner_->options_.grown(slot.granted() - before);
    return true;
  }

  void Pause(std::uint64_t wanted) {
    if (waits_for == 0) ++owner_->paused_;
    waits_for = wanted;
  }
  void Unpause() {
    if (waits_for != 0) --owner_->paused_;
    waits_for = 0;
  }

  ItemPtr item;
  std::uint64_t age;
  TimePoint since = Now();
  TransferId transfer = 0;      // 0 for a file
  std::uint64_t waits_for = 0;  // slot bytes it needs to resume; 0 if it runs
  bool reading = false;         // a pool thread uses the slot

 private:
  Fetcher* owner_;
  bool sniffed_ = false;
};

Fetcher::Fetcher(EventLoop* loop, IoPool* pool, Transfers* transfers,
                 Arena* arena, const FetcherOptions& options, Done done)
    : loop_(loop),
      pool_(pool),
      transfers_(transfers),
      arena_(arena),
      budget_(arena->budget()),
      options_(options),
      done_(std::move(done)) {}

Fetcher::~Fetcher() { CancelAll(); }

bool Fetcher::Start(const ItemPtr& item) {
  if (active_.size() >= options_.downloads) return false;
  // Downloads that wait for memory go first: a new one would take it from them.
  if (paused_ > 0) return false;
  if (item->ref.is_url && !HasRoomForDownload()) return false;
  std::optional<SlotLease> slot = arena_->Acquire();
  if (!slot) return false;
  item->slot = std::move(*slot);
  item->length = 0;
  auto fetch = std::make_shared<Fetch>(this, item, next_age_++);
  const bool started =
      item->ref.is_url ? StartUrl(item, fetch) : StartFile(item, fetch);
  if (!started) {
    item->slot.Reset();
    return false;
  }
  active_.emplace(fetch->age, fetch);
  return true;
}

bool Fetcher::HasRoomForDownload() const {
  // If no fetch runs, a download may always start. expected_bytes_ is only an
  // estimate, and must not stop the run for ever.
  if (active_.empty()) return true;
  const auto expected = static_cast<std::uint64_t>(expected_bytes_);
  std::uint64_t wanted = expected;
  if (active_.size() >= kPlannedDownloads)
    wanted += (active_.size() - kPlannedDownloads + 1) * kTransferBytes;
  for (const auto& [age, fetch] : active_) {
    const std::uint64_t granted = fetch->item->slot.granted();
    if (granted < expected) wanted += expected - granted;
  }
  return budget_->free() + arena_->warm() >= wanted;
}

bool Fetcher::StartUrl(const ItemPtr& item, const FetchPtr& fetch) {
  CHECK(transfers_ != nullptr);
  GetRequest request;
  request.url = item->ref.uri;
  request.trusted = item->ref.origin == Origin::kArgument;
  request.body = fetch.get();
  // The callback cannot outlive the fetcher: CancelAll() in the destructor
  // cancels the transfer.
  fetch->transfer = transfers_->Get(
      request, [this, weak = std::weak_ptr(fetch)](TransferResult result) {
        const FetchPtr done = weak.lock();
        if (!done) return;
        done->item->fetch_times = result.times;
        FetchAnswer answer;
        answer.reason = result.reason;
        answer.message = std::move(result.message);
        answer.retry_after = result.retry_after;
        answer.http_status = result.http_status;
        answer.redirected = result.redirected;
        if (answer.reason == Reason::kNone && done->item->length == 0) {
          answer.reason = Reason::kEmpty;
          answer.message = "no bytes";
        }
        Finish(done, std::move(answer));
      });
  return true;
}

bool Fetcher::StartFile(const ItemPtr& item, const FetchPtr& fetch) {
  // One byte more than the listed size, so that a slot always has some room: a
  // file of unknown size, or one that was empty then, must not look empty.
  const std::uint64_t size =
      std::min(item->ref.size_bytes, options_.max_bytes) + 1;
  if (size > budget_->limit() - arena_->layout().keep_bytes) {
    loop_->Post(guard_.Wrap([this, fetch] {
      if (!active_.contains(fetch->age)) return;
      FetchAnswer answer;
      answer.reason = Reason::kTooCostly;
      answer.message = fmt::format(
          "{} bytes, but --memory leaves {} for inputs",
          fetch->item->ref.size_bytes, FormatBytes(budget_->limit()));
      Finish(fetch, std::move(answer));
    }));
    return true;
  }
  if (!item->slot.Grow(size)) return false;
  SubmitRead(fetch);
  return true;
}

void Fetcher::SubmitRead(const FetchPtr& fetch) {
  fetch->reading = true;
  const SlotLease& slot = fetch->item->slot;
  const SlotPlace place{arena_->writer_fd(), slot.offset(), slot.granted()};
  // `fetch` holds the slot while the thread writes into it, even if the run is
  // cancelled meanwhile. The thread moves its reference back to the loop,
  // because only the loop's thread may return a slot to the arena.
  pool_->Submit([this, fetch = fetch, place, watch = guard_.watch(),
                 loop = loop_, max_bytes = options_.max_bytes]() mutable {
    FileRead read = ReadFile(fetch->item->ref.path, place, max_bytes);
    loop->Post(watch.Wrap([this, fetch = std::move(fetch),
                           read = std::move(read)] { OnRead(fetch, read); }));
  });
}

void Fetcher::OnRead(const FetchPtr& fetch, const FileRead& read) {
  fetch->reading = false;
  if (!active_.contains(fetch->age)) return;
  if (read.needs > 0) {
    // The file has grown since it was listed.
    if (fetch->item->slot.Grow(read.needs + 1)) return SubmitRead(fetch);
    return Drop(fetch);
  }
  fetch->item->length = read.length;
  fetch->item->fetch_times.total =
      std::chrono::duration_cast<Micros>(Now() - fetch->since);
  FetchAnswer answer;
  answer.reason = read.reason;
  answer.message = read.message;
  Finish(fetch, std::move(answer));
}

void Fetcher::Finish(const FetchPtr& fetch, FetchAnswer answer) {
  fetch->Unpause();
  active_.erase(fetch->age);
  if (answer.reason != Reason::kNone) {
    fetch->item->slot.Reset();
  } else {
    // The mean leans to the large side: a dropped download costs more than a
    // wait.
    const auto bytes = static_cast<double>(fetch->item->length) * 1.25;
    expected_bytes_ +=
        (bytes - expected_bytes_) * (bytes > expected_bytes_ ? 0.25 : 0.02);
  }
  done_(fetch->item, std::move(answer));
}

void Fetcher::Drop(const FetchPtr& fetch) {
  if (fetch->transfer != 0) transfers_->Cancel(fetch->transfer);
  FetchAnswer answer;
  answer.reason = Reason::kMemory;
  answer.message = "dropped: no memory for its bytes now";
  answer.dropped = true;
  Finish(fetch, std::move(answer));
}

bool Fetcher::Resume(Fetch* fetch) {
  if (!fetch->GrowTo(fetch->waits_for)) return false;
  fetch->Unpause();
  transfers_->Resume(fetch->transfer);
  return true;
}

void Fetcher::ResumeOrEvict(bool others_hold_memory) {
  while (paused_ > 0) {
    FetchPtr oldest;
    for (const auto& [age, fetch] : active_) {
      if (fetch->waits_for == 0) continue;
      oldest = fetch;
      break;
    }
    if (!oldest || Resume(oldest.get())) continue;
    if (others_hold_memory) return;
    const FetchPtr youngest = active_.rbegin()->second;
    if (youngest->reading) return;  // its slot will soon be returned
    if (youngest != oldest) {
      Drop(youngest);
      continue;
    }
    if (active_.size() > 1) return;
    // Only this image holds memory, so it can never fit.
    transfers_->Cancel(oldest->transfer);
    FetchAnswer answer;
    answer.reason = Reason::kTooCostly;
    answer.message =
        fmt::format("more than {} bytes, but --memory leaves {} for inputs",
                    oldest->item->length, FormatBytes(budget_->limit()));
    Finish(oldest, std::move(answer));
  }
}

void Fetcher::ForEach(const std::function<void(const FetchNow&)>& visit) const {
  for (const auto& [age, fetch] : active_)
    visit({fetch->item.get(), fetch->since, fetch->waits_for > 0});
}

void Fetcher::CancelAll() {
  for (const auto& [age, fetch] : active_) {
    fetch->Unpause();
    if (fetch->transfer != 0) transfers_->Cancel(fetch->transfer);
  }
  active_.clear();
}

}  // namespace thumbmill
