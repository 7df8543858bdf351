#include "tests/workers/fake_worker.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "proto/worker_args.h"

namespace thumbmill {
namespace {

[[noreturn]] void GiveUp() { std::_Exit(9); }

template <typename T>
T Must(Result<T> result) {
  if (!result) GiveUp();
  return std::move(*result);
}

}  // namespace

FakeWorker::FakeWorker(int argc, char** argv) {
  // Tests crash workers on purpose; core files would only cost time.
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  // Lets SIGSEGV kill the process; a sanitizer would report it and exit
  // instead.
  signal(SIGSEGV, SIG_DFL);
  // Skips the program and the command.
  const auto args =
      Must(WorkerArgs::Parse(std::vector<std::string>(argv + 2, argv + argc)));
  inputs_ = Must(MappedRegion::Map(args.input_fd, MappedRegion::Access::kRead));
  outputs_ =
      Must(MappedRegion::Map(args.output_fd, MappedRegion::Access::kReadWrite));
  record_ = FlightRecordAt(outputs_.MutableView(0, 64)->data());
  channel_ = Must(PeerChannel::Connect(args.endpoint, args.peer));
}

void FakeWorker::Greet() {
  Send(Ready{static_cast<std::uint32_t>(getpid())});
  const auto welcome = Receive(Millis(5000));
  if (!welcome || !std::holds_alternative<Welcome>(*welcome)) GiveUp();
  const auto asked = Receive(Millis(5000));
  if (!asked || !std::holds_alternative<Heartbeat>(*asked)) GiveUp();
  Send(*asked);
}

TaskOrder FakeWorker::AwaitTask() {
  while (true) {
    const auto message = Receive(Millis(60000));
    if (!message) GiveUp();
    if (std::holds_alternative<Drain>(*message)) {
      Send(Bye{});
      channel_.reset();
      std::exit(0);
    }
    if (std::holds_alternative<Heartbeat>(*message)) Send(*message);
    if (const auto* order = std::get_if<TaskOrder>(&*message)) {
      NoteTask(record_, order->task.id, Input(*order));
      record_->phase.store(Phase::kDecode);
      return *order;
    }
  }
}

ByteSpan FakeWorker::Input(const TaskOrder& order) const {
  const ByteRange& range = order.task.input;
  const auto input = inputs_.View(range.offset, range.length);
  if (!input) GiveUp();
  return *input;
}

TaskResult FakeWorker::Work(const TaskOrder& order) {
  TaskResult result;
  result.id = order.task.id;
  result.outcome.output_format = ImageFormat::kJpeg;
  std::uint64_t at = 0;
  for (std::uint32_t i = 0; i < kMaxSizes; ++i) {
    if ((order.task.size_mask >> i & 1) == 0) continue;
    const std::uint32_t words[2] = {
        static_cast<std::uint32_t>(order.task.input.length), i};
    const auto range =
        outputs_.MutableView(order.output_offset + at, sizeof words);
    if (!range) GiveUp();
    std::memcpy(range->data(), words, sizeof words);
    result.outcome.thumbnails.push_back({i, 1, 1, {at, sizeof words}});
    at += sizeof words;
  }
  return result;
}

void FakeWorker::Answer(const TaskResult& result) {
  NoteTaskDone(record_);
  Send(result);
}

void FakeWorker::Send(const Message& message) {
  if (!channel_->Send(message)) GiveUp();
}

void FakeWorker::SendRaw(std::string_view frame) {
  if (!channel_->SendRaw(AsBytes(frame))) GiveUp();
}

std::optional<Message> FakeWorker::Receive(Millis timeout) {
  return Must(channel_->Receive(timeout));
}

MutableByteSpan FakeWorker::outputs() const {
  return *outputs_.MutableView(0, outputs_.size());
}

void FakeWorker::DoNothing() {
  while (true) pause();
}

}  // namespace thumbmill
