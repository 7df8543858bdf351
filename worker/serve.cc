#include "worker/serve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "common/log.h"
#include "common/shm/arena.h"
#include "common/unique_fd.h"
#include "proto/channel.h"
#include "proto/flight_record.h"
#include "worker/sandbox/sandbox.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

constexpr int kExitMalformed = 3;
constexpr int kExitOrphan = 5;

// Interval at which an idle worker checks whether its parent still lives.
constexpr Millis kParentCheck{1000};
// Bytes from which on malloc() maps a buffer, so that free() returns it to the
// system: the worker must not keep the memory that one large image took.
constexpr int kMapThreshold = 4 << 20;
// Bytes of free heap that stay with the worker. Getting these pages from the
// system again would cost an image of a few megapixels 2 % of its time.
constexpr std::size_t kKeptHeap = 12 << 20;

constexpr rlim_t kMostStack = 8 << 20;

// Makes the kernel kill this worker first when memory runs out, and not the
// coordinator, which knows the finished images: its OOM score rises by half of
// the machine's memory.
void VolunteerForOom() {
  const UniqueFd fd(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (fd.valid()) (void)!write(fd.get(), "500", 3);
}

void PrepareProcess() {
  // The log must be set up before the sandbox: it asks whether stderr is a
  // terminal.
  LogOptions log;
  log.process = "worker";
  log.bare = true;
  (void)InitLog(log);
  // The coordinator alone decides about a terminal's Ctrl-C.
  for (const int ignored : {SIGINT, SIGTERM, SIGHUP}) signal(ignored, SIG_IGN);
  // A write that nobody reads must fail, not kill the worker.
  signal(SIGPIPE, SIG_IGN);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  // RLIMIT_DATA does not count the stack.
  const rlimit stack{kMostStack, kMostStack};
  setrlimit(RLIMIT_STACK, &stack);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  VolunteerForOom();
  mallopt(M_MMAP_THRESHOLD, kMapThreshold);
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(kKeptHeap));
  // libzmq's threads need no heap of their own.
  mallopt(M_ARENA_MAX, 1);
}

class Worker {
 public:
  explicit Worker(const WorkerArgs& args)
      : args_(args), sandbox_(args.sandbox) {}

  Status Connect();
  // Returns the exit code.
  int Run();

 private:
  [[nodiscard]] bool ParentLives() const { return getppid() == args_.parent; }
  // Returns the exit code, or empty if the worker goes on.
  std::optional<int> Handle(Message& message);
  std::optional<int> On(const Welcome& welcome);
  std::optional<int> On(const TaskOrder& order);
  std::optional<int> On(const Heartbeat& heartbeat);
  std::optional<int> On(const Drain& drain);
  template <typename Other>
  std::optional<int> On(const Other&) {
    return Malformed("a message that only a worker sends");
  }
  std::optional<int> Malformed(std::string_view what) const;
  std::optional<int> Answer(const Message& message);
  void Tidy(const Task& task) const;
  // Logs the missing sandbox layers, as much as args_.sandbox_logging allows.
  void LogMissingLayers(const Status& closed) const;

  WorkerArgs args_;
  Sandbox sandbox_;
  MappedRegion inputs_, outputs_;
  FlightRecord* record_ = nullptr;
  std::unique_ptr<PeerChannel> channel_;
  std::unique_ptr<Thumbnailer> thumbnailer_;  // null until WELCOME
};

Status Worker::Connect() {
  ASSIGN_OR_RETURN(
      inputs_, MappedRegion::Map(args_.input_fd, MappedRegion::Access::kRead));
  ASSIGN_OR_RETURN(
      outputs_,
      MappedRegion::Map(args_.output_fd, MappedRegion::Access::kReadWrite));
  const auto page = outputs_.MutableView(0, sizeof(FlightRecord));
  if (!page) return Fail(ErrorCode::kBadData, "the output region is empty");
  record_ = FlightRecordAt(page->data());
  // Before Connect(), which starts threads: namespaces need a process of one.
  sandbox_.Prepare();
  ASSIGN_OR_RETURN(channel_, PeerChannel::Connect(args_.endpoint, args_.peer));
  return channel_->Send(Ready{static_cast<std::uint32_t>(getpid())});
}

int Worker::Run() {
  while (true) {
    Result<std::optional<Message>> message = channel_->Receive(kParentCheck);
    if (!message) return *Malformed(message.error().what);
    if (!message->has_value()) {
      if (!ParentLives()) return kExitOrphan;
      continue;
    }
    if (const std::optional<int> code = Handle(**message)) return *code;
  }
}

std::optional<int> Worker::Handle(Message& message) {
  return std::visit([this](const auto& each) { return On(each); }, message);
}

std::optional<int> Worker::Malformed(std::string_view what) const {
  LogError(fmt::format("worker (pid {}): {}", getpid(), what));
  return kExitMalformed;
}

std::optional<int> Worker::On(const Welcome& welcome) {
  if (thumbnailer_) return Malformed("a second WELCOME");
  if (welcome.input_bytes != inputs_.size() ||
      welcome.output_bytes != outputs_.size())
    return Malformed("the regions are not those of WELCOME");
  thumbnailer_ = std::make_unique<Thumbnailer>(welcome.recipe, &record_->phase);
  // The worker opens no file and talks to no other process after this.
  const Status closed = sandbox_.Close();
  if (!closed && args_.sandbox == SandboxMode::kRequire) {
    LogError("worker: " + closed.error().what);
    return kWorkerExitSetup;
  }
  LogMissingLayers(closed);
  return std::nullopt;
}

void Worker::LogMissingLayers(const Status& closed) const {
  if (args_.sandbox_logging == SandboxLogging::kNothing) return;
  if (!closed)
    LogWarning("workers run without a sandbox: " + closed.error().what);
  else if (args_.sandbox_logging == SandboxLogging::kAll &&
           !sandbox_.missing().empty())
    LogWarning("workers are held by the filter of system calls, without: " +
               sandbox_.missing());
}

std::optional<int> Worker::On(const TaskOrder& order) {
  const Task& task = order.task;
  const auto input = inputs_.View(task.input.offset, task.input.length);
  const auto output =
      outputs_.MutableView(order.output_offset, task.output_capacity);
  if (!thumbnailer_ || !input || !output)
    return Malformed("a TASK outside of the regions");
  // The note comes before the first look at the input, which may kill us.
  NoteTask(record_, task.id, *input);
  TaskResult result;
  result.id = task.id;
  result.outcome = thumbnailer_->Run(*input, task.size_mask, *output);
  Tidy(task);
  NoteTaskDone(record_);
  return Answer(result);
}

std::optional<int> Worker::On(const Heartbeat& heartbeat) {
  return Answer(heartbeat);
}

std::optional<int> Worker::On(const Drain&) {
  (void)channel_->Send(Bye{});
  return 0;
}

std::optional<int> Worker::Answer(const Message& message) {
  if (channel_->Send(message)) return std::nullopt;
  return kExitOrphan;
}

// Returns free memory inside the heap to the system after a large task: free()
// returns only the top of the heap.
void Worker::Tidy(const Task& task) const {
  if (task.peak_bytes >= kKeptHeap && mallinfo2().fordblks > kKeptHeap)
    malloc_trim(0);
}

}  // namespace

int Serve(const WorkerArgs& args) {
  PrepareProcess();
  Worker worker(args);
  const Status connected = worker.Connect();
  if (connected) return worker.Run();
  LogError("worker: " + connected.error().what);
  return kWorkerExitSetup;
}

}  // namespace thumbmill
