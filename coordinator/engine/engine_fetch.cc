// The engine's fetch step: chooses the image to fetch next, and draws
// conclusions from the answers about the image, its host and the network.
#include <fmt/format.h>

#include <utility>

#include "common/fail_point.h"
#include "common/log.h"
#include "coordinator/engine/engine.h"

namespace thumbmill {
namespace {

// Files that may be read, or be in reading, before a worker has room.
constexpr std::size_t kReadAhead = 8;
constexpr std::size_t kReadAheadAWorker = 4;
constexpr std::size_t kReadAheadAtMost = 64;
// A server that is too slow costs one deadline per try and is seldom faster at
// the next.
constexpr int kSlowRetries = 1;

bool IsBusy(const FetchAnswer& answer) {
  return answer.http_status == 429 || answer.http_status == 503;
}

// Returns true for the reasons that may have cost a wait until a deadline.
bool IsSilence(Reason reason) {
  switch (reason) {
    case Reason::kDns:
    case Reason::kConnect:
    case Reason::kTls:
    case Reason::kTimeout:
    case Reason::kTooSlow:
      return true;
    default:
      return false;
  }
}

// Returns true for our own decisions: they say nothing about the host.
bool IsOurs(Reason reason) {
  switch (reason) {
    case Reason::kBadLine:
    case Reason::kForbiddenAddress:
    case Reason::kMemory:
    case Reason::kTooCostly:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Engine::MayStartFetch() const {
  if (draining_ || committer_.pending() > kMaxUncommitted) return false;
  if (options_.backend != Backend::kSerial) return true;
  // The serial backend has one image under way, from download to upload.
  return fetcher_.active() + dispatcher_.ready() + dispatcher_.leased() +
             storer_.active() ==
         0;
}

void Engine::StartFetches() {
  if (draining_) return;
  const TimePoint now = Now();
  if (network_.GivesUp(now)) return NetworkIsGone();
  int probes = network_.TakeProbes(now);
  while (MayStartFetch()) {
    const FetchQueue::Taken taken = NextToFetch(now, &probes);
    if (!taken.item) return;
    if (taken.host_dead) {
      FailUntried(taken.item);
    } else if (!StartFetch(taken.item)) {
      return;
    }
  }
}

// Reads local files only a little ahead: early reads hold memory and fall out
// of the CPU cache. Items that wait for a memory grant do not count, because
// others may have room meanwhile.
bool Engine::MayReadAhead() const {
  const std::size_t ahead = queue_.active_files() + dispatcher_.ready();
  return ahead < kReadAheadAtMost &&
         ahead - dispatcher_.waiting() <
             kReadAhead + kReadAheadAWorker * options_.workers;
}

FetchQueue::Taken Engine::NextToFetch(TimePoint now, int* probes) {
  if (!network_.lost()) return queue_.Take(now, MayReadAhead());
  // Local files need no network. A few URLs go as probes, to find out whether
  // the network is back.
  FetchQueue::Taken taken = queue_.TakeLocal();
  if (!taken.item && (*probes)-- > 0) taken = queue_.TakeProbe();
  return taken;
}

bool Engine::StartFetch(const ItemPtr& item) {
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

void Engine::FailUntried(const ItemPtr& item) {
  std::string message = hosts_.DeadText(item->authority);
  CountLoss(*item, message);
  OnFailed(item, hosts_.DeadReason(item->authority), std::move(message));
}

void Engine::OnFetched(const ItemPtr& item, FetchAnswer answer) {
  queue_.Done(*item);
  if (draining_) return;
  // The fetcher dropped the download for lack of memory: this was no try.
  if (answer.dropped) {
    ++stats_.dropped;
    --item->fetch_tries;
    item->Move(ItemState::kListed);
    return queue_.PushFront(item);
  }
  if (item->ref.is_url) {
    stats_.CountAnswer(item->ref.host, item->fetch_times.total);
    Judge(*item, answer);
  }
  if (answer.reason == Reason::kNone) return OnFetchedWell(item);
  if (answer.transient && network_.lost()) {
    // The network failed, not the image: this was no try.
    --item->fetch_tries;
    item->Move(ItemState::kListed);
    return queue_.PushFront(item);
  }
  if (answer.reason == Reason::kTooSlow) ++item->slow_tries;
  const std::optional<Millis> delay =
      retry_.NextDelay(item->fetch_tries, answer.retry_after, random_());
  if (answer.transient && delay && item->slow_tries <= kSlowRetries) {
    ++stats_.retries;
    item->Move(ItemState::kListed);
    return queue_.PushLater(item, Now() + *delay);
  }
  if (answer.transient) CountLoss(*item, answer.message);
  OnFailed(item, answer.reason, std::move(answer.message));
}

void Engine::OnFetchedWell(const ItemPtr& item) {
  TM_FAIL_POINT("slot-filled");
  item->Move(ItemState::kReady);
  item->ready_at = Now();
  if (item->ref.is_url) {
    const TransferTimes& times = item->fetch_times;
    stats_.latency.dns.Add(times.dns);
    stats_.latency.connect.Add(times.connect);
    stats_.latency.first_byte.Add(times.first_byte);
    stats_.latency.body.Add(times.total - times.first_byte);
  }
  const std::uint64_t length = item->length;
  dispatcher_.Add(item);
  // The look at the header may have mapped all pages of a file that was read.
  memory_.SharedGrows(length);
}

// ---- hosts and the network ---------------------------------------------

void Engine::Judge(const Item& item, const FetchAnswer& answer) {
  if (IsOurs(answer.reason)) return;
  // An answer that is not transient, even a 404, proves that the host and the
  // network work.
  if (!answer.transient) {
    if (network_.lost()) NetworkIsBack();
    network_.Answered();
    return hosts_.Answered(item.authority);
  }
  if (network_.lost()) return;
  const std::string& host = item.authority;
  // A failure after a redirect is not the fault of the host that sent it.
  if (answer.redirected) return hosts_.Answered(host);
  if (IsBusy(answer)) return hosts_.Busy(host, answer.retry_after, Now());
  if (IsSilence(answer.reason))
    return hosts_.Silent(host, answer.reason, answer.message, Now());
  if (answer.http_status > 0) hosts_.Answered(host);
}

void Engine::CountLoss(const Item& item, const std::string& message) {
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

void Engine::NetworkIsBack() {
  LogWarning("a host answers: fetching goes on");
  hosts_.Forgive();
  queue_.WakeHosts();
}

void Engine::NetworkIsGone() {
  Error error{
      ErrorCode::kUnavailable,
      fmt::format("no host has served anything for {} s: stopped, the same "
                  "command goes on where this run ended",
                  network_.options().give_up.count() / 1000),
      0};
  LogError(error.what);
  Drain({RunEnd::Kind::kLimit, std::move(error), 0});
}

}  // namespace thumbmill
