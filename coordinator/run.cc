#include "coordinator/run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/fail_point.h"
#include "common/log.h"
#include "common/own_files.h"
#include "common/printable.h"
#include "coordinator/cli/units.h"
#include "coordinator/engine/engine.h"
#include "coordinator/engine/memory_plan.h"
#include "coordinator/exec/local_executor.h"
#include "coordinator/exec/process_executor.h"
#include "coordinator/loop/beside.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "coordinator/loop/machine.h"
#include "coordinator/loop/memory_peak.h"
#include "coordinator/loop/signals.h"
#include "coordinator/net/transfer.h"
#include "coordinator/net/url.h"
#include "coordinator/sink/output_look.h"
#include "coordinator/sink/target.h"
#include "coordinator/source/list_downloads.h"
#include "coordinator/source/open_sources.h"
#include "coordinator/view/console.h"
#include "coordinator/view/describe.h"
#include "coordinator/view/progress.h"
#include "coordinator/view/report.h"

namespace thumbmill {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitUsage = 1;
constexpr int kExitFailures = 2;
constexpr int kExitLimit = 3;
constexpr int kExitFatal = 4;

// The report's default path below the state.
constexpr const char* kReportName = "/report.json";

// Threads for file calls that may block.
constexpr std::size_t kIoThreads = 4;
// Input slots in addition to one for each download: for inputs that wait for a
// worker, and for those that a worker holds.
constexpr std::size_t kReadySlots = 64;
constexpr std::size_t kSlotsAWorker = 10;
// Bytes of free input slots that stay touched for the next inputs. Few suffice:
// the arena takes the slot that returned last.
constexpr std::uint64_t kWarmBytes = 32 << 20;

// The parts of a run. The last member is destroyed first, so the order matters.
struct Parts {
  MemoryPlan plan;
  std::optional<MemoryBudget> input, decode, store;
  std::unique_ptr<Arena> arena;
  // Declared after the arena: callbacks that never ran may hold slots of it.
  std::unique_ptr<EventLoop> loop;
  std::optional<SourceCancel> cancel;  // unblocks a source that waits
  std::optional<SignalWatch> signals;
  std::unique_ptr<ListDownloads> lists;  // null if no list lies on a server
  std::unique_ptr<Source> source;
  bool retry_failed = false;
  UniqueFd state;                 // the folder; invalid if nothing is kept
  std::atomic<bool> stop{false};  // ends a long query of the journal
  std::unique_ptr<Journal> journal;
  std::unique_ptr<OutputLook> look;
  std::unique_ptr<Sink> sink;
  // Declared after the parts that its tasks use: its threads must end before
  // those parts, also if a run stops at once.
  std::unique_ptr<IoPool> pool;
  std::unique_ptr<Transfers> transfers;
  std::unique_ptr<Executor> executor;
  std::optional<NameTemplate> name;
  RunStats stats;
  MemoryPeak memory;
  bool drew_block = false;  // the last block on the terminal shows the totals
};

// Open files of an idle run, and of each worker (its process, its shared
// memory, its connection). Measured were 25 and 4; the rest is reserve.
constexpr std::uint64_t kOwnDescriptors = 64;
constexpr std::uint64_t kWorkerDescriptors = 8;
// Starting a worker moves its descriptors to fixed numbers and needs free
// numbers above those (coordinator/pool/spawn.cc).
constexpr std::uint64_t kLeastDescriptors = 256;

// The threads of the lister, the committer, ZeroMQ and a name lookup.
constexpr std::size_t kOtherThreads = 5;

// Tries the call that ZeroMQ makes in its threads: if the system refuses it
// there, ZeroMQ ends the process.
Status CheckScheduling() {
  int policy = 0;
  sched_param parameters{};
  const pthread_t self = pthread_self();
  int sys = pthread_getschedparam(self, &policy, &parameters);
  if (sys == 0) sys = pthread_setschedparam(self, policy, &parameters);
  if (sys == 0) return {};
  Error error = SystemError("sched_setscheduler is refused", sys);
  error.what +=
      "; ZeroMQ needs it to reach worker processes: let the filter of the "
      "container allow it, or use --backend threads";
  return tl::unexpected<Error>(std::move(error));
}

// Raises the limit on open files: thousands of connections need more than the
// usual 1,024. Refuses a run that may get too few, before it starts: a library
// could end the process, or an image could fail for a reason that is not its
// own.
Status ReserveDescriptors(const RunOptions& options) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return FailSystem("getrlimit", errno);
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  // The limit on the size of a file is raised too, for the journal and outputs.
  rlimit size;
  if (getrlimit(RLIMIT_FSIZE, &size) == 0) {
    size.rlim_cur = size.rlim_max;
    (void)setrlimit(RLIMIT_FSIZE, &size);
  }
  std::uint64_t needed = kOwnDescriptors + options.downloads;
  if (options.backend == Backend::kProcesses)
    needed += kWorkerDescriptors * options.workers;
  needed += options.target.descriptors;
  needed = std::max(needed, kLeastDescriptors);
  if (limit.rlim_max >= needed) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{} open files are allowed (ulimit -n), {} may be "
                          "needed; fewer --downloads or --workers need fewer",
                          limit.rlim_max, needed));
}

// Makes as many threads as the run will have, and ends them. Some libraries end
// the process if they get no thread; this refuses the run with a reason
// instead.
Status ReserveThreads(const RunOptions& options) {
  const bool processes = options.backend == Backend::kProcesses;
  const std::size_t count =
      kIoThreads + kOtherThreads + (processes ? 0 : options.workers);
  std::vector<std::thread> threads;
  std::latch end(1);
  int sys = 0;
  try {
    threads.reserve(count);
    while (threads.size() < count) threads.emplace_back([&end] { end.wait(); });
  } catch (const std::system_error& error) {
    sys = error.code().value();
  }
  end.count_down();
  for (std::thread& thread : threads) thread.join();
  if (sys == 0 && processes) return CheckScheduling();
  if (sys == 0) return {};
  Error error = SystemError("cannot make a thread", sys);
  error.what += fmt::format(
      "; this run needs {}: raise the limit (ulimit -u), or end other programs "
      "of this user",
      count);
  return tl::unexpected<Error>(std::move(error));
}

// Runs work that reads the sources. If a list is downloaded, the loop must run
// meanwhile.
Status WithDownloads(Parts* parts, std::function<void()> work) {
  if (parts->lists) return RunBeside(parts->loop.get(), std::move(work));
  work();
  return {};
}

Status PrepareDownloads(const RunOptions& options, SourceOptions* source,
                        Parts* parts) {
  const auto is_list = [&options](const std::string& input) {
    return IsUrlList(input, options.input_format);
  };
  if (std::none_of(options.inputs.begin(), options.inputs.end(), is_list))
    return {};
  RetryOptions retry;
  retry.retries = options.retries;
  retry.base = options.retry_delay;
  ASSIGN_OR_RETURN(
      parts->lists,
      ListDownloads::Create(parts->loop.get(), options.transfer, retry));
  source->download = [lists = parts->lists.get()](const std::string& url) {
    return lists->Open(url);
  };
  return {};
}

Status OpenSource(const RunOptions& options, Parts* parts) {
  SourceOptions source;
  source.input_format = options.input_format;
  source.url_column = options.url_column;
  source.include = options.include;
  source.exclude = options.exclude;
  if (!options.target.folder.empty())
    source.never_enter.push_back(options.target.folder);
  if (!options.state_dir.empty())
    source.never_enter.push_back(options.state_dir);
  if (!options.keep_poison.empty())
    source.never_enter.push_back(options.keep_poison);
  source.cancel_fd = parts->cancel->fd();
  RETURN_IF_ERROR(PrepareDownloads(options, &source, parts));
  Result<OpenedSources> result = Fail(ErrorCode::kInternal, "");
  RETURN_IF_ERROR(WithDownloads(
      parts, [&] { result = OpenSources(options.inputs, source); }));
  ASSIGN_OR_RETURN(OpenedSources opened, std::move(result));
  // Opening a piped table waits for its header; a stop signal ends that wait.
  if (const int signal = PendingEnd(); signal != 0)
    return Fail(ErrorCode::kCancelled, "ended while sources were opened",
                signal);
  parts->cancel->RunBegins();
  parts->source = std::move(opened.source);
  parts->retry_failed = options.retry_failed || opened.retry_failed;
  return {};
}

// Returns whether to check that the outputs of earlier runs still exist. Only
// for folders: servers are not asked.
bool LooksAtOutputs(const RunOptions& options) {
  return !options.target.folder.empty() && !options.trust_journal;
}

Status OpenState(const RunOptions& options, Parts* parts) {
  const bool keeps = options.target.keeps_state || !options.state_dir.empty();
  struct stat st;
  const bool exists = stat(options.state_dir.c_str(), &st) == 0;
  if (!keeps || (options.dry_run && !exists)) {
    ASSIGN_OR_RETURN(parts->journal, MemoryJournal());
    return {};
  }
  // The state names sources verbatim, so only its owner may read it.
  ASSIGN_OR_RETURN(parts->state, OpenPrivateFolder(options.state_dir));
  JournalOptions journal;
  journal.state_dir = options.state_dir;
  journal.state = parts->state.get();
  journal.stop = &parts->stop;
  journal.recipe = RecipeJson(options);
  for (const SizeSpec& size : options.recipe.sizes)
    journal.sizes.push_back(size.text);
  journal.retry_failed = parts->retry_failed;
  journal.revalidate = options.revalidate;
  journal.overwrite = options.overwrite && !options.dry_run;
  journal.tell_made = LooksAtOutputs(options);
  journal.cost_bounds = {options.memory, options.recipe.limits.max_scans,
                         options.recipe.limits.max_output_pixels};
  ASSIGN_OR_RETURN(parts->journal, OpenJournal(journal));
  return {};
}

Status OpenTarget(const RunOptions& options, Parts* parts) {
  ASSIGN_OR_RETURN(parts->sink, OpenSink(TargetSpec(options), parts->loop.get(),
                                         parts->pool.get()));
  return parts->sink->Prepare();
}

Status PlanAndAllocate(const RunOptions& options, Parts* parts) {
  const std::size_t processes =
      options.backend == Backend::kProcesses ? options.workers : 0;
  ASSIGN_OR_RETURN(parts->plan, PlanMemory(options.memory, processes,
                                           options.transfer.max_bytes));
  parts->input.emplace(parts->plan.input);
  parts->decode.emplace(parts->plan.decode);
  parts->store.emplace(parts->plan.store);
  ArenaLayout layout;
  layout.slots =
      options.downloads + kReadySlots + kSlotsAWorker * options.workers;
  layout.slot_bytes = options.transfer.max_bytes + (1 << 20);
  // Each slot keeps up to 64 KiB touched, but all slots together at most a
  // quarter of the budget for inputs. Whole pages.
  layout.keep_bytes = std::min<std::uint64_t>(
      64 << 10, parts->plan.input / 4 / layout.slots / 4096 * 4096);
  // About as much as the photographs under way hold together.
  layout.warm_bytes =
      std::min<std::uint64_t>(kWarmBytes, parts->plan.input / 4);
  layout.name = "thumbmill-inputs";
  ASSIGN_OR_RETURN(parts->arena, Arena::Create(layout, &*parts->input));
  return {};
}

Status MakeExecutor(const RunOptions& options, const Recipe& recipe,
                    Parts* parts) {
  if (options.backend != Backend::kProcesses) {
    LocalOptions local;
    local.threads = options.workers;
    local.recipe = recipe;
    parts->executor =
        MakeLocalExecutor(parts->loop.get(), parts->arena.get(), local);
    return {};
  }
  ProcessOptions process;
  process.workers = options.workers;
  process.worker_program = options.worker_program;
  process.recipe = recipe;
  process.max_output_bytes = parts->plan.store;
  process.sandbox = options.sandbox;
  process.oom_kills = OomKills;
  process.accounted = [store = &*parts->store] { return store->used(); };
  ASSIGN_OR_RETURN(
      parts->executor,
      MakeProcessExecutor(parts->loop.get(), parts->arena.get(), process));
  return {};
}

Status Build(const RunOptions& options, Parts* parts) {
  TM_FAIL_POINT("start");
  parts->memory.Look();
  ASSIGN_OR_RETURN(parts->loop, EventLoop::Create());
  parts->pool = std::make_unique<IoPool>(kIoThreads);
  RETURN_IF_ERROR(parts->pool->status());
  ASSIGN_OR_RETURN(SourceCancel cancel, SourceCancel::Create());
  parts->cancel = std::move(cancel);
  ASSIGN_OR_RETURN(NameTemplate name,
                   NameTemplate::Parse(options.name_template));
  parts->name = std::move(name);
  RETURN_IF_ERROR(OpenSource(options, parts));
  parts->memory.Look();
  RETURN_IF_ERROR(PlanAndAllocate(options, parts));
  // Lock the state first: opening the target could disturb another run that
  // uses the same state.
  RETURN_IF_ERROR(OpenState(options, parts));
  parts->memory.Look();
  if (!options.dry_run) RETURN_IF_ERROR(OpenTarget(options, parts));
  if (LooksAtOutputs(options))
    parts->look = std::make_unique<OutputLook>(options.target.folder);
  if (options.dry_run) return {};
  parts->memory.Look();
  TM_FAIL_POINT("target-prepared");
  TransferOptions transfer = options.transfer;
  // Keep a connection for each download: closing and reopening costs time.
  transfer.kept_connections = std::max<long>(
      transfer.kept_connections, static_cast<long>(options.downloads));
  ASSIGN_OR_RETURN(parts->transfers,
                   Transfers::Create(parts->loop.get(), transfer));
  Recipe recipe = options.recipe;
  // A worker refuses an image that all memory for decodes could not hold.
  recipe.limits.max_peak_bytes = parts->plan.decode;
  return MakeExecutor(options, recipe, parts);
}

// ---- dry run -----------------------------------------------------------

const char* Verb(const ClaimVerdict& verdict) {
  if (verdict.damaged) return "make again";
  switch (verdict.kind) {
    case ClaimVerdict::Kind::kFresh:
    case ClaimVerdict::Kind::kAgain:
      return "make";
    case ClaimVerdict::Kind::kPartly:
      return "add sizes";
    case ClaimVerdict::Kind::kDone:
      return "done";
    case ClaimVerdict::Kind::kFailedBefore:
      return "failed before";
    case ClaimVerdict::Kind::kSkippedBefore:
      return "skipped before";
    case ClaimVerdict::Kind::kDuplicate:
      return "duplicate";
    case ClaimVerdict::Kind::kCollision:
      return "name_collision";
  }
  return "?";
}

// Prints one line for each item to stdout: the action, the source, the name.
int DryRun(const RunOptions& options, Parts* parts) {
  while (true) {
    Result<std::optional<ImageRef>> next = parts->source->Next();
    if (!next)  // the source has logged the error
      return next.error().code == ErrorCode::kUsage ? kExitUsage
                                                    : kExitFailures;
    if (!next->has_value())
      return std::fflush(stdout) == 0 ? kExitDone : kExitFatal;
    if (std::ferror(stdout) != 0) return kExitFatal;
    const ImageRef& ref = **next;
    const std::string shown = PrintableField(RedactUrl(ref.uri));
    if (ref.reason != Reason::kNone) {
      Say(stdout, "{}\t{}\t\n", ToWord(ref.reason), shown);
      continue;
    }
    ClaimRequest request;
    request.source_key = SourceKey(ref);
    request.claim = parts->name->Claim(ref, options.recipe.format);
    request.stamp = ref.stamp;
    auto verdicts = parts->journal->Claim(std::span(&request, 1));
    if (!verdicts) {
      LogError(verdicts.error().what);
      return kExitFatal;
    }
    if (parts->look) LookAtOutputs(parts->look.get(), &verdicts->front());
    Say(stdout, "{}\t{}\t{}\n", Verb(verdicts->front()), shown,
        PrintableField(request.claim));
  }
}

// ---- the run -----------------------------------------------------------

void OnSignal(int signal, Engine* engine, Progress* progress) {
  switch (signal) {
    case SIGWINCH:
      return progress->Resized();
    case SIGTSTP:
      progress->Suspend();
      return StopLikeAJob();
    case SIGUSR2:
      for (const std::string& line :
           Describe(engine->monitor().Take(Detail::kActivity)))
        LogAnswer(line);
      return;
    default:
      return engine->Interrupt(signal);
  }
}

RunEnd RunEngine(const RunOptions& options, Parts* parts) {
  Progress progress(options.progress, options.stats_interval, stderr);
  EngineParts engine_parts;
  engine_parts.loop = parts->loop.get();
  engine_parts.pool = parts->pool.get();
  engine_parts.transfers = parts->transfers.get();
  engine_parts.arena = parts->arena.get();
  engine_parts.decode = &*parts->decode;
  engine_parts.store = &*parts->store;
  engine_parts.executor = parts->executor.get();
  engine_parts.sink = parts->sink.get();
  engine_parts.journal = parts->journal.get();
  engine_parts.look = parts->look.get();
  engine_parts.stop = &parts->stop;
  engine_parts.name = &*parts->name;
  engine_parts.stats = &parts->stats;
  engine_parts.memory = &parts->memory;
  engine_parts.cancel_source = [parts] { parts->cancel->Cancel(); };
  Engine engine(options, engine_parts, std::move(parts->source));
  engine.monitor().AddViewer(
      [&](const Snapshot& snapshot) { progress.Show(snapshot, Now()); });
  auto signals = SignalWatch::Create(parts->loop.get(), [&](int signal) {
    OnSignal(signal, &engine, &progress);
  });
  if (!signals) {
    LogError(signals.error().what);
    return {RunEnd::Kind::kFatal, signals.error(), 0};
  }
  RunEnd end = engine.Run();
  parts->drew_block = progress.draws_block();
  // After a stop at once, waiting tasks must not start: the engine is gone
  // then.
  parts->pool->DropQueued();
  return end;
}

// Returns true if a list could not be read to its end, or was no list.
bool Unread(const RunEnd& end) {
  return end.kind == RunEnd::Kind::kFinished && !end.error.what.empty();
}

int ExitCode(const RunEnd& end, const RunStats& stats) {
  switch (end.kind) {
    case RunEnd::Kind::kFinished:
      if (stats.listed == 0 && Unread(end) &&
          end.error.code == ErrorCode::kUsage)
        return kExitUsage;
      return stats.failed + stats.failed_before > 0 || Unread(end)
                 ? kExitFailures
                 : kExitDone;
    case RunEnd::Kind::kLimit:
      return kExitLimit;
    case RunEnd::Kind::kFatal:
      return kExitFatal;
    case RunEnd::Kind::kInterrupted:
      return 128 + end.signal;
  }
  return kExitFatal;
}

const char* EndWord(RunEnd::Kind kind) {
  switch (kind) {
    case RunEnd::Kind::kFinished:
      return "finished";
    case RunEnd::Kind::kLimit:
      return "limit";
    case RunEnd::Kind::kFatal:
      return "fatal";
    case RunEnd::Kind::kInterrupted:
      return "interrupted";
  }
  return "fatal";
}

// Writes report.json to the state, or to the path of --report.
Status LeaveReportFile(const RunOptions& options, const RunFacts& facts,
                       const Parts& parts) {
  const bool in_state = parts.state.valid() &&
                        options.report_file == options.state_dir + kReportName;
  if (!in_state) {
    ASSIGN_OR_RETURN(const Place place, FindPlace(options.report_file, false));
    return WriteReport(place, facts);
  }
  // Use the open folder of the state: its path may lead elsewhere by now.
  Place place;
  place.folder.Reset(fcntl(parts.state.get(), F_DUPFD_CLOEXEC, 3));
  if (!place.folder.valid()) return FailSystem("cannot write a report", errno);
  place.name = kReportName + 1;
  return WriteReport(place, facts);
}

// Writes failed.jsonl and the report. An error is only a warning, because the
// run has done its work.
void LeaveFiles(const RunOptions& options, const RunFacts& facts,
                Parts* parts) {
  const auto warn = [](const Status& status) {
    if (!status) LogWarning(status.error().what);
  };
  if (parts->state.valid())
    warn(WriteFailed(parts->state.get(), parts->journal.get()));
  if (!options.report_file.empty())
    warn(LeaveReportFile(options, facts, *parts));
}

void LeaveReport(const RunOptions& options, const RunEnd& end, int exit_code,
                 Parts* parts) {
  RunFacts facts;
  facts.options = &options;
  facts.stats = &parts->stats;
  facts.ended = EndWord(end.kind);
  facts.error = end.error.what;
  facts.exit_code = exit_code;
  facts.workers = options.workers;
  facts.memory_limit = options.memory;
  {
    // Reading a state of millions of items takes a while. A stop signal ends
    // it; if the run itself was interrupted, one second does.
    parts->stop = false;
    const FlagAtSignals stop(&parts->stop,
                             end.kind == RunEnd::Kind::kInterrupted ? 1 : 0);
    const auto counts = parts->journal->Counts();
    facts.counted = counts.has_value();
    if (counts) facts.counts = *counts;
    LeaveFiles(options, facts, parts);
  }
  if (options.quiet) return;
  Say(stderr, "{}{}", parts->drew_block ? "" : Totals(facts), Summary(facts));
  if (parts->state.valid() &&
      parts->stats.failed + parts->stats.failed_before > 0)
    Say(stderr, "failures: {}/failed.jsonl\n", Printable(options.state_dir));
  if (!options.report_file.empty())
    Say(stderr, "report: {}\n", Printable(options.report_file));
  std::fflush(stderr);
}

int Refused(const Error& error) {
  // A stop signal came before the run began: there is nothing to report.
  if (error.code == ErrorCode::kCancelled) return 128 + error.sys;
  LogError(error.what);
  return error.code == ErrorCode::kUsage ? kExitUsage : kExitFatal;
}

}  // namespace

int Run(const RunOptions& options) {
  if (StdinWasClosed() &&
      std::count(options.inputs.begin(), options.inputs.end(), "-") > 0)
    return Refused(Error{ErrorCode::kUsage,
                         "the list is to come from standard input (-i -), "
                         "which is closed; name a file or connect it",
                         0});
  // A dry run leaves nothing half done, so a stop signal may end it at once.
  if (options.dry_run) {
    UnblockSignals();
  } else {
    BlockRunSignals();
  }
  ScheduleAsBatch();  // before the first thread, so that all inherit it
  if (Status enough = ReserveDescriptors(options); !enough)
    return Refused(enough.error());
  if (Status enough = ReserveThreads(options); !enough)
    return Refused(enough.error());
  auto parts = std::make_unique<Parts>();
  {
    // Opening a list, a journal or a disk may take long. Nothing is half done
    // then, so a stop signal may end the process at once.
    const EndAtSignals end;
    if (Status built = Build(options, parts.get()); !built)
      return Refused(built.error());
  }
  if (options.dry_run) {
    const EndAtSignals end;
    int code = kExitFatal;
    const Status ran = WithDownloads(
        parts.get(), [&] { code = DryRun(options, parts.get()); });
    return ran ? code : Refused(ran.error());
  }
  const RunEnd end = RunEngine(options, parts.get());
  const int exit_code = ExitCode(end, parts->stats);
  if (end.kind == RunEnd::Kind::kFinished && parts->stats.listed == 0 &&
      !Unread(end))
    LogWarning("the input names no image");
  LeaveReport(options, end, exit_code, parts.get());
  TM_FAIL_POINT("end");
  return exit_code;
}

}  // namespace thumbmill
