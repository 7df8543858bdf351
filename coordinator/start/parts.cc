#include "coordinator/start/parts.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "common/fail_point.h"
#include "common/own_files.h"
#include "coordinator/exec/local_executor.h"
#include "coordinator/exec/process_executor.h"
#include "coordinator/loop/beside.h"
#include "coordinator/loop/machine.h"
#include "coordinator/net/url.h"
#include "coordinator/sink/target.h"
#include "coordinator/source/open_sources.h"
#include "coordinator/start/limits.h"
#include "coordinator/view/report_json.h"

namespace thumbmill {
namespace {

// Input slots in addition to one for each download: for inputs that wait for a
// worker, and for those that a worker holds.
constexpr std::size_t kReadySlots = 64;
constexpr std::size_t kSlotsAWorker = 10;
// Bytes of free input slots that stay touched for the next inputs. Few suffice:
// the arena takes the slot that returned last.
constexpr std::uint64_t kWarmBytes = 32 << 20;

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

}  // namespace

Status WithDownloads(Parts* parts, std::function<void()> work) {
  if (parts->lists) return RunBeside(parts->loop.get(), std::move(work));
  work();
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

EngineParts PartsOfEngine(Parts* parts) {
  EngineParts made;
  made.loop = parts->loop.get();
  made.pool = parts->pool.get();
  made.transfers = parts->transfers.get();
  made.arena = parts->arena.get();
  made.decode = &*parts->decode;
  made.store = &*parts->store;
  made.executor = parts->executor.get();
  made.sink = parts->sink.get();
  made.journal = parts->journal.get();
  made.look = parts->look.get();
  made.stop = &parts->stop;
  made.name = &*parts->name;
  made.stats = &parts->stats;
  made.memory = &parts->memory;
  made.cancel_source = [parts] { parts->cancel->Cancel(); };
  return made;
}

}  // namespace thumbmill
