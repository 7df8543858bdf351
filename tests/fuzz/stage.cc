#include "tests/fuzz/stage.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/check.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/pool/worker_pool.h"
#include "proto/channel.h"
#include "proto/worker_args.h"

namespace thumbmill {
namespace fuzz {
namespace {

// No real process has such a number: kernels stay below 2^22.
constexpr pid_t kFirstPid = 1 << 23;

std::unique_ptr<Stage>& Current() {
  static std::unique_ptr<Stage> stage = std::make_unique<Stage>();
  return stage;
}

PlayedProcess* ByPeer(const std::string& peer) {
  for (PlayedProcess& process : TheStage().workers)
    if (process.pid != 0 && process.peer == peer) return &process;
  return nullptr;
}

void Deliver(const Message& message, PlayedProcess* process) {
  if (const auto* order = std::get_if<TaskOrder>(&message)) {
    process->tasks.push_back(*order);
    if (TheStage().sent) TheStage().sent(*order);
  } else if (const auto* heartbeat = std::get_if<Heartbeat>(&message)) {
    process->asked = heartbeat->token;
  } else if (std::holds_alternative<Drain>(message)) {
    process->told_to_drain = true;
  }
}

}  // namespace

Stage& TheStage() { return *Current(); }

void NewStage() {
  Current() = std::make_unique<Stage>();
  TheStage().next_pid = kFirstPid;
}

void SendFrame(std::size_t worker, std::string frame) {
  const PlayedProcess& process = TheStage().workers[worker];
  if (process.pid == 0 || frame.size() > kMaxMessageBytes) return;
  TheStage().frames.emplace_back(process.peer, std::move(frame));
}

void SendMessage(std::size_t worker, const Message& message) {
  std::string frame;
  Encode(message, &frame);
  SendFrame(worker, std::move(frame));
}

}  // namespace fuzz

using fuzz::TheStage;

// ---- RouterChannel

Result<std::string> RandomName() {
  static std::uint64_t number = 0;
  return std::string("played-") + std::to_string(++number);
}

class RouterChannel::Impl {};

RouterChannel::RouterChannel(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
RouterChannel::~RouterChannel() = default;

Result<std::unique_ptr<RouterChannel>> RouterChannel::Bind() {
  return std::unique_ptr<RouterChannel>(
      new RouterChannel(std::make_unique<Impl>()));
}

const std::string& RouterChannel::endpoint() const {
  static const std::string name = "played";
  return name;
}

int RouterChannel::fd() const { return -1; }
bool RouterChannel::HasInput() const { return !TheStage().frames.empty(); }
std::uint64_t RouterChannel::bytes() const { return 0; }

Status RouterChannel::Send(const std::string& peer, const Message& message) {
  fuzz::PlayedProcess* process = fuzz::ByPeer(peer);
  if (process == nullptr) return Fail(ErrorCode::kUnavailable, "no such peer");
  // Checks that the coordinator sends only messages that a worker can read.
  std::string frame;
  Encode(message, &frame);
  CHECK(frame.size() <= kMaxMessageBytes && Decode(AsBytes(frame)));
  fuzz::Deliver(message, process);
  return {};
}

std::optional<RouterChannel::Received> RouterChannel::Receive() {
  auto& frames = TheStage().frames;
  if (frames.empty()) return std::nullopt;
  auto [peer, frame] = std::move(frames.front());
  frames.pop_front();
  return Received{peer, Decode(AsBytes(frame))};
}

// ---- WorkerPool

std::string SignalWord(int signal) {
  return "signal " + std::to_string(signal);
}

std::string Describe(const WorkerDeath& death) {
  return "worker " + std::to_string(death.worker) + " died";
}

WorkerPool::WorkerPool(EventLoop* loop, const PoolOptions& options,
                       Events events)
    : loop_(loop), options_(options), events_(std::move(events)) {
  for (std::size_t i = 0; i < options.workers; ++i) workers_.emplace_back(loop);
  TheStage().workers.resize(options.workers);
  TheStage().end = [this](std::size_t worker, ProcessEnd end) {
    if (workers_[worker].alive && !workers_[worker].by_us)
      CountDeath({worker, workers_[worker].process.pid, end,
                  workers_[worker].ready, false});
  };
}

WorkerPool::~WorkerPool() = default;

Status WorkerPool::Start() {
  for (std::size_t i = 0; i < workers_.size(); ++i) RETURN_IF_ERROR(Launch(i));
  return {};
}

Status WorkerPool::Launch(std::size_t worker) {
  ASSIGN_OR_RETURN(const SpawnRequest request, events_.prepare(worker));
  // The first argument is the command, which WorkerArgs does not parse.
  const std::vector<std::string> arguments(request.arguments.begin() + 1,
                                           request.arguments.end());
  ASSIGN_OR_RETURN(const WorkerArgs args, WorkerArgs::Parse(arguments));
  fuzz::PlayedProcess process;
  process.pid = ++TheStage().next_pid;
  process.peer = args.peer;
  ASSIGN_OR_RETURN(process.output,
                   MappedRegion::Map(request.descriptors[1].ours,
                                     MappedRegion::Access::kReadWrite));
  Worker& w = workers_[worker];
  w.ready = w.by_us = w.retired = w.used = false;
  w.alive = true;
  w.process.pid = process.pid;
  TheStage().workers[worker] = std::move(process);
  return {};
}

// Reports a death as the real pool does after it reaped the process, then
// starts a replacement after a short pause.
void WorkerPool::CountDeath(const WorkerDeath& death) {
  workers_[death.worker].alive = false;
  TheStage().workers[death.worker] = fuzz::PlayedProcess();
  events_.died(death);
  if (!restarting_) return;
  const auto launch = [this, worker = death.worker] {
    if (restarting_) CHECK(Launch(worker));
  };
  loop_->After(options_.first_backoff, guard_.Wrap(launch));
}

void WorkerPool::MarkReady(std::size_t worker) {
  workers_[worker].ready = ever_ready_ = TheStage().was_ready = true;
}

void WorkerPool::MarkUsed(std::size_t worker) { workers_[worker].used = true; }

void WorkerPool::Kill(std::size_t worker) {
  if (!workers_[worker].alive || workers_[worker].by_us) return;
  workers_[worker].by_us = true;
  // Report the death later, from the loop, as the real pool does: its caller
  // may be in the middle of handling this worker.
  loop_->Post(guard_.Wrap([this, worker] {
    if (!workers_[worker].alive) return;
    CountDeath({worker,
                workers_[worker].process.pid,
                {9, 0, Micros(0)},
                workers_[worker].ready,
                true});
  }));
}

void WorkerPool::Retire(std::size_t worker, Millis limit) {
  workers_[worker].retired = true;
  const pid_t pid = workers_[worker].process.pid;
  loop_->After(limit, guard_.Wrap([this, worker, pid] {
    if (workers_[worker].process.pid == pid) Kill(worker);
  }));
}

pid_t WorkerPool::pid(std::size_t worker) const {
  return workers_[worker].alive ? workers_[worker].process.pid : 0;
}

std::size_t WorkerPool::alive() const {
  return static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(),
                    [](const Worker& worker) { return worker.alive; }));
}

void WorkerPool::StopRestarting() { restarting_ = false; }

void WorkerPool::KillAll() {
  restarting_ = false;
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (workers_[i].alive)
      CountDeath({i,
                  workers_[i].process.pid,
                  {9, 0, Micros(0)},
                  workers_[i].ready,
                  true});
}

void WorkerPool::Fail(Error error) {
  if (std::exchange(failed_, true)) return;
  loop_->Post(
      guard_.Wrap([this, error = std::move(error)] { events_.failed(error); }));
}

// ---- EventLoop, whose clock moves only when nothing else is left to do

namespace {
TimePoint now_{};
}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::Create() {
  return std::unique_ptr<EventLoop>(new EventLoop());
}

Status EventLoop::Watch(int, std::uint32_t, Ready) { return {}; }
void EventLoop::Rewatch(int, std::uint32_t) {}
void EventLoop::Unwatch(int) {}

EventLoop::TimerId EventLoop::After(Millis delay, std::function<void()> fire) {
  const TimerId id = next_timer_++;
  timers_.emplace(id, Timer{now_ + delay, std::move(fire)});
  due_.emplace(now_ + delay, id);
  return id;
}

void EventLoop::Cancel(TimerId id) { timers_.erase(id); }

void EventLoop::AddPoller(std::function<bool()> poll) {
  pollers_.push_back(std::move(poll));
}

void EventLoop::Post(std::function<void()> work) {
  posted_.push_back(std::move(work));
}

void EventLoop::RunOnce(Millis limit) {
  busy_ = !posted_.empty();
  for (const auto& work : std::exchange(posted_, {})) work();
  for (const auto& poll : pollers_) busy_ |= poll();
  if (busy_) return;
  const TimePoint until = now_ + limit;
  while (!due_.empty() && due_.begin()->first <= until) {
    now_ = std::max(now_, due_.begin()->first);
    auto node = timers_.extract(due_.begin()->second);
    due_.erase(due_.begin());
    if (node.empty()) continue;
    // One timer a round, so that work which it posts runs before the next.
    return node.mapped().fire();
  }
  now_ = until;
}

}  // namespace thumbmill
