// coordinator/cli/options.h: what `coordinator run` was asked to do, checked.
//
// Contract docs/cli.md. Each field is one flag; its default is the flag's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "coordinator/net/transfer.h"
#include "coordinator/sink/fsync_policy.h"
#include "proto/recipe.h"
#include "proto/worker_args.h"

namespace thumbmill {

enum class Backend { kSerial, kThreads, kProcesses };
enum class ProgressMode { kAuto, kTty, kPlain, kNone };
enum class TargetKind { kDirectory, kHttp, kNull };

// --max-failures: a count, or a share of the items that ended.
struct FailureBound {
  std::uint64_t count = 0;
  double percent = 0;  // > 0: applies after 1,000 items
};

struct RunOptions {
  std::size_t workers = 0;  // 0: all usable cores
  Backend backend = Backend::kProcesses;

  std::vector<std::string> inputs;
  std::string input_format;  // empty: by suffix
  std::string url_column = "url";
  std::vector<std::string> include, exclude;

  std::string output;
  TargetKind target = TargetKind::kDirectory;
  std::string name_template;
  Recipe recipe;

  std::size_t downloads = 64;
  std::size_t per_host = 6;
  std::size_t uploads = 32;
  TransferOptions transfer;
  RequestHeaders put_headers;  // sent to an http target
  int retries = 3;
  Millis retry_delay{500};

  std::uint64_t memory = 0;  // 0: 75 % of what is usable
  Millis task_timeout{30000};
  int attempts = 3;
  SandboxMode sandbox = SandboxMode::kAuto;
  std::string keep_poison;  // empty: inputs that cost workers are not kept
  std::optional<FailureBound> max_failures;

  bool retry_failed = false;
  bool revalidate = false;
  bool overwrite = false;
  bool dry_run = false;
  bool trust_journal = false;  // whether outputs are there is not looked at
  FsyncPolicy fsync = FsyncPolicy::kBatch;
  std::string state_dir;    // empty: <output>/.thumbmill for a directory
  std::string report_file;  // empty: <state>/report.json

  ProgressMode progress = ProgressMode::kAuto;
  Millis stats_interval{10000};
  LogOptions log;
  bool quiet = false;
  std::string worker_program;  // empty: found beside this program
};

[[nodiscard]] const char* ToWord(Backend backend);

}  // namespace thumbmill
