#include "coordinator/run.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "common/fail_point.h"
#include "common/log.h"
#include "common/own_files.h"
#include "coordinator/cli/exit_codes.h"
#include "coordinator/engine/engine.h"
#include "coordinator/loop/machine.h"
#include "coordinator/loop/signals.h"
#include "coordinator/start/dry_run.h"
#include "coordinator/start/limits.h"
#include "coordinator/start/parts.h"
#include "coordinator/view/describe.h"
#include "coordinator/view/progress.h"
#include "coordinator/view/report.h"

namespace thumbmill {
namespace {

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

RunEnd RunEngine(const RunOptions& options, Parts* parts, bool* drew_block) {
  Progress progress(options.progress, options.stats_interval, stderr);
  Engine engine(options, PartsOfEngine(parts), std::move(parts->source));
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
  *drew_block = progress.draws_block();
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
  if (Status enough = ReserveLimits(options); !enough)
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
  bool drew_block = false;
  const RunEnd end = RunEngine(options, parts.get(), &drew_block);
  const int exit_code = ExitCode(end, parts->stats);
  if (end.kind == RunEnd::Kind::kFinished && parts->stats.listed == 0 &&
      !Unread(end))
    LogWarning("the input names no image");
  LeaveReport(
      options, parts->stats, end, exit_code,
      {parts->journal.get(), parts->state.get(), &parts->stop, drew_block});
  TM_FAIL_POINT("end");
  return exit_code;
}

}  // namespace thumbmill
