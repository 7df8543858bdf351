#include "coordinator/exec/worker_link.h"

#include <optional>
#include <utility>

namespace thumbmill {
namespace {

// Most messages taken in one round of the loop, so that nothing else starves.
constexpr int kMessagesARound = 512;
// Most rounds in DrainAll(). A worker that still sends after them floods us,
// and must not hold up the loop.
constexpr int kRounds = 64;

}  // namespace

WorkerLink::WorkerLink(EventLoop* loop, std::unique_ptr<RouterChannel> channel,
                       Receiver receiver)
    : loop_(loop),
      channel_(std::move(channel)),
      receiver_(std::move(receiver)) {}

Status WorkerLink::Watch() {
  // The descriptor only wakes the loop, since ZeroMQ signals edges. The poller
  // asks the socket.
  RETURN_IF_ERROR(loop_->Watch(channel_->fd(), EPOLLIN, [](std::uint32_t) {}));
  watched_ = true;
  loop_->AddPoller(guard_.Wrap([this] { return Drain(); }));
  return {};
}

void WorkerLink::Close() {
  if (std::exchange(watched_, false)) loop_->Unwatch(channel_->fd());
  channel_.reset();
}

const std::string& WorkerLink::endpoint() const { return channel_->endpoint(); }

void WorkerLink::Add(const std::string& id, std::size_t worker) {
  workers_[id] = worker;
}

void WorkerLink::Remove(const std::string& id) { workers_.erase(id); }

Status WorkerLink::Send(const std::string& id, const Message& message) {
  Status sent = channel_->Send(id, message);
  // Send() may have consumed the edge that signals input.
  if (channel_->HasInput()) DrainSoon();
  return sent;
}

// Looks for input in the next round of the loop, not here: the caller of Send()
// is in the middle of something.
void WorkerLink::DrainSoon() {
  if (std::exchange(drain_posted_, true)) return;
  loop_->Post(guard_.Wrap([this] {
    drain_posted_ = false;
    Drain();
  }));
}

// Returns true if there may be more.
bool WorkerLink::Drain() {
  if (!channel_ || !channel_->HasInput()) return false;
  for (int i = 0; i < kMessagesARound; ++i) {
    std::optional<RouterChannel::Received> received = channel_->Receive();
    if (!received) return i > 0;
    const auto found = workers_.find(received->peer);
    if (found == workers_.end()) {
      ++strays_;
      continue;
    }
    receiver_(found->second, std::move(received->message));
    if (!channel_) return true;  // the receiver has closed it
  }
  return true;
}

void WorkerLink::DrainAll() {
  for (int round = 0; round < kRounds && Drain(); ++round) {
  }
}

std::uint64_t WorkerLink::bytes() const {
  return channel_ ? channel_->bytes() : 0;
}

}  // namespace thumbmill
