#include "coordinator/engine/engine.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "common/fail_point.h"
#include "common/log.h"
#include "coordinator/cli/options.h"
#include "coordinator/engine/item_record.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/memory_peak.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

// Records that may wait for the disk. With more, no new work starts.
constexpr std::size_t kMaxUncommitted = 8192;
// Time that started work has to finish after the run begins to drain.
constexpr Millis kDrainTime{9000};
// Longest sleep of the loop.
constexpr Millis kTick{100};

FetchStageParts PartsOfFetch(const EngineParts& parts) {
  return {parts.loop,  parts.pool,   parts.transfers,
          parts.arena, parts.memory, parts.stats};
}

StorerParts PartsOfStorer(const EngineParts& parts) {
  return {parts.loop, parts.pool, parts.sink, parts.journal, parts.store};
}

StorerOptions OptionsOfStorer(const RunOptions& options,
                              const EngineParts& parts) {
  RetryOptions retry;
  retry.retries = options.retries;
  retry.base = options.retry_delay;
  return {&options.recipe, parts.name, RetryPolicy(retry)};
}

Storer::Events EventsOfStorer(const Inbox& inbox) {
  return {[inbox](const ItemPtr& item, std::vector<OutputRecord> outputs) {
            inbox(Stored{item, std::move(outputs)});
          },
          [inbox](const ItemPtr& item, Reason reason, std::string message) {
            inbox(ItemFailed{item, reason, std::move(message)});
          },
          [inbox] { inbox(StoreRetried{}); },
          [inbox](std::string message) {
            inbox(RunFailed{Error{ErrorCode::kIo, std::move(message), 0}});
          }};
}

ExecutorEvents EventsOfExecutor(const Inbox& inbox) {
  return {[inbox](Finished finished) { inbox(std::move(finished)); },
          [inbox](Lost lost) { inbox(std::move(lost)); },
          [inbox](ExecutorFailed failed) {
            inbox(RunFailed{std::move(failed.error)});
          }};
}

ListerOptions OptionsOfLister(const RunOptions& options,
                              const EngineParts& parts) {
  const std::size_t sizes = options.recipe.sizes.size();
  ListerOptions listing;
  listing.name = parts.name;
  listing.wanted = options.recipe.format;
  listing.look = parts.look;
  listing.all_sizes =
      sizes >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << sizes) - 1;
  return listing;
}

ImageFormat NamedFormat(const Item& item) {
  return FormatFromExtension(item.ref.srcext);
}

}  // namespace

Engine::Engine(const RunOptions& options, const EngineParts& parts,
               std::unique_ptr<Source> source)
    : options_(options),
      parts_(parts),
      stats_(*parts.stats),
      forecast_(parts.journal->recorded_before()),
      fetch_(options, parts.network, PartsOfFetch(parts), inbox_),
      dispatcher_(parts.executor, parts.decode, parts.store,
                  DispatcherOptions{&options.recipe, options.attempts,
                                    options.task_timeout},
                  inbox_),
      quarantine_(parts.loop, parts.pool, parts.memory, options.keep_poison,
                  inbox_),
      storer_(PartsOfStorer(parts), OptionsOfStorer(options, parts),
              EventsOfStorer(inbox_)),
      committer_(
          parts.loop, parts.sink, parts.journal,
          [inbox = inbox_](std::vector<CommitEntry> batch) {
            inbox(Committed{std::move(batch)});
          },
          [inbox = inbox_](Error error) {
            inbox(RunFailed{std::move(error)});
          }),
      lister_(parts.loop, std::move(source), parts.journal,
              OptionsOfLister(options, parts), inbox_),
      monitor_({&options, parts.stats, &forecast_, parts.memory, parts.arena,
                parts.executor, &lister_, &fetch_, &dispatcher_, &storer_}) {}

// The lister joins its thread when it is destroyed, and that thread may be
// blocked in the source.
Engine::~Engine() {
  if (parts_.cancel_source) parts_.cancel_source();
}

RunEnd Engine::Run() {
  monitor_.Start();
  if (Status started = parts_.executor->Start(EventsOfExecutor(inbox_));
      !started) {
    LogError(started.error().what);
    end_ = {RunEnd::Kind::kFatal, started.error(), 0};
    return end_;
  }
  TM_FAIL_POINT("workers-started");
  while (!Ended()) {
    Pump();
    parts_.loop->RunOnce(kTick);
    monitor_.Tick(Now());
  }
  monitor_.Sample();
  TM_FAIL_POINT("run-ended");
  parts_.executor->Stop(stopped_ ? StopMode::kAbort : StopMode::kDrain);
  TM_FAIL_POINT("workers-stopped");
  monitor_.End();
  return end_;
}

bool Engine::Ended() const {
  if (stopped_) return true;
  if (committer_.pending() > 0) return false;
  // Drain() drops items, so some stay open in a run that drains.
  if (draining_)
    return dispatcher_.leased() == 0 && storer_.active() == 0 &&
           quarantine_.empty();
  return lister_.state().ended && stats_.open == 0;
}

// ---- the walk ----------------------------------------------------------

void Engine::Hear(Event event) {
  std::visit(
      Overloaded{
          [this](Listed& listed) {
            TM_FAIL_POINT("listed");
            // The items that could be read are made; the run's end reports the
            // rest.
            if (!draining_ && listed.unread) end_.error = *listed.unread;
            for (const ListedItem& item : listed.items)
              // One of the items may reach --max-failures.
              if (!draining_) Admit(item);
          },
          [this](Fetched& fetched) {
            dispatcher_.Add(fetched.item);
            // The look at the header may have mapped all pages of a file that
            // was read.
            parts_.memory->SharedGrows(fetched.item->length);
          },
          [this](Finished& done) { dispatcher_.OnFinished(std::move(done)); },
          [this](Lost& lost) { dispatcher_.OnLost(std::move(lost)); },
          [this](Made& made) {
            made.item->made_at = Now();
            stats_.CountMade(made.item->outcome.times, TimeToMake(*made.item),
                             BytesOf(made.outputs));
            storer_.Add(std::move(made.item), std::move(made.outputs));
          },
          [this](StoreRetried&) { ++stats_.retries; },
          [this](Stored& stored) {
            stats_.latency.store.Add(std::chrono::duration_cast<Micros>(
                Now() - stored.item->made_at));
            Record(stored.item, ItemStatus::kDone, Reason::kNone, "",
                   std::move(stored.outputs));
          },
          [this](ItemFailed& failed) {
            // The quarantine frees large inputs.
            if (failed.item->length >= kLargeInput) monitor_.Sample();
            quarantine_.Take(std::move(failed));
          },
          [this](Examined& failed) { Conclude(std::move(failed)); },
          [this](Committed& committed) { OnCommitted(committed.batch); },
          [this](NetworkGone& gone) {
            Drain({RunEnd::Kind::kLimit, std::move(gone.error), 0});
          },
          [this](RunFailed& failed) { Fatal(std::move(failed.error)); },
          [this](StopAsked& asked) {
            if (draining_) return StopNow();
            LogInfo("stopping: finishing what is under way");
            Drain({RunEnd::Kind::kInterrupted, {}, asked.signal});
          },
          [this](DrainTimeOver&) { StopNow(); },
      },
      event);
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
  ++stats_.open;
  forecast_.Listed(NamedFormat(*item), item->ref.size_bytes,
                   listed.verdict.kind == Kind::kAgain ||
                       listed.verdict.kind == Kind::kPartly);
  if (listed.verdict.kind == Kind::kCollision)
    return Hear(ItemFailed{item, Reason::kNameCollision,
                           CollisionText(*item, listed.verdict.owner)});
  if (item->ref.reason != Reason::kNone)
    return Hear(ItemFailed{item, item->ref.reason, item->ref.message});
  fetch_.Add(item);
}

void Engine::Conclude(Examined failed) {
  failed.item->slot.Reset();
  const bool skip = IsSkip(*failed.item, failed.reason);
  if (!skip && LogEnabled(LogLevel::kInfo))
    LogInfo(fmt::format("{}: {}: {}", RedactUrl(failed.item->ref.uri),
                        ToString(failed.reason), failed.message));
  Record(failed.item, skip ? ItemStatus::kSkipped : ItemStatus::kFailed,
         failed.reason, std::move(failed.message), {});
}

void Engine::Record(const ItemPtr& item, ItemStatus status, Reason reason,
                    std::string message, std::vector<OutputRecord> outputs) {
  CommitEntry entry;
  entry.record = RecordOf(*item);
  entry.record.status = status;
  entry.record.reason = reason;
  entry.record.message = std::move(message);
  entry.record.outputs = std::move(outputs);
  entry.item = item;
  entry.store = std::move(item->store);
  committer_.Add(std::move(entry));
  stats_.CountEnded(status);
  if (options_.max_failures && stats_.Exceeds(*options_.max_failures))
    Drain({RunEnd::Kind::kLimit, {}, 0});
}

void Engine::OnCommitted(const std::vector<CommitEntry>& batch) {
  TM_FAIL_POINT("batch-final");
  for (const CommitEntry& entry : batch) {
    entry.item->Move(ItemState::kFinal);
    stats_.Count(ForCounters(*entry.item, entry.record), Now());
    forecast_.Ended(NamedFormat(*entry.item), entry.item->ref.size_bytes,
                    entry.record.bytes_in,
                    std::uint64_t{entry.record.width} * entry.record.height);
  }
  stats_.open -= batch.size();
}

void Engine::Pump() {
  const bool may_start = !draining_ && committer_.pending() <= kMaxUncommitted;
  if (may_start) lister_.ReadAhead(fetch_.waiting());
  fetch_.Pump({dispatcher_.ready(), dispatcher_.waiting(), dispatcher_.leased(),
               storer_.active()},
              may_start);
  dispatcher_.Pump();
  // The last entries need not wait until a batch is full: nothing follows.
  const bool last = draining_ || (lister_.state().ended &&
                                  stats_.open <= committer_.pending());
  committer_.Pump(last);
}

// ---- ends of a run -----------------------------------------------------

void Engine::Drain(RunEnd end) {
  if (draining_) return;
  draining_ = true;
  end_ = std::move(end);
  lister_.Stop();
  if (parts_.cancel_source) parts_.cancel_source();
  // No work starts from here on. The dropped items have no record, so the next
  // run makes them.
  fetch_.Stop();
  dispatcher_.DropReady();
  storer_.StopRetrying();
  parts_.loop->After(kDrainTime, [this] { Hear(DrainTimeOver{}); });
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

}  // namespace thumbmill
