// coordinator/cli/options.h: the checked options of `coordinator run`.
//
// Contract docs/cli.md. Each field holds one flag and has the flag's default.
//          If a default depends on the machine or on other flags, the parser
//          sets it; the field's comment says so.
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

// The bound of --max-failures: a count, or a share of the items that ended.
struct FailureBound {
  std::uint64_t count = 0;
  double percent = 0;  // if above 0, it replaces `count` after 1,000 items
};

struct RunOptions {
  std::size_t workers = 0;  // the parser sets all usable cores for 0
  Backend backend = Backend::kProcesses;

  std::vector<std::string> inputs;
  std::string input_format;        // txt, csv, tsv, jsonl; empty: by suffix
  std::string url_column = "url";  // a CSV or TSV column, or a JSON key
  std::vector<std::string> include, exclude;  // globs, for folders only

  std::string output;
  TargetKind target = TargetKind::kDirectory;
  std::string name_template;  // empty: the default for files or for URLs
  Recipe recipe;

  std::size_t downloads = 64;  // at the same time
  std::size_t per_host = 6;    // at the same time, from one host of a list
  std::size_t uploads = 32;    // at the same time
  TransferOptions transfer;
  RequestHeaders put_headers;  // sent to an http target
  int retries = 3;             // more tries after a transient error
  Millis retry_delay{500};     // before the first retry; then it doubles

  // Bytes for coordinator and workers together. The parser sets 75 % of the
  // usable memory.
  std::uint64_t memory = 0;
  Millis task_timeout{30000};  // for one image in a worker
  int attempts = 3;            // workers that one image may cost
  SandboxMode sandbox = SandboxMode::kAuto;
  std::string keep_poison;  // folder for inputs that cost workers, or empty
  std::optional<FailureBound> max_failures;

  bool retry_failed = false;   // try items again that failed for good
  bool revalidate = false;     // make URLs again
  bool overwrite = false;      // forget the records of earlier runs
  bool dry_run = false;        // print names only
  bool trust_journal = false;  // do not check that outputs still exist
  FsyncPolicy fsync = FsyncPolicy::kBatch;
  // Folder of the journal. The parser sets <output>/.thumbmill for a directory
  // target. Empty: nothing is kept.
  std::string state_dir;
  // The parser sets <state>/report.json if there is a state. Empty: no report.
  std::string report_file;

  ProgressMode progress = ProgressMode::kAuto;
  Millis stats_interval{10000};  // between plain lines
  LogOptions log;
  bool quiet = false;          // no progress and no summary
  std::string worker_program;  // empty: `worker` beside this program
};

[[nodiscard]] const char* ToWord(Backend backend);

}  // namespace thumbmill
