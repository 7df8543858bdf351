#include "coordinator/exec/process_executor.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

#include "common/check.h"
#include "common/fail_point.h"
#include "common/log.h"
#include "coordinator/exec/collect.h"
#include "coordinator/exec/credit.h"
#include "coordinator/exec/lease_table.h"
#include "coordinator/exec/oom_watch.h"
#include "coordinator/exec/own_memory.h"
#include "coordinator/exec/post_mortem.h"
#include "coordinator/exec/process_stat.h"
#include "coordinator/exec/watchdog.h"
#include "coordinator/exec/worker_program.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/pool/worker_pool.h"
#include "proto/channel.h"
#include "proto/flight_record.h"

namespace thumbmill {
namespace {

// Load that each task adds to its expected work: if two workers have equal
// work, the one with fewer tasks gets the next.
constexpr Micros kTaskLoad{100};
// More than any load: a worker without credit is the last choice.
constexpr Micros kNoCredit{std::chrono::hours(24 * 365)};

constexpr Millis kTick{50};
// Shortest time between two looks at a worker's memory after a RESULT: a look
// costs some ten microseconds.
constexpr Millis kWeigh{5};
// A tick that comes this late shows that this process was stopped or starved:
// no limit may count that time.
constexpr Millis kLateTick{500};
// Time in which a RESULT of a dead worker may still arrive: the I/O thread may
// hold it.
constexpr Millis kLateResult{20};
// Time in which a worker whose connection is gone may exit, so that its own
// cause of death is recorded.
constexpr Millis kLateDeath{100};
// Most messages taken in one round of the loop, so that nothing else starves.
constexpr int kMessagesARound = 512;
// Most rounds in DrainAll(). A worker that still sends after them floods us,
// and must not hold up the loop.
constexpr int kRounds = 64;
constexpr Millis kSampleInterval{200};
// Bytes that a worker may touch beyond its granted ranges: its flight record,
// and the rest of pages that it has begun.
constexpr std::uint64_t kOutputSlack = 1 << 20;
// Time for the I/O thread to free the messages of workers that are gone.
constexpr Millis kSettle{200};
constexpr Millis kDrainStep{20};

class ProcessExecutor final : public Executor {
 public:
  ProcessExecutor(EventLoop* loop, const Arena* inputs,
                  const ProcessOptions& options,
                  std::unique_ptr<RouterChannel> channel);
  ~ProcessExecutor() override { Stop(StopMode::kAbort); }

  Status Start(ExecutorEvents events) override;
  std::size_t Room() const override;
  bool RoomAlone() override;
  void Submit(const Task& task) override;
  void Stop(StopMode mode) override;
  ExecutorStats stats() const override;
  std::vector<WorkerNow> Workers() const override;

 private:
  // State of one worker process. Everything that outlives the process is in
  // pool_ and leases_.
  struct Peer {
    std::string id;  // routing id of the process; empty if there is none
    std::unique_ptr<Arena> output;
    SlotLease record_slot;
    Credit credit;
    bool welcomed = false;  // its READY was right, and WELCOME is sent
    bool ready = false;     // it has closed its sandbox
    // Token of the HEARTBEAT that it must answer; 0 if there is none.
    std::uint64_t asked = 0;
    // Its memory has grown: it gets no task until CheckMemory() has looked
    // again after its last answer.
    bool grown = false;
    bool used = false;      // it was given a task
    bool alone = false;     // its task runs alone
    TimePoint weighed{};    // last look at its memory
    bool retiring = false;  // it is being replaced
    bool gone = false;      // it has sent BYE
    std::optional<Doom> doom;
    std::optional<WorkerDeath> death;  // reaped; Bury() is still to come
    EventLoop::TimerId burial = 0;
    Watchdog watchdog;
  };

  // ---- processes
  Result<SpawnRequest> Prepare(std::size_t worker);
  SandboxLogging LoggingForNextWorker();
  void OnDied(const WorkerDeath& death);
  void Bury(std::size_t worker);
  Cause CauseOfDeath(std::size_t worker);
  void Forget(std::size_t worker);
  // Task and phase from a worker's flight record. `task` is 0 if the record
  // names no task or cannot be believed.
  struct Flight {
    TaskId task = 0;
    Phase phase = Phase::kNone;
  };
  Flight ReadFlight(std::size_t worker) const;
  void EndWorker(std::size_t worker, Doom doom);

  // ---- messages
  Status WatchChannel();
  bool Drain();
  void DrainAll();
  void OnReceived(RouterChannel::Received received);
  void OnMessage(std::size_t worker, const Ready& ready);
  void OnMessage(std::size_t worker, TaskResult& result);
  void OnMessage(std::size_t worker, const Heartbeat& heartbeat);
  void OnMessage(std::size_t worker, const Bye& bye);
  template <typename Other>
  void OnMessage(std::size_t worker, const Other&) {
    Malformed(worker, "a message that only a coordinator sends");
  }
  void OnSandboxed(std::size_t worker);
  void Ask(std::size_t worker);
  void Malformed(std::size_t worker, const std::string& what);
  bool Send(std::size_t worker, const Message& message);
  void GiveUp(std::size_t worker, const std::string& why);

  // ---- tasks
  std::size_t RoomAt(std::size_t worker) const;
  Held HeldBy(std::size_t worker) const;
  std::optional<std::size_t> LeastLoaded() const;
  std::optional<std::size_t> BestToReserve() const;
  bool OneIsAlone() const;
  void OnNewHead(std::size_t worker);

  // ---- time
  void Tick();
  void CheckHead(std::size_t worker, TimePoint now);
  void CheckIdle(std::size_t worker, TimePoint now);
  void CheckMemory(std::size_t worker, TimePoint now);
  void CheckOutputs(std::size_t worker);
  void CheckOwnMemory(TimePoint now);
  void EndAllUsed(const std::string& why);
  void Retire(std::size_t worker, const char* why);
  void ForgiveGap(TimePoint now);
  void Sample() const;

  void StopWorkers();
  TimePoint Now() const { return std::chrono::steady_clock::now(); }

  EventLoop* loop_;
  const Arena* inputs_;
  ProcessOptions options_;
  // The dispatcher charges output ranges when it grants them. Charging the
  // memfd here would count the same bytes twice.
  MemoryBudget uncharged_{std::numeric_limits<std::uint64_t>::max() / 2};
  std::unique_ptr<RouterChannel> channel_;
  ExecutorEvents events_;
  std::vector<Peer> peers_;
  std::unordered_map<std::string, std::size_t> by_id_;
  LeaseTable leases_;
  OomWatch oom_;
  OwnMemory own_memory_;
  TimePoint settles_{};  // when OwnMemory::Settle() is due; 0 if it is not
  WorkerPool pool_;      // after the members that its events use
  EventLoop::TimerId tick_ = 0;
  TimePoint last_tick_{};
  // Worker that is kept free for a task that must run alone.
  std::optional<std::size_t> reserved_;
  // True after our own memory has grown too much: tasks that run alone then
  // wait until no other worker is at work.
  bool one_by_one_ = false;
  std::uint64_t next_token_ = 1;
  std::uint64_t lost_ = 0;
  std::uint64_t recycled_ = 0;
  std::uint64_t malformed_ = 0;
  bool logging_given_ = false;
  bool started_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
  bool drain_posted_ = false;
  mutable TimePoint sampled_{};
  mutable ExecutorStats sample_;
  CallbackGuard guard_;
};

ProcessExecutor::ProcessExecutor(EventLoop* loop, const Arena* inputs,
                                 const ProcessOptions& options,
                                 std::unique_ptr<RouterChannel> channel)
    : loop_(loop),
      inputs_(inputs),
      options_(options),
      channel_(std::move(channel)),
      peers_(options.workers),
      leases_(options.workers),
      oom_(options.oom_kills),
      own_memory_(options.accounted),
      pool_(loop, PoolOptions{options.workers, options.ready_deadline},
            {[this](std::size_t worker) { return Prepare(worker); },
             [this](const WorkerDeath& death) { OnDied(death); },
             [this](Error error) {
               if (events_.failed) events_.failed({std::move(error)});
             }}) {}

Status ProcessExecutor::Start(ExecutorEvents events) {
  CHECK(!started_);
  started_ = true;
  events_ = std::move(events);
  RETURN_IF_ERROR(WatchChannel());
  last_tick_ = Now();
  tick_ = loop_->After(kTick, [this] { Tick(); });
  return pool_.Start();
}

// ---- processes ---------------------------------------------------------

Result<SpawnRequest> ProcessExecutor::Prepare(std::size_t worker) {
  Peer& peer = peers_[worker];
  if (peer.death) Bury(worker);
  Forget(worker);  // clears the state that a failed start has left
  ArenaLayout layout;
  layout.slots = kCreditMost + 1;  // one more for the flight record
  layout.slot_bytes = options_.max_output_bytes;
  layout.keep_bytes = options_.kept_output_bytes;
  layout.name = "thumbmill-outputs";
  // Each process gets a new memfd: the bytes of a dead one vanish with its own.
  ASSIGN_OR_RETURN(peer.output, Arena::Create(layout, &uncharged_));
  peer.record_slot = *peer.output->Acquire();  // the first slot is at offset 0
  ASSIGN_OR_RETURN(peer.id, RandomName());
  by_id_[peer.id] = worker;

  WorkerArgs args;
  args.endpoint = channel_->endpoint();
  args.peer = peer.id;
  args.parent = getpid();
  args.sandbox = options_.sandbox;
  args.sandbox_logging = LoggingForNextWorker();
  SpawnRequest request;
  request.program = options_.worker_program;
  request.arguments = args.ToArguments();
  request.descriptors = {{inputs_->reader_fd(), args.input_fd},
                         {peer.output->writer_fd(), args.output_fd}};
  return request;
}

// Lets only the first worker of a run log the sandbox layers that it cannot
// enable: the others would repeat it.
SandboxLogging ProcessExecutor::LoggingForNextWorker() {
  if (std::exchange(logging_given_, true)) return SandboxLogging::kNothing;
  return LogEnabled(LogLevel::kInfo) ? SandboxLogging::kAll
                                     : SandboxLogging::kFilter;
}

void ProcessExecutor::EndWorker(std::size_t worker, Doom doom) {
  Peer& peer = peers_[worker];
  if (peer.doom || pool_.pid(worker) == 0) return;
  peer.doom = std::move(doom);
  peer.ready = false;
  pool_.Kill(worker);
}

void ProcessExecutor::OnDied(const WorkerDeath& death) {
  Peer& peer = peers_[death.worker];
  // This exit code counts only before any worker was ready: later an image may
  // have chosen it.
  if (death.end.signal == 0 && death.end.exit_code == kWorkerExitSetup &&
      !death.was_ready && !pool_.ever_ready())
    pool_.Fail(Error{ErrorCode::kUnavailable,
                     Describe(death) + ": no worker can be set up here", 0});
  peer.ready = false;
  peer.death = death;
  if (!stopping_ && !peer.retiring) ++lost_;
  DrainAll();
  const Lease* head = leases_.Head(death.worker);
  // If the record names another task, or none, the worker has answered the
  // head: wait for that RESULT before the head is reported as lost.
  const bool answered = head != nullptr && !peer.doom &&
                        ReadFlight(death.worker).task != head->task.id;
  if (!answered) return Bury(death.worker);
  peer.burial = loop_->After(kLateResult, [this, worker = death.worker] {
    peers_[worker].burial = 0;
    DrainAll();
    Bury(worker);
  });
}

// Believes the record only if it names a task of that worker and has the mark
// of that task's input: a worker that was taken over may have written anything
// into it.
ProcessExecutor::Flight ProcessExecutor::ReadFlight(std::size_t worker) const {
  const Peer& peer = peers_[worker];
  if (!peer.record_slot.valid()) return {};
  const FlightRecord& record = *FlightRecordAt(peer.record_slot.data());
  const Lease* lease = leases_.Find(worker, record.task_id.load());
  if (lease == nullptr) return {};
  const ByteRange& range = lease->task.input;
  const ByteSpan input = inputs_->view().subspan(range.offset, range.length);
  if (record.input_mark.load() != InputMark(input)) return {};
  return {lease->task.id, record.phase.load()};
}

Cause ProcessExecutor::CauseOfDeath(std::size_t worker) {
  const Peer& peer = peers_[worker];
  Evidence evidence;
  evidence.cpu_used_up = peer.watchdog.UsedUp(peer.death->end.cpu_time,
                                              leases_.SumOfCpuLimits(worker));
  evidence.out_of_memory =
      !peer.doom && peer.death->end.signal == SIGKILL && oom_.Claim();
  return FindCause(*peer.death, peer.doom ? &*peer.doom : nullptr, evidence);
}

// Reports all tasks of a dead worker as lost. Calls the events last, when the
// worker's state is clear: they may submit tasks.
void ProcessExecutor::Bury(std::size_t worker) {
  Peer& peer = peers_[worker];
  if (peer.burial != 0) loop_->Cancel(std::exchange(peer.burial, 0));
  Flight flight = ReadFlight(worker);
  const bool certain = flight.task != 0 || leases_.Count(worker) == 1;
  const Lease* head = leases_.Head(worker);
  if (flight.task == 0 && head != nullptr) flight.task = head->task.id;
  const Cause cause = CauseOfDeath(worker);
  std::vector<Lost> reports;
  for (const Lease& lease : leases_.TakeAll(worker)) {
    Lost& lost = reports.emplace_back(ReportLoss(
        lease.task.id, lease.task.id == flight.task, flight.phase, cause));
    lost.certain = certain;
    lost.alone = peer.alone;
  }
  // The process has been reaped: its output ranges and its memfd are free.
  Forget(worker);
  for (Lost& lost : reports)
    if (events_.lost) events_.lost(std::move(lost));
}

void ProcessExecutor::Forget(std::size_t worker) {
  Peer& peer = peers_[worker];
  by_id_.erase(peer.id);
  peer.record_slot.Reset();  // must go before its arena
  peer = Peer();
}

// ---- messages ----------------------------------------------------------

Status ProcessExecutor::WatchChannel() {
  // The descriptor only wakes the loop, since ZeroMQ signals edges. The poller
  // asks the socket.
  RETURN_IF_ERROR(loop_->Watch(channel_->fd(), EPOLLIN, [](std::uint32_t) {}));
  loop_->AddPoller(guard_.Wrap([this] { return Drain(); }));
  return {};
}

bool ProcessExecutor::Drain() {
  if (stopped_ || !channel_->HasInput()) return false;
  for (int i = 0; i < kMessagesARound; ++i) {
    std::optional<RouterChannel::Received> received = channel_->Receive();
    if (!received) return i > 0;
    OnReceived(std::move(*received));
    if (stopped_) return true;
  }
  return true;
}

void ProcessExecutor::DrainAll() {
  for (int round = 0; round < kRounds && Drain(); ++round) {
  }
}

void ProcessExecutor::OnReceived(RouterChannel::Received received) {
  const auto found = by_id_.find(received.peer);
  if (found == by_id_.end()) {
    ++malformed_;
    return;
  }
  const std::size_t worker = found->second;
  Peer& peer = peers_[worker];
  // A worker that we have killed no longer counts.
  if (peer.doom) return;
  peer.watchdog.OnHeard(Now());
  if (received.message) {
    std::visit([&](auto& message) { OnMessage(worker, message); },
               *received.message);
    return;
  }
  const Error& error = received.message.error();
  // Another version stops the run only before WELCOME: later an image may have
  // chosen the number.
  const bool other_program =
      error.code == ErrorCode::kUsage && !peer.welcomed && !pool_.ever_ready();
  Malformed(worker, error.what);
  if (!other_program) return;
  // A restart would start the same program.
  pool_.Fail(Error{
      ErrorCode::kUsage,
      options_.worker_program + " does not fit this program: " + error.what,
      0});
}

void ProcessExecutor::Malformed(std::size_t worker, const std::string& what) {
  ++malformed_;
  LogWarning(fmt::format("worker {} (pid {}) breaks the protocol: {}", worker,
                         pool_.pid(worker), what));
  EndWorker(worker, {Reason::kCrash, false, "it broke the protocol: " + what});
}

bool ProcessExecutor::Send(std::size_t worker, const Message& message) {
  const Status sent = channel_->Send(peers_[worker].id, message);
  // Send() may have consumed the edge that signals input: look again in the
  // next round of the loop.
  if (!drain_posted_ && channel_->HasInput()) {
    drain_posted_ = true;
    loop_->Post(guard_.Wrap([this] {
      drain_posted_ = false;
      Drain();
    }));
  }
  if (sent) return true;
  GiveUp(worker, sent.error().what);
  return false;
}

// Handles a worker whose connection is gone. A process that has died reports
// its own cause of death through its pidfd. One that still lives after
// kLateDeath is killed.
void ProcessExecutor::GiveUp(std::size_t worker, const std::string& why) {
  peers_[worker].ready = false;
  const auto end = [this, worker, id = peers_[worker].id, why] {
    if (peers_[worker].id != id || peers_[worker].death) return;
    EndWorker(worker, {Reason::kCrash, false, why});
  };
  loop_->After(kLateDeath, guard_.Wrap(end));
}

void ProcessExecutor::OnMessage(std::size_t worker, const Ready& ready) {
  Peer& peer = peers_[worker];
  if (peer.welcomed) return Malformed(worker, "a second READY");
  if (peer.death) return;
  if (static_cast<pid_t>(ready.pid) != pool_.pid(worker))
    return Malformed(worker, "READY of another process");
  Welcome welcome;
  welcome.worker = static_cast<std::uint32_t>(worker);
  welcome.recipe = options_.recipe;
  welcome.input_bytes = inputs_->size_bytes();
  welcome.output_bytes = peer.output->size_bytes();
  peer.watchdog = Watchdog(pool_.pid(worker));
  peer.watchdog.OnHeard(Now());
  peer.welcomed = true;
  if (Send(worker, welcome)) Ask(worker);
}

// Marks the worker as ready: its first answer shows that it has closed its
// sandbox. From here on it sees images, and nothing that it does may end the
// run.
void ProcessExecutor::OnSandboxed(std::size_t worker) {
  Peer& peer = peers_[worker];
  if (peer.death) return;
  peer.watchdog.OnReady();
  TM_FAIL_POINT("worker-ready");
  peer.ready = true;
  pool_.MarkReady(worker);
}

void ProcessExecutor::Ask(std::size_t worker) {
  peers_[worker].asked = next_token_++;
  (void)Send(worker, Heartbeat{peers_[worker].asked});
}

void ProcessExecutor::OnMessage(std::size_t worker, TaskResult& result) {
  TM_FAIL_POINT("result-received");
  const Lease* head = leases_.Head(worker);
  if (head == nullptr || head->task.id != result.id)
    return Malformed(worker, "a RESULT that answers no task of its own");
  const ByteSpan range(head->output.data(), std::min(head->task.output_capacity,
                                                     head->output.capacity()));
  Finished finished;
  finished.id = result.id;
  finished.outcome = std::move(result.outcome);
  auto outputs = Collect(head->task, range, &finished.outcome);
  if (!outputs) {
    ++malformed_;
    return EndWorker(worker, {Reason::kCrash, true,
                              "it answered with " + outputs.error().what});
  }
  finished.outputs = std::move(*outputs);
  TM_FAIL_POINT("outputs-copied");
  peers_[worker].alone = false;
  const TimePoint now = Now();
  BoundTimes(std::chrono::duration_cast<Micros>(now - head->sent),
             &finished.outcome.times);
  (void)leases_.TakeHead(worker, now);  // releases its output range
  peers_[worker].credit.Update(HeldBy(worker));
  OnNewHead(worker);
  if (peers_[worker].grown || now - peers_[worker].weighed >= kWeigh)
    CheckMemory(worker, now);
  if (events_.finished) events_.finished(std::move(finished));
}

void ProcessExecutor::OnMessage(std::size_t worker,
                                const Heartbeat& heartbeat) {
  Peer& peer = peers_[worker];
  if (peer.asked == 0 || heartbeat.token != peer.asked)
    return Malformed(worker, "a HEARTBEAT that answers none");
  peer.asked = 0;
  if (!peer.ready && !peer.retiring) OnSandboxed(worker);
}

void ProcessExecutor::OnMessage(std::size_t worker, const Bye&) {
  Peer& peer = peers_[worker];
  if ((!stopping_ && !peer.retiring) || std::exchange(peer.gone, true))
    Malformed(worker, "a BYE that answers no DRAIN");
}

// ---- tasks -------------------------------------------------------------

Held ProcessExecutor::HeldBy(std::size_t worker) const {
  return {leases_.Count(worker), leases_.LargestPeak(worker),
          leases_.SumOfExpected(worker)};
}

std::size_t ProcessExecutor::RoomAt(std::size_t worker) const {
  const Peer& peer = peers_[worker];
  if (!peer.ready || peer.grown || peer.alone || worker == reserved_ ||
      stopping_ || (one_by_one_ && (reserved_ || OneIsAlone())))
    return 0;
  return peer.credit.Of(HeldBy(worker));
}

std::size_t ProcessExecutor::Room() const {
  std::size_t room = 0;
  for (std::size_t i = 0; i < peers_.size(); ++i) room += RoomAt(i);
  return room;
}

// Returns the worker with the least work; workers with credit come first.
std::optional<std::size_t> ProcessExecutor::LeastLoaded() const {
  std::optional<std::size_t> best;
  Micros least{0};
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    // A caller may ask for Room() once and then submit that many tasks. A
    // worker without credit may therefore get one, up to kCreditMost.
    if (!peers_[i].ready || peers_[i].alone || i == reserved_ ||
        leases_.Count(i) >= kCreditMost)
      continue;
    Micros load = leases_.SumOfExpected(i) + leases_.Count(i) * kTaskLoad;
    if (RoomAt(i) == 0) load += kNoCredit;
    if (best && load >= least) continue;
    best = i;
    least = load;
  }
  return best;
}

// Prefers a worker that has run nothing, then one that is starting, then the
// one with the least work.
std::optional<std::size_t> ProcessExecutor::BestToReserve() const {
  std::optional<std::size_t> best;
  Micros least{0};
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    const Peer& peer = peers_[i];
    if (peer.alone) continue;
    Micros load = leases_.SumOfExpected(i) + leases_.Count(i) * kTaskLoad;
    if (!peer.ready || peer.used) load += Micros(1);
    if (peer.ready && peer.used) load += Micros(1);
    if (best && load >= least) continue;
    best = i;
    least = load;
  }
  return best;
}

bool ProcessExecutor::OneIsAlone() const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [](const Peer& peer) { return peer.alone; });
}

bool ProcessExecutor::RoomAlone() {
  if (stopping_) return false;
  reserved_ = BestToReserve();
  if (one_by_one_ && leases_.total() > 0) return false;
  if (!reserved_ || !peers_[*reserved_].ready || leases_.Count(*reserved_) > 0)
    return false;
  // A worker that has run another image could die of that one: replace it.
  if (!peers_[*reserved_].used) return true;
  Retire(*reserved_, "an image is to run in a new one, alone");
  return false;
}

void ProcessExecutor::Submit(const Task& task) {
  CHECK(!stopping_);
  const std::optional<std::size_t> worker =
      task.alone ? std::exchange(reserved_, std::nullopt) : LeastLoaded();
  CHECK(worker.has_value());
  Peer& peer = peers_[*worker];
  peer.used = true;
  peer.alone = task.alone;
  if (!task.alone) one_by_one_ = false;
  pool_.MarkUsed(*worker);
  std::optional<SlotLease> output = peer.output->Acquire();
  CHECK(output.has_value());  // a slot for each task that a worker may hold
  TaskOrder order{task, output->offset()};
  order.task.output_capacity =
      std::min(task.output_capacity, output->capacity());
  CHECK(output->Grow(order.task.output_capacity));
  const bool is_head = leases_.Count(*worker) == 0;
  leases_.Add(*worker, Lease{order.task, std::move(*output)}, Now());
  peer.credit.Update(HeldBy(*worker));
  if (is_head) OnNewHead(*worker);
  peer.watchdog.OnLoad(leases_.LargestPeak(*worker),
                       leases_.SumOfCpuLimits(*worker));
  // If the send fails, the worker is dying, and its death reports the task.
  (void)Send(*worker, order);
  TM_FAIL_POINT("task-sent");
}

void ProcessExecutor::OnNewHead(std::size_t worker) {
  if (leases_.Head(worker) != nullptr) peers_[worker].watchdog.OnNewHead();
}

// ---- time --------------------------------------------------------------

void ProcessExecutor::Tick() {
  tick_ = loop_->After(kTick, [this] { Tick(); });
  const TimePoint now = Now();
  oom_.Look(now);
  ForgiveGap(now);
  // A RESULT that has arrived counts, so read everything before judging a
  // limit.
  DrainAll();
  CheckOwnMemory(now);
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    if (!peers_[i].ready) continue;
    if (leases_.Count(i) > 0)
      CheckHead(i, now);
    else
      CheckIdle(i, now);
    if (peers_[i].ready) CheckMemory(i, now);
    if (peers_[i].ready) CheckOutputs(i);
  }
}

// Moves all limits by the time in which this process could not run.
void ProcessExecutor::ForgiveGap(TimePoint now) {
  const auto gap = std::chrono::duration_cast<Millis>(now - last_tick_) - kTick;
  last_tick_ = now;
  if (gap < kLateTick) return;
  leases_.Postpone(gap);
  for (Peer& peer : peers_) peer.watchdog.Postpone(gap);
}

void ProcessExecutor::CheckHead(std::size_t worker, TimePoint now) {
  const std::optional<Doom> doom = peers_[worker].watchdog.CheckTask(
      leases_.Head(worker)->task, leases_.HeadAge(worker, now));
  if (doom) EndWorker(worker, *doom);
}

void ProcessExecutor::CheckIdle(std::size_t worker, TimePoint now) {
  switch (peers_[worker].watchdog.CheckIdle(now, options_.heartbeat)) {
    case Watchdog::Idle::kFine:
      return;
    case Watchdog::Idle::kAsk:
      return Ask(worker);
    case Watchdog::Idle::kSilent:
      break;
  }
  LogWarning(fmt::format("worker {} (pid {}) does not answer; it is replaced",
                         worker, pool_.pid(worker)));
  EndWorker(worker, {Reason::kHang, false, "it answered no heartbeat"});
}

// Replaces a worker whose memory has grown. During a task a part of the memory
// belongs to the image: a busy worker only gets no further task, and is looked
// at again when it has answered.
void ProcessExecutor::CheckMemory(std::size_t worker, TimePoint now) {
  Peer& peer = peers_[worker];
  peer.weighed = now;
  peer.grown =
      !stopping_ && peer.watchdog.HasGrown(leases_.LargestPeak(worker));
  if (!peer.grown || leases_.Count(worker) > 0) return;
  ++recycled_;
  Retire(worker, "its memory has grown");
}

// Kills a worker that has written beyond its granted ranges. It can write to
// all of its output memory, but only the granted ranges are charged.
void ProcessExecutor::CheckOutputs(std::size_t worker) {
  const Arena& output = *peers_[worker].output;
  const std::uint64_t used = output.allocated_bytes();
  const std::uint64_t may = leases_.SumOfGrants(worker) +
                            output.layout().slots * output.layout().keep_bytes +
                            kOutputSlack;
  if (used > may)
    EndWorker(worker, {Reason::kCrash, true,
                       fmt::format("it wrote {} MiB to its output memory and "
                                   "may write {} MiB",
                                   used >> 20, may >> 20)});
}

void ProcessExecutor::CheckOwnMemory(TimePoint now) {
  // After a kill the I/O thread needs time to free the messages: judge nothing
  // before `settles_`.
  if (settles_ != TimePoint()) {
    if (now < settles_) return;
    settles_ = {};
    return own_memory_.Settle();
  }
  if (!own_memory_.IsTooMuch()) return;
  settles_ = now + kSettle;
  one_by_one_ = true;
  EndAllUsed(
      "the coordinator's memory grew while it was at work, as by a "
      "message without end");
}

// Kills every worker that has got a task. Charges its task only if no other
// worker was at work.
void ProcessExecutor::EndAllUsed(const std::string& why) {
  std::size_t busy = 0;
  for (std::size_t i = 0; i < peers_.size(); ++i)
    busy += leases_.Count(i) > 0 ? 1 : 0;
  for (std::size_t i = 0; i < peers_.size(); ++i)
    if (peers_[i].used)
      EndWorker(i, {Reason::kCrash, busy == 1, why, busy > 1});
}

void ProcessExecutor::Retire(std::size_t worker, const char* why) {
  Peer& peer = peers_[worker];
  LogInfo(fmt::format("worker {} (pid {}) is replaced: {}", worker,
                      pool_.pid(worker), why));
  peer.ready = false;
  peer.retiring = true;
  pool_.Retire(worker, options_.drain_limit);
  (void)Send(worker, thumbmill::Drain{});
}

// ---- stop --------------------------------------------------------------

void ProcessExecutor::Stop(StopMode mode) {
  if (stopped_) return;
  stopping_ = true;
  if (mode == StopMode::kDrain && started_) {
    while (leases_.total() > 0) loop_->RunOnce(kDrainStep);
    events_ = {};
    StopWorkers();
  }
  // No event is called after this line.
  events_ = {};
  pool_.KillAll();
  stopped_ = true;
  guard_.Cut();
  if (tick_ != 0) loop_->Cancel(std::exchange(tick_, 0));
  for (std::size_t i = 0; i < peers_.size(); ++i)
    if (peers_[i].death) Bury(i);
  if (started_) loop_->Unwatch(channel_->fd());
  channel_.reset();
}

// Sends DRAIN to the workers and waits. Stop() kills those that are left.
void ProcessExecutor::StopWorkers() {
  pool_.StopRestarting();
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    if (peers_[i].ready)
      (void)Send(i, thumbmill::Drain{});
    else
      pool_.Kill(i);
  }
  const TimePoint until = Now() + options_.drain_limit;
  while (pool_.alive() > 0 && Now() < until) loop_->RunOnce(kDrainStep);
}

// ---- stats -------------------------------------------------------------

void ProcessExecutor::Sample() const {
  const TimePoint now = Now();
  if (now - sampled_ < kSampleInterval) return;
  sampled_ = now;
  sample_.shared_bytes = sample_.private_bytes = 0;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    if (peers_[i].output)
      sample_.shared_bytes += peers_[i].output->allocated_bytes();
    const pid_t pid = pool_.pid(i);
    if (pid == 0) continue;
    const std::uint64_t bytes = PrivateBytes(pid);
    sample_.private_bytes += bytes;
    sample_.peak_private_bytes = std::max(sample_.peak_private_bytes, bytes);
  }
}

std::vector<WorkerNow> ProcessExecutor::Workers() const {
  std::vector<WorkerNow> all;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    WorkerNow& worker = all.emplace_back();
    worker.worker = i;
    worker.pid = pool_.pid(i);
    worker.ready = peers_[i].ready;
    if (worker.pid != 0) worker.private_bytes = PrivateBytes(worker.pid);
    const Lease* head = leases_.Head(i);
    if (head == nullptr) continue;
    // The worker may have answered tasks whose RESULT is not read yet. Its
    // flight record is more recent.
    const Flight flight = ReadFlight(i);
    worker.task = flight.task != 0 ? flight.task : head->task.id;
    worker.phase = flight.phase;
    worker.since = leases_.HeadAge(i, Now());
    worker.waiting = leases_.Count(i) - 1;
  }
  return all;
}

ExecutorStats ProcessExecutor::stats() const {
  Sample();
  ExecutorStats stats = sample_;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    stats.workers += peers_[i].ready ? 1 : 0;
    stats.busy += leases_.Count(i) > 0 ? 1 : 0;
  }
  stats.workers_lost = lost_;
  stats.workers_recycled = recycled_;
  if (channel_) stats.message_bytes = channel_->bytes();
  return stats;
}

}  // namespace

Result<std::unique_ptr<Executor>> MakeProcessExecutor(
    EventLoop* loop, const Arena* inputs, const ProcessOptions& options) {
  ProcessOptions complete = options;
  ASSIGN_OR_RETURN(complete.worker_program,
                   FindWorkerProgram(options.worker_program));
  ASSIGN_OR_RETURN(auto channel, RouterChannel::Bind());
  return std::unique_ptr<Executor>(std::make_unique<ProcessExecutor>(
      loop, inputs, complete, std::move(channel)));
}

}  // namespace thumbmill
