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
#include "coordinator/net/retry_rules.h"
#include "coordinator/net/transfer.h"
#include "coordinator/sink/fsync_policy.h"
#include "coordinator/sink/target.h"
#include "coordinator/stats/run_stats.h"
#include "proto/recipe.h"
#include "proto/worker_args.h"

namespace thumbmill {

enum class Backend { kSerial, kThreads, kProcesses };
enum class ProgressMode { kAuto, kTty, kPlain, kNone };

// Each comment says the effect, the default if the code does not show it, and
// when to change it.
struct RunOptions {
  // Worker processes, or threads. The parser sets one for each usable core.
  // Fewer leave cores to other programs; more help only if workers wait.
  std::size_t workers = 0;
  // Where images are decoded. Only processes survive a decoder that crashes;
  // threads and serial are for measuring and for systems without processes.
  Backend backend = Backend::kProcesses;

  // Lists, folders, URLs and images, in the order of their images. At least
  // one.
  std::vector<std::string> inputs;
  // Format of the lists: txt, csv, tsv or jsonl. Empty: by each list's suffix.
  // Set it for stdin, or for a list whose suffix is wrong; it also makes a list
  // of each URL.
  std::string input_format;
  // Column of a CSV or TSV list, or key of a JSON object, that holds the URL.
  std::string url_column = "url";
  // Globs for the files of folders; lists ignore them. Empty `include`: all
  // files. A file that matches `exclude` too is left out.
  std::vector<std::string> include, exclude;

  // The target as typed. Required.
  std::string output;
  TargetFacts target;  // the parser reads them off `output`
  // Template of the outputs' names. Empty: the default for files or for URLs.
  // Set it if names collide.
  std::string name_template;
  Recipe recipe;  // sizes, format, quality and limits of the images

  // Most downloads at once. More help if servers are far away; each needs
  // memory and a descriptor.
  std::size_t downloads = 64;
  // Most downloads at once from one host of a list. More may overload it.
  std::size_t per_host = bounds::kPerHost;
  // Most uploads at once to an http target.
  std::size_t uploads = 32;
  TransferOptions transfer;    // timeouts and trust of downloads
  RequestHeaders put_headers;  // sent to an http target; empty: none
  // More tries after an error that may pass. 0 shows each error at once.
  int retries = bounds::kRetries;
  // Wait before the first retry; it doubles each time. Raise it for servers
  // that ask for patience.
  Millis retry_delay = bounds::kFirstDelay;

  // Bytes for coordinator and workers together. The parser sets 75 % of the
  // usable memory. Lower it to leave room for other programs.
  std::uint64_t memory = 0;
  // Longest time of one image in a worker; a hang costs the worker. Raise it on
  // slow machines.
  Millis task_timeout{30000};
  // Workers that one image may cost before it fails as crash, hang or memory.
  int attempts = bounds::kAttempts;
  // Whether workers give up their rights. kRequire ends the run if they cannot;
  // kOff is for debuggers.
  SandboxMode sandbox = SandboxMode::kAuto;
  // Folder for inputs that cost workers, for a bug report. Empty: none is kept.
  std::string keep_poison;
  // Failures that stop the run. Empty: the run goes on whatever fails.
  std::optional<FailureBound> max_failures;

  bool retry_failed = false;   // tries items again that failed for good
  bool revalidate = false;     // makes URLs again: their images may be new
  bool overwrite = false;      // forgets the records; for another recipe
  bool dry_run = false;        // only prints the names
  bool trust_journal = false;  // does not look for outputs; saves their stat()
  // How outputs are made safe against power loss. kNever is faster on slow
  // disks; kEach loses no finished image.
  FsyncPolicy fsync = FsyncPolicy::kBatch;
  // Folder of the journal. The parser sets <output>/.thumbmill for a directory
  // target. Empty: nothing is kept.
  std::string state_dir;
  // File of the report. The parser sets <state>/report.json if there is a
  // state. Empty: no report.
  std::string report_file;

  // How the progress is shown. kAuto: a block on a terminal, else lines.
  ProgressMode progress = ProgressMode::kAuto;
  Millis stats_interval{10000};  // between two plain lines of progress
  LogOptions log;                // level, file and format; default: stderr
  bool quiet = false;            // shows no progress and no summary
  // Program of the workers. Empty: `worker` beside this program. Tests set it.
  std::string worker_program;
};

[[nodiscard]] const char* ToString(Backend backend);
[[nodiscard]] SinkSpec TargetSpec(const RunOptions& options);

}  // namespace thumbmill
