#include "coordinator/engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/fail_point.h"
#include "common/hash.h"
#include "common/log.h"
#include "coordinator/engine/poison.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "coordinator/loop/machine.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

// Items that are listed but not yet fetched: enough for hosts to take turns.
constexpr std::size_t kLookAhead = 2048;
// Time that started work has to finish after the run begins to drain.
constexpr Millis kDrainTime{9000};
// Longest sleep of the loop, and the period of the progress.
constexpr Millis kTick{100};
// Period of Sample().
constexpr Millis kSample{250};
// Least time between two looks at our own memory.
constexpr Millis kLook{10};

RetryPolicy MakeRetry(const RunOptions& options) {
  RetryOptions retry;
  retry.retries = options.retries;
  retry.base = options.retry_delay;
  return RetryPolicy(retry);
}

HostLimiterOptions MakeLimiterOptions(const RunOptions& options) {
  HostLimiterOptions limits;
  limits.at_once = options.per_host;
  limits.probes = options.retries;
  limits.first_hold = options.retry_delay;
  return limits;
}

StorerParts PartsOfStorer(const EngineParts& parts) {
  return {parts.loop, parts.pool, parts.sink, parts.journal, parts.store};
}

ImageFormat NamedFormat(const Item& item) {
  return FormatFromExtension(item.ref.srcext);
}

bool IsSkip(const Item& item, Reason reason) {
  switch (reason) {
    case Reason::kDuplicate:
    case Reason::kFiltered:
      return true;
    // A walk finds other files too, but a list is expected to name images.
    case Reason::kNotImage:
      return item.ref.origin == Origin::kDirectory;
    default:
      return false;
  }
}

// Returns true if the image cost workers or had to be refused memory.
bool IsPoison(Reason reason) {
  return reason == Reason::kCrash || reason == Reason::kHang ||
         reason == Reason::kMemory;
}

FinalImage ForCounters(const Item& item, const ItemRecord& record) {
  FinalImage image;
  image.status = record.status;
  image.reason = record.reason;
  image.warned = !record.warnings.empty();
  image.bytes_in = record.bytes_in;
  image.files_out = record.outputs.size();
  for (const OutputRecord& output : record.outputs)
    image.bytes_out += output.bytes;
  if (item.ref.is_url) image.host = item.ref.host;
  image.fetch_time = item.fetch_times.total;
  return image;
}

std::string CollisionText(const Item& item, const std::string& owner) {
  return fmt::format(
      "its name '{}' belongs to {}; --name '{}' tells them apart", item.claim,
      RedactUrl(owner),
      item.ref.is_url ? "{host}/{dir}/{stem}-{hash}_{size}.{ext}"
                      : "{dir}/{stem}.{srcext}_{size}.{ext}");
}

}  // namespace

Engine::Engine(const RunOptions& options, const EngineParts& parts,
               std::unique_ptr<Source> source)
    : options_(options),
      parts_(parts),
      stats_(*parts.stats),
      hosts_(MakeLimiterOptions(options)),
      network_(parts.network),
      queue_(&hosts_),
      fetcher_(parts.loop, parts.pool, parts.transfers, parts.arena,
               FetcherOptions{
                   options.downloads, options.transfer.max_bytes,
                   [this](std::uint64_t bytes) { memory_.SharedGrows(bytes); }},
               [this](const ItemPtr& item, FetchAnswer answer) {
                 OnFetched(item, std::move(answer));
               }),
      dispatcher_(
          parts.executor, parts.decode, parts.store,
          DispatcherOptions{&options.recipe, options.attempts,
                            options.task_timeout},
          Dispatcher::Events{
              [this](const ItemPtr& item, auto outputs) {
                OnMade(item, std::move(outputs));
              },
              [this](const ItemPtr& item, Reason reason, std::string message) {
                OnFailed(item, reason, std::move(message));
              }}),
      storer_(
          PartsOfStorer(parts),
          StorerOptions{&options.recipe, parts.name, MakeRetry(options)},
          Storer::Events{
              [this](const ItemPtr& item, auto outputs) {
                OnStored(item, std::move(outputs));
              },
              [this](const ItemPtr& item, Reason reason, std::string message) {
                OnFailed(item, reason, std::move(message));
              },
              [this] { ++stats_.retries; },
              [this](std::string message) {
                Fatal(Error{ErrorCode::kIo, std::move(message), 0});
              }}),
      committer_(
          parts.loop, parts.sink, parts.journal,
          [this](const std::vector<CommitEntry>& batch) { OnCommitted(batch); },
          [this](Error error) { Fatal(std::move(error)); }),
      retry_(MakeRetry(options)),
      forecast_(parts.journal->recorded_before()),
      memory_(parts.memory != nullptr ? *parts.memory : own_memory_) {
  const std::size_t sizes = options.recipe.sizes.size();
  ListerOptions listing;
  listing.name = parts.name;
  listing.wanted = options.recipe.format;
  listing.look = parts.look;
  listing.all_sizes =
      sizes >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << sizes) - 1;
  lister_ = std::make_unique<Lister>(
      parts.loop, std::move(source), parts.journal, listing,
      [this](const ListedBatch& batch) { OnListed(batch); });
}

// The lister joins its thread when it is destroyed, and that thread may be
// blocked in the source.
Engine::~Engine() {
  if (parts_.cancel_source) parts_.cancel_source();
}

RunEnd Engine::Run() {
  stats_.started = Now();
  ExecutorEvents events;
  events.finished = [this](Finished finished) {
    dispatcher_.OnFinished(std::move(finished));
  };
  events.lost = [this](Lost lost) { dispatcher_.OnLost(std::move(lost)); };
  events.failed = [this](ExecutorFailed failed) {
    Fatal(std::move(failed.error));
  };
  if (Status started = parts_.executor->Start(std::move(events)); !started) {
    LogError(started.error().what);
    end_ = {RunEnd::Kind::kFatal, started.error(), 0};
    return end_;
  }
  TM_FAIL_POINT("workers-started");
  while (!Ended()) {
    Pump();
    parts_.loop->RunOnce(kTick);
    Tick();
  }
  Sample();
  TM_FAIL_POINT("run-ended");
  parts_.executor->Stop(stopped_ ? StopMode::kAbort : StopMode::kDrain);
  memory_.Look();
  stats_.peak_coordinator_bytes = memory_.peak();
  TM_FAIL_POINT("workers-stopped");
  stats_.elapsed = std::chrono::duration_cast<Millis>(Now() - stats_.started);
  if (parts_.show) {
    RunView last = View();
    last.ended = true;
    parts_.show(last);
  }
  return end_;
}

bool Engine::Ended() const {
  if (stopped_) return true;
  if (committer_.pending() > 0) return false;
  // Drain() drops items, so open_ does not reach 0 in a run that drains.
  if (draining_)
    return dispatcher_.leased() == 0 && storer_.active() == 0 && kept_.empty();
  return listing_ended_ && open_ == 0;
}

// ---- list --------------------------------------------------------------

void Engine::RequestMore() {
  if (listing_ended_ || draining_) return;
  // Requests come in large parts, so that the lister reads whole batches.
  const std::size_t known = queue_.size() + asked_;
  if (known >= kLookAhead / 2 || committer_.pending() > kMaxUncommitted) return;
  const std::size_t more = kLookAhead - known;
  asked_ += more;
  lister_->Request(more);
}

void Engine::OnListed(const ListedBatch& batch) {
  TM_FAIL_POINT("listed");
  asked_ -= std::min(asked_, batch.items.size());
  listing_ended_ |= batch.end;
  if (draining_) return;
  // The items that could be read are made; the run's end reports the rest.
  if (batch.unread) end_.error = *batch.unread;
  if (!batch.status) {
    listing_ended_ = true;
    return Fatal(batch.status.error());
  }
  progress_ = batch.progress;
  for (const ListedItem& listed : batch.items) {
    if (draining_) return;  // one of them has reached --max-failures
    Admit(listed);
  }
}

void Engine::Admit(const ListedItem& listed) {
  using Kind = ClaimVerdict::Kind;
  const ItemPtr& item = listed.item;
  ++stats_.listed;
  switch (listed.verdict.kind) {
    case Kind::kDone:
      stats_.CountBefore(ItemStatus::kDone);
      return forecast_.Passed(true);
    case Kind::kFailedBefore:
      stats_.CountBefore(ItemStatus::kFailed);
      return forecast_.Passed(true);
    case Kind::kSkippedBefore:
      stats_.CountBefore(ItemStatus::kSkipped);
      return forecast_.Passed(true);
    case Kind::kDuplicate:
      stats_.CountDuplicate();
      return forecast_.Passed(false);
    case Kind::kCollision:
    case Kind::kFresh:
    case Kind::kAgain:
    case Kind::kPartly:
      break;
  }
  if (listed.verdict.damaged) ++stats_.damaged_before;
  ++open_;
  forecast_.Listed(NamedFormat(*item), item->ref.size_bytes,
                   listed.verdict.kind == Kind::kAgain ||
                       listed.verdict.kind == Kind::kPartly);
  if (listed.verdict.kind == Kind::kCollision)
    return OnFailed(item, Reason::kNameCollision,
                    CollisionText(*item, listed.verdict.owner));
  if (item->ref.reason != Reason::kNone)
    return OnFailed(item, item->ref.reason, item->ref.message);
  queue_.Push(item);
}

// ---- make, store -------------------------------------------------------

void Engine::OnMade(const ItemPtr& item,
                    std::vector<std::vector<std::uint8_t>> outputs) {
  item->made_at = Now();
  std::uint64_t bytes = 0;
  for (const auto& output : outputs) bytes += output.size();
  stats_.CountMade(
      item->outcome.times,
      std::chrono::duration_cast<Micros>(item->made_at - item->ready_at),
      bytes);
  storer_.Add(item, std::move(outputs));
}

void Engine::OnStored(const ItemPtr& item, std::vector<OutputRecord> outputs) {
  stats_.latency.store.Add(
      std::chrono::duration_cast<Micros>(Now() - item->made_at));
  Record(item, ItemStatus::kDone, Reason::kNone, "", std::move(outputs));
}

void Engine::OnFailed(const ItemPtr& item, Reason reason, std::string message) {
  // The hash names the input in the failure report. It must be taken now:
  // Conclude() gives the slot back.
  if (item->slot.valid() && item->length > 0) {
    item->sha256 = ToHex(HashBytes(ByteSpan(item->slot.data(), item->length)));
    // Hashing mapped all pages of the input; the slot gives them back soon.
    memory_.SharedGrows(item->length);
  }
  if (IsPoison(reason) && !options_.keep_poison.empty() &&
      !item->sha256.empty())
    return KeepInput(item, reason, std::move(message));
  Conclude(item, reason, std::move(message));
}

// Writes the input to --keep-poison. The slot and the item's record wait until
// the write has ended.
void Engine::KeepInput(const ItemPtr& item, Reason reason,
                       std::string message) {
  kept_[item->ref.index] = item;
  const std::string name =
      PoisonName(item->sha256, item->ref.stem, item->ref.srcext);
  parts_.pool->Submit([watch = guard_.watch(), this,
                       folder = options_.keep_poison, name, item, reason,
                       index = item->ref.index, loop = parts_.loop,
                       message = std::move(message)] {
    const ByteSpan bytes(item->slot.data(), item->length);
    Status kept = KeepPoison(folder, name, bytes);
    // Post the index, not the item: a callback that never runs would keep the
    // item's slot beyond the life of the arena.
    loop->Post(
        watch.Wrap([this, index, reason, message, kept = std::move(kept)] {
          if (!kept) LogWarning("--keep-poison: " + kept.error().what);
          const auto node = kept_.extract(index);
          Conclude(node.mapped(), reason, message);
        }));
  });
}

void Engine::Conclude(const ItemPtr& item, Reason reason, std::string message) {
  item->slot.Reset();
  const bool skip = IsSkip(*item, reason);
  if (!skip && LogEnabled(LogLevel::kInfo))
    LogInfo(fmt::format("{}: {}: {}", RedactUrl(item->ref.uri), ToWord(reason),
                        message));
  Record(item, skip ? ItemStatus::kSkipped : ItemStatus::kFailed, reason,
         std::move(message), {});
}

void Engine::Record(const ItemPtr& item, ItemStatus status, Reason reason,
                    std::string message, std::vector<OutputRecord> outputs) {
  CommitEntry entry;
  ItemRecord& record = entry.record;
  record.index = item->ref.index;
  record.source_key = item->source_key;
  record.uri = item->ref.uri;
  record.claim = item->claim;
  record.stamp = item->ref.stamp;
  record.status = status;
  record.reason = reason;
  record.message = std::move(message);
  record.warnings = item->outcome.warnings;
  record.attempts = static_cast<std::uint32_t>(
      std::max({item->attempts, item->fetch_tries, item->put_tries}));
  record.signal = item->signal;
  record.phase = item->phase;
  record.width = item->outcome.source_width;
  record.height = item->outcome.source_height;
  record.bytes_in = item->length;
  record.sha256 = item->sha256;
  record.outputs = std::move(outputs);
  record.host = item->ref.host;
  record.dir = item->ref.dir;
  record.stem = item->ref.stem;
  record.srcext = item->ref.srcext;
  entry.item = item;
  entry.store = std::move(item->store);
  committer_.Add(std::move(entry));
  stats_.CountEnded(status);
  if (options_.max_failures && stats_.Exceeds(*options_.max_failures))
    Drain({RunEnd::Kind::kLimit, {}, 0});
}

// ---- commit ------------------------------------------------------------

void Engine::OnCommitted(const std::vector<CommitEntry>& batch) {
  TM_FAIL_POINT("batch-final");
  for (const CommitEntry& entry : batch) {
    entry.item->Move(ItemState::kFinal);
    stats_.Count(ForCounters(*entry.item, entry.record), Now());
    forecast_.Ended(NamedFormat(*entry.item), entry.item->ref.size_bytes,
                    entry.record.bytes_in,
                    std::uint64_t{entry.record.width} * entry.record.height);
  }
  Forget(batch.size());
}

void Engine::Forget(std::size_t items) { open_ -= items; }

// ---- the loop ----------------------------------------------------------

void Engine::Pump() {
  RequestMore();
  fetcher_.ResumeOrEvict(dispatcher_.ready() + dispatcher_.leased() > 0);
  StartFetches();
  dispatcher_.Pump();
  // The last entries need not wait until a batch is full: nothing follows.
  const bool last =
      draining_ || (listing_ended_ && open_ <= committer_.pending());
  committer_.Pump(last);
}

void Engine::Drain(RunEnd end) {
  if (draining_) return;
  draining_ = true;
  end_ = std::move(end);
  lister_->Stop();
  if (parts_.cancel_source) parts_.cancel_source();
  // No work starts from here on. The dropped items have no record, so the next
  // run makes them.
  (void)queue_.Clear();
  fetcher_.CancelAll();
  (void)dispatcher_.DropReady();
  (void)storer_.StopRetrying();
  parts_.loop->After(kDrainTime, [this] { StopNow(); });
}

void Engine::StopNow() {
  stopped_ = true;
  if (parts_.stop != nullptr && end_.kind == RunEnd::Kind::kInterrupted)
    *parts_.stop = true;
  parts_.sink->Abort();
}

void Engine::Fatal(Error error) {
  if (end_.kind == RunEnd::Kind::kFatal) return;
  if (stopped_ && error.code == ErrorCode::kCancelled) return;  // we did it
  LogError(error.what);
  // Drain() keeps the first reason, but a fatal error is more important than
  // an interrupt or a limit.
  const bool was_draining = draining_;
  Drain({RunEnd::Kind::kFatal, error, 0});
  if (was_draining) end_ = {RunEnd::Kind::kFatal, std::move(error), 0};
  StopNow();
}

void Engine::Interrupt(int signal) {
  if (draining_) return StopNow();
  LogInfo("stopping: finishing what is under way");
  Drain({RunEnd::Kind::kInterrupted, {}, signal});
}

void Engine::Tick() {
  const TimePoint now = Now();
  if (now - last_look_ >= kLook) {
    last_look_ = now;
    memory_.Look();
  }
  if (now - last_tick_ < kTick) return;
  last_tick_ = now;
  stats_.elapsed = std::chrono::duration_cast<Millis>(now - stats_.started);
  const ExecutorStats executor = parts_.executor->stats();
  forecast_.Sample(
      now, static_cast<double>(executor.busy) /
               static_cast<double>(std::max<std::size_t>(executor.workers, 1)));
  if (now - last_sample_ >= kSample) {
    last_sample_ = now;
    Sample();
    FindSlowestHost(now);
  }
  if (parts_.show) parts_.show(View());
}

void Engine::FindSlowestHost(TimePoint now) {
  std::unordered_map<std::string_view, SlowHost> hosts;
  fetcher_.ForEach([&](const FetchNow& fetch) {
    if (!fetch.item->ref.is_url) return;
    SlowHost& host = hosts[fetch.item->ref.host];
    ++host.in_flight;
    host.oldest = std::max(
        host.oldest, std::chrono::duration_cast<Millis>(now - fetch.since));
  });
  // After the first one there is always a slowest host, so that the progress
  // block keeps its height.
  if (slowest_) slowest_->in_flight = 0;
  bool found = false;
  const auto take = [this, &found](SlowHost host) {
    if (found && host.wait() <= slowest_->wait()) return;
    found = true;
    slowest_ = std::move(host);
  };
  for (auto& [name, host] : hosts) {
    const auto known = stats_.hosts.find(std::string(name));
    if (known != stats_.hosts.end())
      host.recent = std::chrono::duration_cast<Millis>(known->second.recent);
    host.name = name;
    take(std::move(host));
  }
  // A host that is held has no fetch under way, but its items wait too.
  const auto held = queue_.LongestHeld();
  if (!held) return;
  SlowHost host;
  host.name = held->first;
  host.held = std::chrono::duration_cast<Millis>(held->second - now);
  if (host.held > Millis(0)) take(std::move(host));
}

void Engine::Sample() {
  const ExecutorStats executor = parts_.executor->stats();
  const auto raise = [](std::uint64_t* peak, std::uint64_t value) {
    *peak = std::max(*peak, value);
  };
  memory_.Look();
  const std::uint64_t shared =
      executor.shared_bytes + parts_.arena->allocated_bytes();
  // Shared pages count once here, not once per process that maps them.
  const std::uint64_t others = executor.private_bytes + shared;
  memory_used_ = memory_.now() + others;
  raise(&stats_.peak_bytes, memory_.TakeRecent() + others);
  raise(&stats_.peak_coordinator_bytes, memory_.peak());
  raise(&stats_.peak_worker_bytes, executor.peak_private_bytes);
  raise(&stats_.peak_workers_bytes, executor.private_bytes);
  raise(&stats_.peak_shared_bytes, shared);
  stats_.workers_lost = executor.workers_lost;
  stats_.workers_recycled = executor.workers_recycled;
  stats_.message_bytes = executor.message_bytes;
}

RunView Engine::View() const {
  const ExecutorStats executor = parts_.executor->stats();
  const ListState list{listing_ended_, progress_};
  RunView view;
  view.fetching = fetcher_.active();
  view.ready = dispatcher_.ready();
  view.storing = storer_.active();
  view.workers = executor.workers;
  view.busy = executor.busy;
  view.open = open_;
  if (const auto left = forecast_.ImagesLeft(list)) {
    view.left = left->images;
    view.left_exact = left->exact;
  }
  view.eta = forecast_.TimeLeft(list);
  view.memory_used = memory_used_;
  view.memory_limit = options_.memory;
  view.waits_for_memory = fetcher_.paused();
  view.slowest = slowest_;
  return view;
}

}  // namespace thumbmill
