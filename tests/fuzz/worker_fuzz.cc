// Links: tm_engine tm_exec tm_pool tm_loop tm_proto tm_common
// Parts: stage.cc
//
// Plays two malicious workers against the real executor, collector and
// dispatcher. They send frames of all kinds, valid frames with a byte changed,
// and RESULTs with any numbers; they die in all ways and write anything into
// the output memory. Then both become honest. The target checks that
//   - each task ends exactly once, and each image gets exactly one verdict,
//   - the executor copies no more bytes than it granted,
//   - no frame ends the run after a worker was ready,
//   - all grants have come back at the end.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/log.h"
#include "common/shm/arena.h"
#include "common/shm/budget.h"
#include "coordinator/engine/dispatcher.h"
#include "coordinator/exec/process_executor.h"
#include "coordinator/loop/event_loop.h"
#include "proto/flight_record.h"
#include "tests/fuzz/stage.h"

namespace {

using namespace thumbmill;
using namespace thumbmill::fuzz;

constexpr std::size_t kWorkers = 2;
constexpr std::size_t kItems = 6;
constexpr std::size_t kMostSteps = 200;
// Rounds within which honest workers must finish.
constexpr int kHonestRounds = 3000;
constexpr std::uint64_t kMostOutput = 128 << 10;

std::uint8_t* OutputOf(PlayedProcess* process) {
  return process->output.MutableView(0, process->output.size())->data();
}

// Reads numbers from the input; returns zeros after its end.
class Script {
 public:
  explicit Script(ByteSpan bytes) : bytes_(bytes) {}
  [[nodiscard]] bool ends() const { return bytes_.empty(); }
  std::uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  // Returns mostly small numbers, sometimes one at an edge, sometimes any.
  std::uint64_t Number() {
    const std::uint8_t first = Byte();
    if (first < 0xF0) return first;
    constexpr std::array<std::uint64_t, 8> kEdges = {
        0xFFFF,     0x10000,    kMostOutput,        kMostOutput - 1,
        0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, ~std::uint64_t{0}};
    if (first < 0xF8) return kEdges[first & 7];
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | Byte();
    return number;
  }
  std::string Text(std::size_t most) {
    std::string text;
    for (std::size_t n = std::min<std::size_t>(Byte(), most); n > 0; --n)
      text.push_back(static_cast<char>(Byte()));
    return text;
  }

 private:
  ByteSpan bytes_;
};

Recipe TheRecipe() {
  Recipe recipe;
  recipe.sizes.resize(2);
  recipe.sizes[0].width = 64;
  recipe.sizes[1].width = 32;
  recipe.sizes[0].label = recipe.sizes[0].text = "64x";
  recipe.sizes[1].label = recipe.sizes[1].text = "32x";
  return recipe;
}

class Run {
 public:
  Run() {
    NewStage();
    loop_ = *EventLoop::Create();
    inputs_ = *Arena::Create({kItems, 4096, 4096, "inputs"}, &input_budget_);
    ProcessOptions options;
    options.workers = kWorkers;
    options.worker_program = "/bin/sh";  // never started
    options.recipe = recipe_;
    options.max_output_bytes = kMostOutput;
    auto executor = MakeProcessExecutor(loop_.get(), inputs_.get(), options);
    CHECK(executor.has_value());
    executor_ = std::move(*executor);
    dispatcher_ = std::make_unique<Dispatcher>(
        executor_.get(), &decode_, &store_,
        DispatcherOptions{&recipe_, 3, Millis(30000)},
        [this](const Event& event) {
          if (const auto* made = std::get_if<Made>(&event)) {
            OnVerdict(*made->item);
            store_.Release(std::exchange(made->item->store_grant, 0));
            return;
          }
          const auto& failed = std::get<ItemFailed>(event);
          CHECK(failed.reason != Reason::kNone);
          OnVerdict(*failed.item);
        });
    TheStage().sent = [this](const TaskOrder& order) {
      CHECK(granted_.emplace(order.task.id, order.task.output_capacity).second);
    };
    CHECK(executor_->Start({[this](Finished done) { OnFinished(done); },
                            [this](Lost lost) { OnLost(lost); },
                            [this](ExecutorFailed) {
                              CHECK(!TheStage().was_ready);
                              failed_ = true;
                            }}));
    for (std::size_t i = 0; i < kItems; ++i) AddItem();
  }

  void Play(ByteSpan input) {
    Script script(input);
    for (std::size_t i = 0; i < kMostSteps && !script.ends(); ++i) {
      Step(&script);
      Turn(0);
    }
    for (int i = 0; i < kHonestRounds && verdicts_.size() < kItems && !failed_;
         ++i) {
      for (std::size_t worker = 0; worker < kWorkers; ++worker)
        BeHonest(worker);
      Turn(20);
    }
    if (failed_) return;
    CHECK(verdicts_.size() == kItems);
    CHECK(dispatcher_->leased() == 0 && dispatcher_->ready() == 0);
    CHECK(decode_.used() == 0 && store_.used() == 0);
  }

 private:
  void AddItem() {
    auto item = std::make_shared<Item>(ImageRef{});
    item->size_mask = 3;
    item->slot = *inputs_->Acquire();
    std::memcpy(item->slot.data(), "abc", 3);
    item->length = 3;
    item->Move(ItemState::kFetching);
    item->Move(ItemState::kReady);
    dispatcher_->Add(std::move(item));
  }

  void OnVerdict(const Item& item) {
    CHECK(verdicts_.insert({&item, 1}).second);
  }

  void OnFinished(Finished& done) {
    CHECK(dispatcher_->Leased(done.id) != nullptr);
    std::uint64_t copied = 0;
    for (const auto& output : done.outputs) copied += output.size();
    CHECK(copied <= granted_.at(done.id));
    CHECK(done.outputs.size() == done.outcome.thumbnails.size());
    dispatcher_->OnFinished(std::move(done));
  }
  void OnLost(Lost& lost) {
    CHECK(dispatcher_->Leased(lost.id) != nullptr);
    dispatcher_->OnLost(std::move(lost));
  }

  void Turn(int millis) {
    dispatcher_->Pump();
    for (int i = 0; i < 3; ++i) loop_->RunOnce(Millis(millis));
  }

  // Acts as a worker that follows the protocol.
  static void BeHonest(std::size_t worker) {
    PlayedProcess& process = TheStage().workers[worker];
    if (process.pid == 0) return;
    if (!std::exchange(process.introduced, true))
      return SendMessage(worker,
                         Ready{static_cast<std::uint32_t>(process.pid)});
    if (process.asked != 0)
      return SendMessage(worker, Heartbeat{std::exchange(process.asked, 0)});
    if (!process.tasks.empty()) return SendMessage(worker, Answer(&process));
    if (std::exchange(process.told_to_drain, false)) {
      SendMessage(worker, Bye{});
      TheStage().end(worker, {});
    }
  }

  static TaskResult Answer(PlayedProcess* process) {
    const TaskOrder order = process->tasks.front();
    process->tasks.pop_front();
    std::memset(OutputOf(process) + order.output_offset, 7, 16);
    TaskResult result;
    result.id = order.task.id;
    result.outcome.source_format = ImageFormat::kJpeg;
    result.outcome.output_format = ImageFormat::kJpeg;
    result.outcome.thumbnails = {{0, 1, 1, {0, 8}}, {1, 1, 1, {8, 8}}};
    return result;
  }

  // Returns a RESULT with any numbers, for the oldest task or for any.
  static TaskResult AnyAnswer(Script* script, PlayedProcess* process) {
    TaskResult result;
    result.id = script->Number();
    if (script->Byte() % 4 != 0 && !process->tasks.empty()) {
      result = Answer(process);
    }
    Outcome& outcome = result.outcome;
    const std::uint8_t which = script->Byte();
    constexpr int kReasons = static_cast<int>(Reason::kLast) + 1;
    if (which & 1)
      outcome.reason = static_cast<Reason>(script->Byte() % kReasons);
    if (which & 2) outcome.needs_output_bytes = script->Number();
    if (which & 4) outcome.message = script->Text(64);
    if (which & 8) outcome.warnings.push_back(script->Text(16));
    if (which & 16) outcome.times.decode = Micros(script->Number());
    if (which & 32)
      outcome.output_format = static_cast<ImageFormat>(script->Byte() % 6);
    if (which & 64) outcome.thumbnails.clear();
    for (int n = which & 128 ? script->Byte() % 5 : 0; n > 0; --n)
      outcome.thumbnails.push_back(
          {static_cast<std::uint32_t>(script->Number()),
           static_cast<std::uint32_t>(script->Number()),
           static_cast<std::uint32_t>(script->Number()),
           {script->Number(), script->Number()}});
    return result;
  }

  void WriteRecord(Script* script, PlayedProcess* process) {
    FlightRecord* record = FlightRecordAt(OutputOf(process));
    const std::uint64_t id = script->Number();
    if (process->tasks.empty() || id == 0) return record->task_id.store(id);
    const Task& task = process->tasks[id % process->tasks.size()].task;
    NoteTask(record, task.id,
             inputs_->view().subspan(task.input.offset, task.input.length));
    record->phase.store(static_cast<Phase>(script->Byte()));
  }

  static void WriteOutput(Script* script, PlayedProcess* process) {
    const std::size_t size = process->output.size();
    std::size_t at = script->Number() % size;
    for (int n = script->Byte() % 64; n > 0 && at < size; --n, at += 4096)
      OutputOf(process)[at] = 0xFF;
  }

  static std::string ChangedFrame(Script* script, const Message& message) {
    std::string frame;
    Encode(message, &frame);
    for (int n = 1 + script->Byte() % 3; n > 0 && !frame.empty(); --n)
      frame[script->Number() % frame.size()] =
          static_cast<char>(script->Byte());
    if (script->Byte() % 8 == 0) frame.resize(script->Byte() % 64);
    return frame;
  }

  Message AnyMessage(Script* script, PlayedProcess* process) {
    switch (script->Byte() % 7) {
      case 0:
        return Ready{static_cast<std::uint32_t>(process->pid)};
      case 1:
        return Heartbeat{process->asked};
      case 2:
        return Bye{};
      case 3:
        return Drain{};
      case 4:
        return Welcome{0, recipe_, script->Number(), script->Number()};
      case 5:
        return TaskOrder{};
      default:
        return AnyAnswer(script, process);
    }
  }

  void Step(Script* script) {
    const std::size_t worker = script->Byte() % kWorkers;
    PlayedProcess& process = TheStage().workers[worker];
    const std::uint8_t what = script->Byte() % 12;
    // Let time pass, so that heartbeats, limits and restarts come due.
    if (process.pid == 0 || what == 0) return loop_->RunOnce(Millis(60));
    switch (what) {
      case 1:
        return SendMessage(worker, AnyAnswer(script, &process));
      case 2:
        return SendMessage(worker, Heartbeat{script->Number()});
      case 3:
        return SendMessage(worker,
                           Ready{static_cast<std::uint32_t>(script->Number())});
      case 4:
        return SendMessage(worker, AnyMessage(script, &process));
      case 5:
        return SendFrame(worker, script->Text(255));
      case 6:
        return SendFrame(worker,
                         ChangedFrame(script, AnyMessage(script, &process)));
      case 7: {
        const int signal = script->Byte() % 65;
        return TheStage().end(
            worker, {signal, signal == 0 ? script->Byte() : 0, Micros(0)});
      }
      case 8:
        return WriteRecord(script, &process);
      case 9:
        return WriteOutput(script, &process);
      default:
        return BeHonest(worker);
    }
  }

  Recipe recipe_ = TheRecipe();
  MemoryBudget input_budget_{64 << 20}, decode_{64 << 20}, store_{8 << 20};
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Arena> inputs_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::map<TaskId, std::uint64_t> granted_;
  std::map<const Item*, int> verdicts_;
  bool failed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const bool quiet =
      InitLog({LogLevel::kOff, "", false, "fuzz"}).has_value();
  static_cast<void>(quiet);
  Run().Play(ByteSpan(data, size));
  return 0;
}
