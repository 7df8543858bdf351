#include "coordinator/exec/local_executor.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "common/check.h"
#include "common/thread.h"
#include "coordinator/exec/collect.h"
#include "coordinator/loop/callback_guard.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

// Bytes of output memory that a thread keeps between tasks.
constexpr std::uint64_t kKeptOutput = 1 << 20;
constexpr Millis kDrainStep{50};

// Output memory of one thread. It is not initialised, so that a page costs
// memory only when it is written.
class Scratch {
 public:
  MutableByteSpan Get(std::uint64_t bytes) {
    if (bytes > size_) {
      bytes_ = std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
      size_ = bytes;
    }
    return {bytes_.get(), bytes};
  }
  void Shrink() {
    if (size_ <= kKeptOutput) return;
    bytes_.reset();
    size_ = 0;
  }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::uint64_t size_ = 0;
};

class LocalExecutor final : public Executor {
 public:
  LocalExecutor(EventLoop* loop, const Arena* inputs,
                const LocalOptions& options)
      : loop_(loop), inputs_(inputs), options_(options) {
    CHECK(options.threads > 0);
  }
  ~LocalExecutor() override { Stop(StopMode::kAbort); }

  Status Start(ExecutorEvents events) override;
  std::size_t Room() const override;
  void Submit(const Task& task) override;
  void Stop(StopMode mode) override;
  ExecutorStats stats() const override;
  std::vector<WorkerNow> Workers() const override;

 private:
  // State of one thread, for Workers().
  struct ThreadState {
    PhaseCell phase{Phase::kNone};
    TaskId task = 0;  // guarded by mutex_, as is `since`
    TimePoint since{};
  };
  void RunThread(ThreadState* state);
  [[nodiscard]] std::optional<Task> NextTask(ThreadState* state);
  Finished RunTask(const Task& task, Thumbnailer* thumbnailer,
                   Scratch* scratch) const;
  void Answer(Finished finished, ThreadState* state);
  void Deliver();

  EventLoop* loop_;
  const Arena* inputs_;
  LocalOptions options_;
  ExecutorEvents events_;
  std::size_t outstanding_ = 0;  // used in the loop's thread only
  bool started_ = false;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Task> queue_;
  std::vector<Finished> answers_;
  std::size_t running_ = 0;
  bool closing_ = false;
  std::vector<std::unique_ptr<ThreadState>> states_;  // one for each thread
  std::vector<std::thread> threads_;
  CallbackGuard guard_;
};

Status LocalExecutor::Start(ExecutorEvents events) {
  CHECK(!started_);
  started_ = true;
  events_ = std::move(events);
  for (std::size_t i = 0; i < options_.threads; ++i)
    states_.push_back(std::make_unique<ThreadState>());
  for (const auto& state : states_) {
    ASSIGN_OR_RETURN(std::thread thread,
                     StartThread("tm-decode", [this, state = state.get()] {
                       RunThread(state);
                     }));
    threads_.push_back(std::move(thread));
  }
  return {};
}

std::size_t LocalExecutor::Room() const {
  if (!started_ || threads_.empty()) return 0;
  // Each thread runs one task, and `queue_depth` more wait for it.
  const std::size_t capacity = options_.threads * (1 + options_.queue_depth);
  return capacity - std::min(capacity, outstanding_);
}

void LocalExecutor::Submit(const Task& task) {
  CHECK(Room() > 0);
  ++outstanding_;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(task);
  }
  ready_.notify_one();
}

std::optional<Task> LocalExecutor::NextTask(ThreadState* state) {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return closing_ || !queue_.empty(); });
  if (queue_.empty()) return std::nullopt;
  const Task task = queue_.front();
  queue_.pop_front();
  ++running_;
  state->task = task.id;
  state->phase.store(Phase::kNone);
  state->since = Now();
  return task;
}

void LocalExecutor::RunThread(ThreadState* state) {
  Thumbnailer thumbnailer(options_.recipe, &state->phase);
  Scratch scratch;
  while (const std::optional<Task> task = NextTask(state))
    Answer(RunTask(*task, &thumbnailer, &scratch), state);
}

Finished LocalExecutor::RunTask(const Task& task, Thumbnailer* thumbnailer,
                                Scratch* scratch) const {
  Finished finished;
  finished.id = task.id;
  const ByteSpan input =
      inputs_->view().subspan(task.input.offset, task.input.length);
  const MutableByteSpan output = scratch->Get(task.output_capacity);
  finished.outcome = thumbnailer->Run(input, task.size_mask, output);
  auto outputs = Collect(task, output, &finished.outcome);
  // Our own code made this answer in our own process: a wrong one is a bug.
  CHECK(outputs.has_value());
  finished.outputs = std::move(*outputs);
  scratch->Shrink();
  return finished;
}

void LocalExecutor::Answer(Finished finished, ThreadState* state) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    --running_;
    state->task = 0;
    first = answers_.empty();
    answers_.push_back(std::move(finished));
  }
  if (!first) return;  // the thread that added the first one has told the loop
  loop_->Post(guard_.Wrap([this] { Deliver(); }));
}

void LocalExecutor::Deliver() {
  std::vector<Finished> answers;
  {
    const std::lock_guard lock(mutex_);
    answers.swap(answers_);
  }
  outstanding_ -= answers.size();
  for (Finished& finished : answers)
    if (events_.finished) events_.finished(std::move(finished));
}

void LocalExecutor::Stop(StopMode mode) {
  while (mode == StopMode::kDrain && outstanding_ > 0)
    loop_->RunOnce(kDrainStep);
  {
    const std::lock_guard lock(mutex_);
    // No thread can be killed: join() waits for the tasks that have begun. The
    // others are dropped.
    queue_.clear();
    closing_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  // No answer is delivered after this line.
  guard_.Cut();
  events_ = {};
}

ExecutorStats LocalExecutor::stats() const {
  const std::lock_guard lock(mutex_);
  ExecutorStats stats;
  stats.workers = threads_.size();
  stats.busy = running_;
  return stats;
}

std::vector<WorkerNow> LocalExecutor::Workers() const {
  const std::lock_guard lock(mutex_);
  const TimePoint now = Now();
  std::vector<WorkerNow> all;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const ThreadState& state = *states_[i];
    WorkerNow& worker = all.emplace_back();
    worker.worker = i;
    worker.ready = true;
    if (state.task == 0) continue;
    worker.task = state.task;
    worker.phase = state.phase.load();
    worker.since = std::chrono::duration_cast<Micros>(now - state.since);
  }
  return all;
}

}  // namespace

std::unique_ptr<Executor> MakeLocalExecutor(EventLoop* loop,
                                            const Arena* inputs,
                                            const LocalOptions& options) {
  return std::make_unique<LocalExecutor>(loop, inputs, options);
}

}  // namespace thumbmill
