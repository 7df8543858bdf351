// A new flag is one row here, and its variable in RunOptions. The parser,
// --help and docs/cli.md (by scripts/update_docs.py) follow the rows.
#include "coordinator/cli/flags.h"

#include "coordinator/cli/flag_fields.h"
#include "coordinator/cli/units.h"
#include "coordinator/loop/machine.h"

namespace thumbmill {
namespace {

Result<std::uint64_t> ParseMemory(std::string_view text) {
  return ParseShare(text, UsableMemory());
}

FlagGroup SourceFlags(Draft* draft) {
  RunOptions* o = &draft->options;
  return {
      "Sources and target",
      {
          {"-i,--input", "--url-list", "SRC",
           "a list with one URL or path on each line, in a file or at an "
           "http(s) URL (.txt .csv .tsv .jsonl, each also .gz; - reads stdin; "
           "relative paths start at the current folder), a folder, or one "
           "image, in a file or at an http(s) URL; repeatable, and may stand "
           "without -i",
           Texts(&o->inputs)},
          {"--input-format", "", "F",
           "format of the lists: txt, csv, tsv, jsonl (default: by suffix)",
           Text(&o->input_format)},
          {"--url-col", "", "NAME",
           "column or key of a table that holds the URL (default: url)",
           Text(&o->url_column)},
          {"--include", "", "GLOB",
           "take only the files of a folder that match (repeatable)",
           Texts(&o->include)},
          {"--exclude", "", "GLOB",
           "leave out the files of a folder that match (repeatable)",
           Texts(&o->exclude)},
          {"-o,--output", "--output-folder", "DST",
           "a folder; http(s)://host/path/, where each thumbnail is PUT; or "
           "null:, which keeps nothing (for measuring)",
           Text(&o->output)},
          {"--name", "", "TEMPLATE",
           "name of a thumbnail, of {index} {host} {dir} {stem} {srcext} {ext} "
           "{w} {h} {size} {hash}; default: {dir}/{stem}_{size}.{ext}, for "
           "URLs {host}/{dir}/{stem}_{size}.{ext}",
           Text(&o->name_template)},
          {"--state", "", "DIR",
           "folder of the journal and the report (default: "
           "<output>/.thumbmill; required for http targets)",
           Text(&o->state_dir)},
          {"--report", "", "FILE",
           "file of the report (default: <state>/report.json)",
           Text(&o->report_file)},
      }};
}

FlagGroup SizeFlags(Draft* draft) {
  Recipe* r = &draft->options.recipe;
  return {
      "Sizes and pictures",
      {
          {"-s,--size", "", "SPEC",
           "200 (box), 200x100 (box), 200x (width), x200 (height); suffix ! "
           "exact, ^ fill and crop the middle, < only enlarge, > only shrink; "
           "repeatable, or a comma list",
           Texts(&draft->sizes)},
          {"--preset", "", "NAME",
           "course (32x,64x,200x --enlarge, {stem}_{w}.{ext}), slides-200 "
           "(200x200,50x50,32x32), slides-96 (96x96,48x48), slides-165 "
           "(165x165,32x32)",
           Text(&draft->preset)},
          {"--fit", "", "FIT",
           "inside, outside, cover, contain, fill (default: inside)",
           Parsed(ParseFit, &draft->fit)},
          {"--enlarge", "", "", "enlarge sources that are smaller, too",
           Switch(&r->enlarge)},
          {"--format", "--encode-format", "F",
           "same, jpg, png, webp (default: same)",
           Parsed(ParseOutputFormat, &r->format)},
          {"--quality", "--encode-quality", "Q",
           "80, or jpg=80,webp=80 (the default); JPEG has 4:2:0 below 90, "
           "4:4:4 from 90 on",
           Quality(r)},
          {"--filter", "", "F",
           "lanczos3, mitchell, cubic, linear, box, nearest (default: "
           "lanczos3)",
           Parsed(ParseFilter, &r->filter)},
          {"--linear", "", "",
           "resize in linear light (default: in sRGB, as most programs do)",
           Switch(&r->linear)},
          {"--background", "", "COLOUR",
           "replaces alpha where the format has none (default: white)",
           Parsed(ParseColour, &r->background)},
          {"--no-rotate", "", "", "ignore the EXIF orientation",
           SwitchOff(&r->rotate)},
          {"--keep", "", "WHAT",
           "metadata to keep: none, all, or some of icc,exif,copyright; "
           "without icc colours become sRGB (default: none)",
           Parsed(ParseKeep, &r->keep)},
          {"--image-size", "", "N", "as in img2dataset; needs --resize-mode",
           Text(&draft->image_size)},
          {"--resize-mode", "", "MODE",
           "as in img2dataset: border, keep_ratio, center_crop",
           Text(&draft->resize_mode)},
      }};
}

FlagGroup FetchFlags(Draft* draft) {
  RunOptions* o = &draft->options;
  TransferOptions* t = &o->transfer;
  return {
      "Fetching",
      {
          {"--downloads", "--thread-count", "N",
           "most downloads at the same time (default: 64)",
           Number(&o->downloads, 1)},
          {"--per-host", "", "N",
           "most of them from one host of a list (default: 6)",
           Number(&o->per_host, 1)},
          {"--connect-timeout", "", "T",
           "longest wait for a connection (default: 5s; durations: 10, 10s, "
           "500ms, 5m)",
           Positive(&t->connect_timeout)},
          {"--first-byte-timeout", "", "T",
           "longest wait for the first byte of an answer (default: 15s)",
           Positive(&t->first_byte_timeout)},
          {"--min-speed", "", "B[/T]",
           "least bytes a second, measured over a time (default: 10K/15s)",
           MinSpeed(t)},
          {"--timeout", "", "T", "longest time of one try (default: 5m)",
           Positive(&t->timeout)},
          {"--retries", "", "N",
           "more tries after an error that may pass (default: 3; a body that "
           "is too slow has one more)",
           Number(&o->retries, 0)},
          {"--retry-delay", "", "T",
           "wait before the first retry; it doubles each time, with jitter "
           "(default: 500ms); Retry-After is honoured",
           Parsed(ParseDuration, &o->retry_delay)},
          {"--max-bytes", "", "B",
           "most bytes of one image (default: 100M; K, M, G: powers of 1024)",
           BytesAboveZero(&t->max_bytes)},
          {"--user-agent", "", "TEXT",
           "name of the client (default: thumbmill/VERSION with a contact)",
           Text(&draft->user_agent)},
          {"--header", "", "'K: V'",
           "sent with each request for a source (repeatable), but never to "
           "another origin after a redirect",
           Texts(&draft->headers)},
          {"--header-file", "", "FILE",
           "such headers, one on each line; a process list does not show them",
           Text(&draft->header_file)},
          {"--allow-loopback", "", "", "URLs of lists may lead to this machine",
           Switch(&t->allow_loopback)},
          {"--allow-private-network", "", "",
           "URLs of lists may lead to private addresses",
           Switch(&t->allow_private)},
      }};
}

FlagGroup LimitFlags(Draft* draft) {
  RunOptions* o = &draft->options;
  ImageLimits* limits = &o->recipe.limits;
  return {
      "Limits and placement",
      {
          {"-j,--workers", "--processes-count", "N",
           "number of worker processes (default: 0, one for each usable core)",
           Number(&o->workers, 0, 1024)},
          {"--backend", "", "B",
           "processes, threads, serial (default: processes)",
           OneOf<Backend>(&o->backend, {{"processes", Backend::kProcesses},
                                        {"threads", Backend::kThreads},
                                        {"serial", Backend::kSerial}})},
          {"--sandbox", "", "MODE",
           "off, auto, require: whether a worker gives up its rights once it "
           "has its recipe (default: auto)",
           OneOf<SandboxMode>(&o->sandbox,
                              {{"off", SandboxMode::kOff},
                               {"auto", SandboxMode::kAuto},
                               {"require", SandboxMode::kRequire}})},
          {"--memory", "", "B",
           "most memory of the whole run, all processes together, in bytes or "
           "as a share such as 50% (default: 75%)",
           Parsed(ParseMemory, &o->memory)},
          {"--max-pixels", "", "N",
           "most pixels of one image (default: 268402689)",
           Parsed(ParseCount, &limits->max_pixels)},
          {"--max-scans", "", "N",
           "most scans of a progressive JPEG (default: 100)",
           Number(&limits->max_scans, 1)},
          {"--max-output-pixels", "", "N",
           "most pixels of all sizes of one image (default: 64M)",
           Parsed(ParseCount, &limits->max_output_pixels)},
          {"--fail-on", "", "LEVEL",
           "none, truncated, error, warning (default: error)",
           Parsed(ParseFailOn, &o->recipe.fail_on)},
          {"--task-timeout", "", "T",
           "longest time of one image in a worker (default: 30s)",
           Positive(&o->task_timeout)},
          {"--attempts", "", "N",
           "most workers that one image may cost (default: 3)",
           Number(&o->attempts, 1)},
          {"--keep-poison", "", "DIR",
           "folder for copies of inputs that crashed, hung or ran out of "
           "memory, for a bug report",
           Text(&o->keep_poison)},
          {"--crash-probe", "", "",
           "an image that carries the probe crashes its decoder: for compare "
           "and for tests",
           Switch(&o->recipe.crash_probe)},
          {"--max-failures", "", "N|P%",
           "stop after so many failures, resumable; P% counts after 1,000 "
           "items",
           Parsed(ParseFailureBound, &o->max_failures)},
      }};
}

FlagGroup StoreFlags(Draft* draft) {
  RunOptions* o = &draft->options;
  return {
      "Storing and resuming",
      {
          {"--uploads", "", "N", "most uploads at the same time (default: 32)",
           Number(&o->uploads, 1)},
          {"--upload-timeout", "", "T",
           "longest time of one try (default: 60s)",
           Positive(&o->transfer.upload_timeout)},
          {"--put-header", "", "'K: V'",
           "sent with each PUT to an http target (repeatable)",
           Texts(&draft->put_headers)},
          {"--fsync", "", "WHEN",
           "never, batch, each: safety against power loss (default: batch)",
           OneOf<FsyncPolicy>(&o->fsync, {{"never", FsyncPolicy::kNever},
                                          {"batch", FsyncPolicy::kBatch},
                                          {"each", FsyncPolicy::kEach}})},
          {"--retry-failed", "", "",
           "try images again that failed for good before",
           Switch(&o->retry_failed)},
          {"--revalidate", "", "",
           "make URLs again; changed files are made again anyway",
           Switch(&o->revalidate)},
          {"--overwrite", "", "",
           "forget the records of earlier runs; the recipe may differ",
           Switch(&o->overwrite)},
          {"--dry-run", "", "",
           "print the names of the outputs and do nothing else",
           Switch(&o->dry_run)},
          {"--trust-journal", "", "",
           "do not check that the outputs in a folder still exist (default: "
           "outputs that are missing or have another size are made again)",
           Switch(&o->trust_journal)},
      }};
}

FlagGroup ViewFlags(Draft* draft) {
  RunOptions* o = &draft->options;
  return {
      "Progress and log",
      {
          {"-P,--progress", "", "MODE",
           "auto (tty on a terminal that is not dumb, else plain), tty (a "
           "block, redrawn), plain (lines), none; with colour unless NO_COLOR "
           "is set (default: auto)",
           OneOf<ProgressMode>(&o->progress, {{"auto", ProgressMode::kAuto},
                                              {"tty", ProgressMode::kTty},
                                              {"plain", ProgressMode::kPlain},
                                              {"none", ProgressMode::kNone}})},
          {"--stats", "", "T", "time between plain lines (default: 10s)",
           Positive(&o->stats_interval)},
          {"-v,--verbose", "", "",
           "log each failure; -vv: each try and worker event too",
           Count(&draft->verbose)},
          {"-q,--quiet", "", "", "log errors only; no progress, no summary",
           Switch(&o->quiet)},
          {"--log-file", "", "FILE", "file of the log (default: stderr)",
           Text(&o->log.file)},
          {"--log-format", "", "F", "text, json (default: text)",
           OneOf<bool>(&o->log.json, {{"text", false}, {"json", true}})},
          {"-h,--help", "", "", "print this text", Asked()},
          {"--version", "", "", "print the version", Asked()},
      }};
}

}  // namespace

Draft::Draft() {
  options.memory = UsableMemory() / 4 * 3;
  options.transfer.max_bytes = 100 << 20;
}

FlagTable RunFlags(Draft* draft) {
  return {SourceFlags(draft), SizeFlags(draft),  FetchFlags(draft),
          LimitFlags(draft),  StoreFlags(draft), ViewFlags(draft)};
}

}  // namespace thumbmill
