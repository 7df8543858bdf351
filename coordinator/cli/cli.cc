#include "coordinator/cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "coordinator/cli/units.h"
#include "coordinator/loop/machine.h"
#include "coordinator/loop/signals.h"
#include "coordinator/net/url.h"
#include "coordinator/source/naming.h"
#include "proto/size_spec.h"

namespace thumbmill {
namespace {

// The typed text of each flag. Check() makes RunOptions of it.
struct Typed {
  std::vector<std::string> inputs, positional, include, exclude, sizes;
  std::string input_format, url_col = "url", output, name, state, report;
  std::string preset, fit, format, quality, filter, background, keep;
  std::string connect_timeout, first_byte_timeout, min_speed, timeout,
      retry_delay, max_bytes, memory, max_output_pixels, max_pixels, fail_on,
      task_timeout, max_failures, upload_timeout, fsync, progress, stats,
      log_file, log_format, keep_poison, backend, sandbox, image_size,
      resize_mode, user_agent, header_file;
  std::vector<std::string> headers, put_headers;
  int workers = 0, downloads = 64, per_host = 6, uploads = 32, retries = 3,
      attempts = 3, max_scans = 100, verbose = 0;
  bool linear = false;
  bool enlarge = false, no_rotate = false, allow_loopback = false,
       allow_private = false, retry_failed = false, revalidate = false,
       overwrite = false, dry_run = false, trust_journal = false, quiet = false,
       help = false, version = false, crash_probe = false;
};

void Define(CLI::App* app, Typed* t) {
  // allow_extra_args(false) makes a repeatable flag take one value each time,
  // so that the words after it stay positional.
  app->set_help_flag("");
  app->add_option("-i,--input,--url-list", t->inputs)->allow_extra_args(false);
  app->add_option("sources", t->positional);
  app->add_option("--input-format", t->input_format);
  app->add_option("--url-col", t->url_col);
  app->add_option("--include", t->include)->allow_extra_args(false);
  app->add_option("--exclude", t->exclude)->allow_extra_args(false);
  app->add_option("-o,--output,--output-folder", t->output);
  app->add_option("--name", t->name);
  app->add_option("--state", t->state);
  app->add_option("--report", t->report);
  app->add_option("-s,--size", t->sizes)->allow_extra_args(false);
  app->add_option("--preset", t->preset);
  app->add_option("--image-size", t->image_size);
  app->add_option("--resize-mode", t->resize_mode);
  app->add_option("--fit", t->fit);
  app->add_flag("--enlarge", t->enlarge);
  app->add_option("--format,--encode-format", t->format);
  app->add_option("--quality,--encode-quality", t->quality);
  app->add_option("--filter", t->filter);
  app->add_flag("--linear", t->linear);
  app->add_option("--background", t->background);
  app->add_flag("--no-rotate", t->no_rotate);
  app->add_option("--keep", t->keep);
  app->add_option("--downloads,--thread-count", t->downloads);
  app->add_option("--per-host", t->per_host);
  app->add_option("--connect-timeout", t->connect_timeout);
  app->add_option("--first-byte-timeout", t->first_byte_timeout);
  app->add_option("--min-speed", t->min_speed);
  app->add_option("--timeout", t->timeout);
  app->add_option("--retries", t->retries);
  app->add_option("--retry-delay", t->retry_delay);
  app->add_option("--max-bytes", t->max_bytes);
  app->add_option("--user-agent", t->user_agent);
  app->add_option("--header", t->headers)->allow_extra_args(false);
  app->add_option("--header-file", t->header_file);
  app->add_option("--put-header", t->put_headers)->allow_extra_args(false);
  app->add_flag("--allow-loopback", t->allow_loopback);
  app->add_flag("--allow-private-network", t->allow_private);
  app->add_option("-j,--workers,--processes-count", t->workers);
  app->add_option("--backend", t->backend);
  app->add_option("--sandbox", t->sandbox);
  app->add_option("--memory", t->memory);
  app->add_option("--max-pixels", t->max_pixels);
  app->add_option("--max-scans", t->max_scans);
  app->add_option("--max-output-pixels", t->max_output_pixels);
  app->add_option("--fail-on", t->fail_on);
  app->add_option("--task-timeout", t->task_timeout);
  app->add_option("--attempts", t->attempts);
  app->add_option("--keep-poison", t->keep_poison);
  app->add_flag("--crash-probe", t->crash_probe);
  app->add_option("--max-failures", t->max_failures);
  app->add_option("--uploads", t->uploads);
  app->add_option("--upload-timeout", t->upload_timeout);
  app->add_option("--fsync", t->fsync);
  app->add_flag("--retry-failed", t->retry_failed);
  app->add_flag("--revalidate", t->revalidate);
  app->add_flag("--overwrite", t->overwrite);
  app->add_flag("--dry-run", t->dry_run);
  app->add_flag("--trust-journal", t->trust_journal);
  app->add_option("-P,--progress", t->progress);
  app->add_option("--stats", t->stats);
  app->add_flag("-v,--verbose", t->verbose);
  app->add_flag("-q,--quiet", t->quiet);
  app->add_option("--log-file", t->log_file);
  app->add_option("--log-format", t->log_format);
  app->add_flag("-h,--help", t->help);
  app->add_flag("--version", t->version);
}

// Returns the value of the word `text`, or `standard` if it is empty. Fails
// with a list of the known words.
template <typename T>
Result<T> Word(const std::string& flag, const std::string& text,
               const std::map<std::string, T>& words, T standard) {
  if (text.empty()) return standard;
  if (const auto found = words.find(text); found != words.end())
    return found->second;
  std::string known;
  for (const auto& [word, value] : words)
    known += (known.empty() ? "" : ", ") + word;
  return Fail(ErrorCode::kUsage,
              fmt::format("{}: '{}' is none of: {}", flag, text, known));
}

// Parses `text` into `*out`, or leaves `*out` alone if `text` is empty. Errors
// name the flag.
template <typename T, typename Parse>
Status Set(const char* flag, const std::string& text, Parse parse, T* out) {
  if (text.empty()) return {};
  auto value = parse(std::string_view(text));
  if (!value)
    return Fail(ErrorCode::kUsage,
                fmt::format("{}: {}", flag, value.error().what));
  *out = *value;
  return {};
}

Status AtLeast(const char* flag, int value, int least) {
  if (value >= least) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{} {}: must be {} or more", flag, value, least));
}

Status SetPositive(const char* flag, const std::string& text, Millis* out) {
  RETURN_IF_ERROR(Set(flag, text, ParseDuration, out));
  if (out->count() > 0) return {};
  return Fail(ErrorCode::kUsage, fmt::format("{}: must be above 0", flag));
}

std::vector<std::string> SplitCommas(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const std::string& text : texts) {
    std::size_t from = 0;
    while (from <= text.size()) {
      const std::size_t comma = std::min(text.find(',', from), text.size());
      if (comma > from) parts.push_back(text.substr(from, comma - from));
      from = comma + 1;
    }
  }
  return parts;
}

// ---- sizes -------------------------------------------------------------

Status ApplyPreset(Typed* t) {
  struct Preset {
    const char* name;
    const char* sizes;
  };
  constexpr std::array kPresets = {
      Preset{"course", "32x,64x,200x"},
      Preset{"slides-200", "200x200,50x50,32x32"},
      Preset{"slides-96", "96x96,48x48"},
      Preset{"slides-165", "165x165,32x32"},
  };
  if (t->preset.empty()) return {};
  for (const Preset& preset : kPresets) {
    if (t->preset != preset.name) continue;
    t->sizes.push_back(preset.sizes);
    if (t->preset == "course") {
      t->enlarge = true;
      if (t->name.empty()) t->name = "{stem}_{w}.{ext}";
    }
    return {};
  }
  return Fail(ErrorCode::kUsage,
              fmt::format("--preset '{}' is none of: course, slides-200, "
                          "slides-96, slides-165",
                          t->preset));
}

// Translates img2dataset's --image-size and --resize-mode. img2dataset has
// three ways to resize to a square, and the default here is none of them: a
// guess would surprise, so --image-size alone is an error.
Status ApplyImageSize(Typed* t) {
  if (t->image_size.empty() && t->resize_mode.empty()) return {};
  const std::string& n = t->image_size;
  if (t->image_size.empty())
    return Fail(ErrorCode::kUsage,
                "--resize-mode goes with --image-size; here sizes are "
                "-s and --fit");
  if (t->resize_mode.empty())
    return Fail(
        ErrorCode::kUsage,
        fmt::format("--image-size alone is ambiguous: img2dataset pads and "
                    "enlarges. Write --image-size {0} --resize-mode border "
                    "for that, or -s {0} to fit within {0}x{0}",
                    n));
  if (t->resize_mode == "border") {
    t->fit = "contain";
    t->enlarge = true;
    t->sizes.push_back(n);
  } else if (t->resize_mode == "keep_ratio" || t->resize_mode == "keep-ratio") {
    t->fit = "outside";
    t->enlarge = true;
    t->sizes.push_back(n);
  } else if (t->resize_mode == "center_crop" ||
             t->resize_mode == "center-crop") {
    t->sizes.push_back(n + "^");
  } else {
    return Fail(ErrorCode::kUsage,
                fmt::format("--resize-mode '{}' is none of: border, "
                            "keep_ratio, center_crop",
                            t->resize_mode));
  }
  return {};
}

Status SetSizes(const Typed& t, Recipe* recipe) {
  Fit fit = Fit::kInside;
  RETURN_IF_ERROR(Set("--fit", t.fit, ParseFit, &fit));
  for (const std::string& text : SplitCommas(t.sizes)) {
    Result<SizeSpec> size = ParseSize(text, fit);
    if (!size) return Fail(ErrorCode::kUsage, "--size: " + size.error().what);
    for (const SizeSpec& other : recipe->sizes)
      // The label is {size} in names: two sizes would overwrite each other.
      if (other.label == size->label)
        return Fail(ErrorCode::kUsage,
                    fmt::format("--size {} and {} would both be named '{}'; "
                                "leave one out",
                                other.text, size->text, size->label));
    recipe->sizes.push_back(std::move(*size));
  }
  if (recipe->sizes.empty())
    return Fail(ErrorCode::kUsage, "no size: add for example -s 200x,64x,32x");
  if (recipe->sizes.size() > kMaxSizes)
    return Fail(ErrorCode::kUsage,
                fmt::format("--size: {} sizes; at most {}",
                            recipe->sizes.size(), kMaxSizes));
  return {};
}

Status SetRecipe(const Typed& t, Recipe* recipe) {
  RETURN_IF_ERROR(SetSizes(t, recipe));
  recipe->enlarge = t.enlarge;
  recipe->rotate = !t.no_rotate;
  recipe->crash_probe = t.crash_probe;
  recipe->linear = t.linear;
  RETURN_IF_ERROR(
      Set("--format", t.format, ParseOutputFormat, &recipe->format));
  RETURN_IF_ERROR(Set("--filter", t.filter, ParseFilter, &recipe->filter));
  RETURN_IF_ERROR(
      Set("--background", t.background, ParseColour, &recipe->background));
  RETURN_IF_ERROR(Set("--keep", t.keep, ParseKeep, &recipe->keep));
  RETURN_IF_ERROR(Set("--fail-on", t.fail_on, ParseFailOn, &recipe->fail_on));
  if (!t.quality.empty()) {
    if (Status status = ParseQuality(t.quality, recipe); !status)
      return Fail(ErrorCode::kUsage, "--quality: " + status.error().what);
  }
  ImageLimits& limits = recipe->limits;
  RETURN_IF_ERROR(
      Set("--max-pixels", t.max_pixels, ParseCount, &limits.max_pixels));
  RETURN_IF_ERROR(Set("--max-output-pixels", t.max_output_pixels, ParseCount,
                      &limits.max_output_pixels));
  RETURN_IF_ERROR(AtLeast("--max-scans", t.max_scans, 1));
  limits.max_scans = static_cast<std::uint32_t>(t.max_scans);
  return {};
}

// ---- fetching, limits --------------------------------------------------

// Parses "10K" or "10K/15s": bytes a second, and the time to measure them.
Status SetMinSpeed(const std::string& text, TransferOptions* transfer) {
  if (text.empty()) return {};
  const std::size_t slash = text.find('/');
  RETURN_IF_ERROR(Set("--min-speed", text.substr(0, slash), ParseBytes,
                      &transfer->min_speed_bytes));
  if (slash == std::string::npos) return {};
  return SetPositive("--min-speed", text.substr(slash + 1),
                     &transfer->min_speed_window);
}

Status SetUserAgent(const std::string& typed, TransferOptions* transfer) {
  std::string& of_header = transfer->headers.user_agent;
  if (!typed.empty() && !of_header.empty())
    return Fail(ErrorCode::kUsage,
                "--user-agent and a User-Agent --header: give one of them");
  transfer->user_agent = typed.empty() ? std::exchange(of_header, {}) : typed;
  if (IsHeaderValue(transfer->user_agent)) return {};
  return Fail(ErrorCode::kUsage,
              "--user-agent: holds a line break or another control character");
}

Status SetHeaders(const Typed& t, RunOptions* options) {
  RequestHeaders& headers = options->transfer.headers;
  if (!t.header_file.empty()) {
    // The file may be a pipe that nobody writes to: a signal must end the wait.
    UnblockSignals();
    const Status read = ReadHeaderFile(t.header_file, &headers);
    BlockSignals();
    RETURN_IF_ERROR(read);
  }
  for (const std::string& text : t.headers)
    RETURN_IF_ERROR(AddHeader("--header", text, &headers));
  for (const std::string& text : t.put_headers)
    RETURN_IF_ERROR(AddHeader("--put-header", text, &options->put_headers));
  return SetUserAgent(t.user_agent, &options->transfer);
}

Status SetTransfer(const Typed& t, RunOptions* options) {
  RETURN_IF_ERROR(SetHeaders(t, options));
  TransferOptions& transfer = options->transfer;
  RETURN_IF_ERROR(SetPositive("--connect-timeout", t.connect_timeout,
                              &transfer.connect_timeout));
  RETURN_IF_ERROR(SetPositive("--first-byte-timeout", t.first_byte_timeout,
                              &transfer.first_byte_timeout));
  RETURN_IF_ERROR(SetPositive("--timeout", t.timeout, &transfer.timeout));
  RETURN_IF_ERROR(SetPositive("--upload-timeout", t.upload_timeout,
                              &transfer.upload_timeout));
  RETURN_IF_ERROR(SetMinSpeed(t.min_speed, &transfer));
  transfer.max_bytes = 100 << 20;
  RETURN_IF_ERROR(
      Set("--max-bytes", t.max_bytes, ParseBytes, &transfer.max_bytes));
  if (transfer.max_bytes == 0)
    return Fail(ErrorCode::kUsage, "--max-bytes: must be above 0");
  transfer.allow_loopback = t.allow_loopback;
  transfer.allow_private = t.allow_private;
  RETURN_IF_ERROR(AtLeast("--downloads", t.downloads, 1));
  RETURN_IF_ERROR(AtLeast("--per-host", t.per_host, 1));
  RETURN_IF_ERROR(AtLeast("--uploads", t.uploads, 1));
  RETURN_IF_ERROR(AtLeast("--retries", t.retries, 0));
  options->downloads = static_cast<std::size_t>(std::min(t.downloads, 4096));
  options->per_host = static_cast<std::size_t>(t.per_host);
  options->uploads = static_cast<std::size_t>(std::min(t.uploads, 4096));
  options->retries = t.retries;
  return Set("--retry-delay", t.retry_delay, ParseDuration,
             &options->retry_delay);
}

Status SetMaxFailures(const std::string& text, RunOptions* options) {
  if (text.empty()) return {};
  FailureBound bound;
  if (text.back() == '%') {
    std::uint64_t tenths = 0;
    // A share of 1,000: ParseShare() returns whole numbers, and a percentage
    // may have one decimal.
    RETURN_IF_ERROR(Set(
        "--max-failures", text,
        [](std::string_view share) { return ParseShare(share, 1000); },
        &tenths));
    bound.percent = static_cast<double>(tenths) / 10;
  } else {
    RETURN_IF_ERROR(Set("--max-failures", text, ParseCount, &bound.count));
  }
  options->max_failures = bound;
  return {};
}

Status SetPlacement(const Typed& t, RunOptions* options) {
  RETURN_IF_ERROR(AtLeast("--workers", t.workers, 0));
  RETURN_IF_ERROR(AtLeast("--attempts", t.attempts, 1));
  options->workers =
      t.workers == 0 ? UsableCpus() : static_cast<std::size_t>(t.workers);
  if (options->workers > 1024)
    return Fail(ErrorCode::kUsage, "--workers: at most 1024");
  options->attempts = t.attempts;
  options->keep_poison = t.keep_poison;
  ASSIGN_OR_RETURN(options->backend,
                   Word<Backend>("--backend", t.backend,
                                 {{"serial", Backend::kSerial},
                                  {"threads", Backend::kThreads},
                                  {"processes", Backend::kProcesses}},
                                 Backend::kProcesses));
  if (options->backend == Backend::kSerial) options->workers = 1;
  ASSIGN_OR_RETURN(options->sandbox,
                   Word<SandboxMode>("--sandbox", t.sandbox,
                                     {{"off", SandboxMode::kOff},
                                      {"auto", SandboxMode::kAuto},
                                      {"require", SandboxMode::kRequire}},
                                     SandboxMode::kAuto));
  const std::uint64_t usable = UsableMemory();
  options->memory = usable / 4 * 3;
  RETURN_IF_ERROR(Set(
      "--memory", t.memory,
      [usable](std::string_view text) { return ParseShare(text, usable); },
      &options->memory));
  RETURN_IF_ERROR(
      SetPositive("--task-timeout", t.task_timeout, &options->task_timeout));
  return SetMaxFailures(t.max_failures, options);
}

// ---- target, state, view ------------------------------------------------

Status SetTarget(const Typed& t, RunOptions* options) {
  options->output = t.output;
  if (t.output.empty())
    return Fail(ErrorCode::kUsage,
                "no target: add for example -o out, or -o "
                "http://host/path/ --state DIR");
  if (t.output.starts_with("tar:"))
    return Fail(ErrorCode::kUsage,
                "--output: archives are not written yet; name a directory or "
                "an http(s) URL");
  if (t.output == "null:") {
    options->target = TargetKind::kNull;
  } else if (LooksLikeUrl(t.output)) {
    options->target = TargetKind::kHttp;
    if (!ParseUrl(t.output))
      return Fail(ErrorCode::kUsage,
                  fmt::format("--output '{}' is not a directory, an http(s) "
                              "URL or null:",
                              RedactUrl(t.output)));
    if (t.state.empty())
      return Fail(ErrorCode::kUsage,
                  "an http target needs a place for the journal: add "
                  "--state DIR");
  }
  options->state_dir = t.state;
  if (t.state.empty() && options->target == TargetKind::kDirectory)
    options->state_dir = t.output + "/.thumbmill";
  options->report_file = t.report;
  if (t.report.empty() && !options->state_dir.empty())
    options->report_file = options->state_dir + "/report.json";
  ASSIGN_OR_RETURN(options->fsync,
                   Word<FsyncPolicy>("--fsync", t.fsync,
                                     {{"never", FsyncPolicy::kNever},
                                      {"batch", FsyncPolicy::kBatch},
                                      {"each", FsyncPolicy::kEach}},
                                     FsyncPolicy::kBatch));
  return {};
}

Status SetNames(const Typed& t, RunOptions* options) {
  options->name_template = t.name;
  Result<NameTemplate> name = NameTemplate::Parse(t.name);
  if (!name) return Fail(ErrorCode::kUsage, "--name: " + name.error().what);
  if (options->recipe.sizes.size() > 1 && !name->TellsSizesApart())
    return Fail(ErrorCode::kUsage,
                fmt::format("--name '{}' gives all sizes of an image one name; "
                            "add {{size}} to it",
                            t.name));
  return {};
}

Status SetView(const Typed& t, RunOptions* options) {
  ASSIGN_OR_RETURN(options->progress,
                   Word<ProgressMode>("--progress", t.progress,
                                      {{"auto", ProgressMode::kAuto},
                                       {"tty", ProgressMode::kTty},
                                       {"plain", ProgressMode::kPlain},
                                       {"none", ProgressMode::kNone}},
                                      ProgressMode::kAuto));
  RETURN_IF_ERROR(SetPositive("--stats", t.stats, &options->stats_interval));
  LogOptions& log = options->log;
  log.file = t.log_file;
  ASSIGN_OR_RETURN(log.json,
                   Word<bool>("--log-format", t.log_format,
                              {{"text", false}, {"json", true}}, false));
  if (t.verbose > 0)
    log.level = t.verbose > 1 ? LogLevel::kDebug : LogLevel::kInfo;
  if (t.quiet) {
    log.level = LogLevel::kError;
    options->progress = ProgressMode::kNone;
  }
  return {};
}

Result<RunOptions> Check(Typed t) {
  RunOptions options;
  t.inputs.insert(t.inputs.end(), t.positional.begin(), t.positional.end());
  // Presets come first: they add sizes and flags that the steps below check.
  RETURN_IF_ERROR(ApplyPreset(&t));
  RETURN_IF_ERROR(ApplyImageSize(&t));
  if (t.inputs.empty())
    return Fail(ErrorCode::kUsage,
                "no input: add for example -i urls.txt, -i photos/ or "
                "-i - for a list on stdin");
  options.inputs = t.inputs;
  options.input_format = t.input_format;
  options.url_column = t.url_col;
  options.include = t.include;
  options.exclude = t.exclude;
  RETURN_IF_ERROR(SetTarget(t, &options));
  RETURN_IF_ERROR(SetRecipe(t, &options.recipe));
  // A template must tell the sizes apart, so the sizes are needed here.
  RETURN_IF_ERROR(SetNames(t, &options));
  RETURN_IF_ERROR(SetTransfer(t, &options));
  RETURN_IF_ERROR(SetPlacement(t, &options));
  RETURN_IF_ERROR(SetView(t, &options));
  options.quiet = t.quiet;
  options.retry_failed = t.retry_failed;
  options.revalidate = t.revalidate;
  options.overwrite = t.overwrite;
  options.dry_run = t.dry_run;
  options.trust_journal = t.trust_journal;
  return options;
}

// Replaces underscores in the name of a long flag: "--url_list=x_y" becomes
// "--url-list=x_y".
std::string NormaliseFlag(std::string argument) {
  if (!argument.starts_with("--")) return argument;
  const std::size_t end = std::min(argument.find('='), argument.size());
  std::replace(argument.begin(),
               argument.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
  return argument;
}

}  // namespace

Result<Command> ParseCommandLine(const std::vector<std::string>& arguments) {
  Typed typed;
  CLI::App app;
  Define(&app, &typed);
  std::vector<std::string> words;
  words.reserve(arguments.size());
  for (const std::string& argument : arguments)
    words.push_back(NormaliseFlag(argument));
  if (!words.empty() && words.front() == "run") words.erase(words.begin());
  std::reverse(words.begin(), words.end());  // as CLI11 expects them
  try {
    app.parse(words);
  } catch (const CLI::ParseError& e) {
    return Fail(ErrorCode::kUsage, e.what());
  }
  if (typed.help) return Command(ShowHelp{});
  if (typed.version) return Command(ShowVersion{});
  ASSIGN_OR_RETURN(RunOptions options, Check(std::move(typed)));
  return Command(std::move(options));
}

std::vector<std::string> KnownFlags() {
  Typed typed;
  CLI::App app;
  Define(&app, &typed);
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  return names;
}

}  // namespace thumbmill
