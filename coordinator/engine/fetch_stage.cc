#include "coordinator/engine/fetch_stage.h"

#include <fmt/format.h>

#include <utility>

#include "common/fail_point.h"
#include "common/log.h"
#include "coordinator/cli/options.h"
#include "coordinator/engine/try_log.h"
#include "coordinator/loop/memory_peak.h"
#include "coordinator/net/retry_rules.h"
#include "coordinator/net/url.h"
#include "coordinator/stats/run_stats.h"

namespace thumbmill {
namespace {

// Files that may be read, or be in reading, before a worker has room.
constexpr std::size_t kReadAhead = 8;
constexpr std::size_t kReadAheadAWorker = 4;
constexpr std::size_t kReadAheadAtMost = 64;

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

}  // namespace

FetchStage::FetchStage(const RunOptions& options,
                       const OutageDetectorOptions& network,
                       const FetchStageParts& parts, Inbox inbox)
    : options_(options),
      parts_(parts),
      inbox_(std::move(inbox)),
      hosts_(MakeLimiterOptions(options)),
      network_(network),
      queue_(&hosts_),
      fetcher_(parts.loop, parts.pool, parts.transfers, parts.arena,
               FetcherOptions{options.downloads, options.transfer.max_bytes,
                              [memory = parts.memory](std::uint64_t bytes) {
                                memory->SharedGrows(bytes);
                              }},
               [this](const ItemPtr& item, FetchAnswer answer) {
                 OnFetched(item, std::move(answer));
               }),
      retry_(MakeRetry(options)) {}

// ---- start -------------------------------------------------------------

bool FetchStage::MayStart(const Ahead& ahead) const {
  if (stopped_) return false;
  if (options_.backend != Backend::kSerial) return true;
  // The serial backend has one image under way, from download to upload.
  return fetcher_.active() + ahead.ready + ahead.leased + ahead.storing == 0;
}

void FetchStage::Pump(const Ahead& ahead, bool may_start) {
  fetcher_.ResumeOrEvict(ahead.ready + ahead.leased > 0);
  if (stopped_) return;
  const TimePoint now = Now();
  if (network_.GivesUp(now)) return NetworkIsGone();
  int probes = network_.TakeProbes(now);
  while (may_start && MayStart(ahead)) {
    const FetchQueue::Taken taken = Next(ahead, now, &probes);
    if (!taken.item) return;
    if (taken.host_dead) {
      FailUntried(taken.item);
    } else if (!Start(taken.item)) {
      return;
    }
  }
}

// Reads local files only a little ahead: early reads hold memory and fall out
// of the CPU cache. Items that wait for a memory grant do not count, because
// others may have room meanwhile.
bool FetchStage::MayReadAhead(const Ahead& ahead) const {
  const std::size_t files = queue_.active_files() + ahead.ready;
  return files < kReadAheadAtMost &&
         files - ahead.waiting <
             kReadAhead + kReadAheadAWorker * options_.workers;
}

FetchQueue::Taken FetchStage::Next(const Ahead& ahead, TimePoint now,
                                   int* probes) {
  if (!network_.lost()) return queue_.Take(now, MayReadAhead(ahead));
  // Local files need no network. A few URLs go as probes, to find out whether
  // the network is back.
  FetchQueue::Taken taken = queue_.TakeLocal();
  if (!taken.item && (*probes)-- > 0) taken = queue_.TakeProbe();
  return taken;
}

bool FetchStage::Start(const ItemPtr& item) {
  // The fetcher has no room now. The item goes back to the head of its line.
  if (!fetcher_.Start(item)) {
    queue_.Done(*item);
    queue_.PushFront(item);
    return false;
  }
  TM_FAIL_POINT("fetch-started");
  item->Move(ItemState::kFetching);
  ++item->fetch_tries;
  return true;
}

void FetchStage::FailUntried(const ItemPtr& item) {
  std::string message = hosts_.DeadText(item->authority);
  CountLoss(*item, message);
  inbox_(
      ItemFailed{item, hosts_.DeadReason(item->authority), std::move(message)});
}

void FetchStage::Stop() {
  stopped_ = true;
  queue_.Clear();
  fetcher_.CancelAll();
}

// ---- answers -----------------------------------------------------------

void FetchStage::OnFetched(const ItemPtr& item, FetchAnswer answer) {
  queue_.Done(*item);
  if (stopped_) return;
  LogFetchTry(*item, answer);
  // The fetcher dropped the download for lack of memory.
  if (answer.dropped) {
    ++parts_.stats->dropped;
    return TakeBack(item);
  }
  if (item->ref.is_url) {
    parts_.stats->CountAnswer(item->ref.host, item->fetch_times.total);
    Judge(*item, answer);
  }
  if (answer.reason == Reason::kNone) return OnFetchedWell(item);
  // The network failed, not the image.
  if (answer.transient() && network_.lost()) return TakeBack(item);
  if (RuleFor(answer.reason).retry == Retry::kOnce) ++item->slow_tries;
  const std::optional<Millis> delay =
      retry_.NextDelay(item->fetch_tries, answer.retry_after, random_());
  if (answer.transient() && delay && item->slow_tries <= bounds::kSlowRetries) {
    ++parts_.stats->retries;
    LogRetry("fetch", *item, *delay);
    item->Move(ItemState::kListed);
    return queue_.PushLater(item, Now() + *delay);
  }
  if (answer.transient()) CountLoss(*item, answer.message);
  inbox_(ItemFailed{item, answer.reason, std::move(answer.message)});
}

void FetchStage::OnFetchedWell(const ItemPtr& item) {
  TM_FAIL_POINT("slot-filled");
  item->Move(ItemState::kReady);
  item->ready_at = Now();
  if (item->ref.is_url) {
    const TransferTimes& times = item->fetch_times;
    StageLatencies& latency = parts_.stats->latency;
    latency.dns.Add(times.dns);
    latency.connect.Add(times.connect);
    latency.first_byte.Add(times.first_byte);
    latency.body.Add(times.total - times.first_byte);
  }
  inbox_(Fetched{item});
}

void FetchStage::TakeBack(const ItemPtr& item) {
  --item->fetch_tries;
  item->Move(ItemState::kListed);
  queue_.PushFront(item);
}

// ---- hosts and the network ---------------------------------------------

void FetchStage::Judge(const Item& item, const FetchAnswer& answer) {
  const HostSign sign = RuleFor(answer.reason).host;
  if (sign == HostSign::kNothing) return;
  // An answer that is not transient, even a 404, proves that the host and the
  // network work.
  if (!answer.transient()) {
    if (network_.lost()) NetworkIsBack();
    network_.Answered();
    return hosts_.Answered(item.authority, Now());
  }
  if (network_.lost()) return;
  const std::string& host = item.authority;
  // A failure after a redirect is not the fault of the host that sent it.
  if (answer.redirected) return hosts_.Answered(host, Now());
  if (IsBusyStatus(answer.http_status))
    return hosts_.Busy(host, answer.retry_after, Now());
  if (sign == HostSign::kSilent)
    return hosts_.Silent(host, answer.reason, answer.message, Now());
  if (answer.http_status > 0) hosts_.Answered(host, Now());
}

void FetchStage::CountLoss(const Item& item, const std::string& message) {
  if (!item.ref.is_url) return;
  network_.Failed(item.ref.host, Now());
  if (!network_.lost()) return;
  LogWarning(fmt::format(
      "the network seems lost: the last {} images of several hosts all failed "
      "(now: {}). Fetching pauses, and goes on when a host serves again; "
      "after {} s the run stops",
      network_.options().items, message,
      network_.options().give_up.count() / 1000));
}

void FetchStage::NetworkIsBack() {
  LogWarning("a host answers: fetching goes on");
  hosts_.Forgive(Now());
  queue_.WakeHosts();
}

void FetchStage::NetworkIsGone() {
  Error error{
      ErrorCode::kUnavailable,
      fmt::format("no host has served anything for {} s: stopped, the same "
                  "command goes on where this run ended",
                  network_.options().give_up.count() / 1000),
      0};
  LogError(error.what);
  inbox_(NetworkGone{std::move(error)});
}

}  // namespace thumbmill
