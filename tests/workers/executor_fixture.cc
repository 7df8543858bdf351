#include "tests/workers/executor_fixture.h"

#include <dirent.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "common/check.h"

namespace thumbmill {

Recipe SmallRecipe() {
  Recipe recipe;
  SizeSpec size;
  size.width = size.height = 32;
  size.label = size.text = "32";
  recipe.sizes = {size};
  return recipe;
}

ExecutorBench::ExecutorBench() {
  auto loop = EventLoop::Create();
  CHECK(loop.has_value());
  loop_ = std::move(*loop);
  ArenaLayout layout;
  layout.slots = 256;
  layout.slot_bytes = 16 << 20;
  auto arena = Arena::Create(layout, &budget_);
  CHECK(arena.has_value());
  arena_ = std::move(*arena);
}

ExecutorBench::~ExecutorBench() = default;

ExecutorEvents ExecutorBench::Events() {
  ExecutorEvents events;
  events.finished = [this](Finished answer) {
    ++answers;
    const TaskId id = answer.id;
    duplicates += finished.contains(id) || lost.contains(id) ? 1 : 0;
    inputs_.erase(id);
    finished[id] = std::move(answer);
  };
  events.lost = [this](const Lost& answer) {
    ++answers;
    const TaskId id = answer.id;
    duplicates += finished.contains(id) || lost.contains(id) ? 1 : 0;
    lost[id] = answer;
    if (on_lost) on_lost(answer);
  };
  events.failed = [this](ExecutorFailed failure) {
    failed.push_back(std::move(failure.error));
  };
  return events;
}

void ExecutorBench::Start(std::unique_ptr<Executor> executor) {
  executor_ = std::move(executor);
  const Status started = executor_->Start(Events());
  if (!started) failed.push_back(started.error());
}

void ExecutorBench::StartProcesses(const ProcessOptions& options) {
  auto executor = MakeProcessExecutor(loop_.get(), arena_.get(), options);
  if (!executor) {
    failed.push_back(executor.error());
    return;
  }
  Start(std::move(*executor));
}

void ExecutorBench::StartThreads(const LocalOptions& options) {
  Start(MakeLocalExecutor(loop_.get(), arena_.get(), options));
}

TaskId ExecutorBench::Submit(std::string_view bytes,
                             std::function<void(Task*)> change) {
  return Submit(AsBytes(bytes), std::move(change));
}

TaskId ExecutorBench::Submit(ByteSpan bytes,
                             std::function<void(Task*)> change) {
  Task task;
  // Apply `change` to a trial task first, because it may ask to run alone.
  if (change) change(&task);
  CHECK(Until([this, &task] {
    return task.alone ? executor_->RoomAlone() : executor_->Room() > 0;
  }));
  auto slot = arena_->Acquire();
  CHECK(slot.has_value() && slot->Grow(bytes.size()));
  if (!bytes.empty()) std::memcpy(slot->data(), bytes.data(), bytes.size());
  task = {};
  task.id = next_++;
  task.input = {slot->offset(), bytes.size()};
  task.size_mask = 1;
  task.peak_bytes = 1 << 20;
  task.output_capacity = 64 << 10;
  task.time_limit = Millis(20000);
  if (change) change(&task);
  inputs_[task.id] = std::move(*slot);
  tasks_[task.id] = task;
  executor_->Submit(task);
  return task.id;
}

void ExecutorBench::Resubmit(const Lost& again) {
  Task task = tasks_[again.id];
  CHECK(Until([this] { return executor_->Room() > 0; }));
  lost.erase(again.id);
  --answers;
  executor_->Submit(task);
}

bool ExecutorBench::Until(const std::function<bool()>& done) {
  const TimePoint limit =
      std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    loop_->RunOnce(Millis(10));
  }
  return true;
}

bool ExecutorBench::UntilAnswered() {
  // Ids start at 1, so `next_` is one more than the number of tasks.
  return Until([this] { return answers + 1 >= next_; });
}

std::vector<int> ExecutorBench::Children() {
  std::vector<int> children;
  DIR* proc = opendir("/proc");
  while (const dirent* entry = readdir(proc)) {
    const int pid = std::atoi(entry->d_name);
    if (pid == 0) continue;
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    // The name of the program is in parentheses and may hold any character.
    const std::size_t end = text.rfind(')');
    if (end == std::string::npos) continue;
    std::istringstream rest(text.substr(end + 1));
    std::string state;
    int parent = 0;
    rest >> state >> parent;
    if (parent == getpid()) children.push_back(pid);  // zombies too
  }
  closedir(proc);
  return children;
}

}  // namespace thumbmill
