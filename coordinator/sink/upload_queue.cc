#include "coordinator/sink/upload_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace thumbmill {
namespace {

// The key for HostLimiter, which knows many hosts but is used here for one.
const std::string kTarget = "target";

// Sets no limit for probes, so that HostLimiter never calls the target dead:
// only `give_up` ends the run.
HostLimiterOptions LimiterOptions(const UploadQueueOptions& options) {
  HostLimiterOptions limits;
  limits.at_once = options.at_once;
  limits.probes = std::numeric_limits<int>::max();
  limits.first_hold = options.first_hold;
  limits.last_hold = options.last_hold;
  return limits;
}

}  // namespace

UploadQueue::UploadQueue(EventLoop* loop, FileSender* sender,
                         const UploadQueueOptions& options)
    : loop_(loop),
      sender_(sender),
      options_(options),
      limiter_(LimiterOptions(options)) {}

void UploadQueue::Add(std::shared_ptr<StoreItem> item, Sink::Done done) {
  auto upload = std::make_shared<Upload>();
  upload->item = std::move(item);
  upload->done = std::move(done);
  // An item without files is stored. Its answer comes from the loop, as all
  // others do.
  if (upload->item->files.empty())
    return loop_->Post(
        guard_.Wrap([upload] { upload->done(upload->item, upload->result); }));
  waiting_.push_back(std::move(upload));
  StartFiles();
}

bool UploadQueue::MayStartFile() {
  const TimePoint now = Now();
  const HostLimiter::Permit permit =
      limiter_.Ask(kTarget, running_.size(), now);
  if (permit.leave == HostLimiter::Leave::kGo) return true;
  // kFull needs no timer: the next answer calls StartFiles().
  if (permit.leave != HostLimiter::Leave::kWait || wake_ != 0) return false;
  const auto wait = std::chrono::ceil<Millis>(
      std::max(permit.until - now, TimePoint::duration(0)));
  wake_ = loop_->After(wait, [this] {
    wake_ = 0;
    StartFiles();
  });
  return false;
}

void UploadQueue::StartFiles() {
  while (!waiting_.empty()) {
    const UploadRef upload = waiting_.front();
    if (!upload->has_more()) {
      waiting_.pop_front();
      continue;
    }
    if (!MayStartFile()) return;
    StartFile(upload);
  }
}

void UploadQueue::StartFile(const UploadRef& upload) {
  const StoreItem::File& file = upload->item->files[upload->next++];
  ++upload->running;
  // Send() never calls back before it returns, so `id` is set by then.
  auto id = std::make_shared<TransferId>(0);
  *id = sender_->Send(file, [this, upload, id](SendResult result) {
    running_.erase(*id);
    FileDone(upload, std::move(result));
  });
  running_.insert(*id);
}

void UploadQueue::FileDone(const UploadRef& upload, SendResult result) {
  --upload->running;
  Judge(&result);
  // The first failure is the item's result.
  if (!upload->failed()) upload->result = std::move(result.stored);
  StartFiles();
  if (upload->running > 0 || upload->has_more()) return;
  // Call `done` last: it may call any method of the sink.
  upload->done(upload->item, upload->result);
}

// Decides whether a failure concerns this file or the whole target.
void UploadQueue::Judge(SendResult* result) {
  StoreResult& stored = result->stored;
  const TimePoint now = Now();
  // The target accepted the file, or refused it for good: it is there.
  if (stored.outcome != StoreOutcome::kTransient) {
    refused_since_.reset();
    return limiter_.Answered(kTarget, now);
  }
  if (!refused_since_) refused_since_ = now;
  switch (result->server) {
    case SendResult::Server::kAnswers:  // such as 500
      limiter_.Answered(kTarget, now);
      break;
    case SendResult::Server::kBusy:
      limiter_.Busy(kTarget, stored.retry_after, now);
      break;
    case SendResult::Server::kSilent:
      limiter_.Silent(kTarget, result->reason, stored.message, now);
      break;
  }
  if (limiter_.Trusts(kTarget)) return;
  stored.outcome = StoreOutcome::kAway;
  if (now - *refused_since_ < options_.give_up) return;
  stored.outcome = StoreOutcome::kFatal;
  stored.message += fmt::format("; the target has taken nothing for {} s",
                                options_.give_up.count() / 1000);
}

void UploadQueue::Abort() {
  if (wake_ != 0) loop_->Cancel(std::exchange(wake_, 0));
  guard_.Cut();
  waiting_.clear();
  for (const TransferId id : std::exchange(running_, {})) sender_->Cancel(id);
}

}  // namespace thumbmill
