#include "coordinator/compare/compare.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "common/bytes.h"
#include "common/hash.h"
#include "common/log.h"
#include "coordinator/compare/child_run.h"
#include "coordinator/compare/results.h"
#include "coordinator/loop/machine.h"
#include "coordinator/view/console.h"
#include "proto/recipe.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

constexpr int kExitDone = 0, kExitUsage = 1, kExitFatal = 4;
// The set tiny has at least kLeastTiny images, made by copying files; the set
// large has at most kMostLarge.
constexpr std::size_t kLeastTiny = 2000;
constexpr std::size_t kMostLarge = 24;

// A temporary folder; its destructor removes the folder and its content.
class TemporaryFolder {
 public:
  [[nodiscard]] Status Make() {
    const char* base = std::getenv("TMPDIR");
    std::string path = fmt::format("{}/thumbmill-compare-XXXXXX",
                                   base != nullptr ? base : "/tmp");
    if (mkdtemp(path.data()) == nullptr)
      return FailSystem("cannot make " + path, errno);
    path_ = path;
    return {};
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder() = default;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return fmt::format("{}/{}", path_, name);
  }

 private:
  std::string path_;
};

// The outputs below a folder, without the state.
struct Tree {
  std::string digest;  // SHA-256 over names and contents
  std::uint64_t files = 0;
};

// Returns the files below `folder` in order, without the coordinator's state.
// Returns none if the folder does not exist: a run may end before it makes one.
Result<std::vector<fs::path>> FilesOf(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  auto at = fs::recursive_directory_iterator(folder, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  while (!error && at != fs::recursive_directory_iterator()) {
    if (at->path().filename() == ".thumbmill") at.disable_recursion_pending();
    std::error_code ignored;
    if (at->is_regular_file(ignored)) files.push_back(at->path());
    at.increment(error);
  }
  if (error) return FailSystem("cannot read " + folder, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

Result<Tree> ReadTree(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<fs::path> files, FilesOf(folder));
  std::string all;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad())
      return FailSystem("cannot read " + file.string(), errno);
    all += file.lexically_relative(folder).string() + '\n' +
           ToHex(HashBytes(AsBytes(bytes))) + '\n';
  }
  return Tree{ToHex(HashBytes(AsBytes(all))), files.size()};
}

Status RemoveTree(const std::string& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (!error) return {};
  return FailSystem("cannot remove " + folder, error.value());
}

Status CopyFile(const fs::path& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (!error) return {};
  return FailSystem("cannot write " + to, error.value());
}

std::string ProcessorName() {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

std::string MachineText() {
  utsname system{};
  uname(&system);
  return fmt::format("{}, {} cores, {} {}", ProcessorName(), UsableCpus(),
                     system.sysname, system.release);
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  localtime_r(&now, &day);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &day);
  return text;
}

// Counts the images that a run made: the list may also name some that fail.
void CountGiven(MeasuredSet* set) {
  set->images = set->cases.front().runs.front().done;
  set->what = fmt::format("{} images as given", set->images);
}

class Comparer {
 public:
  explicit Comparer(const CompareOptions& options) : options_(options) {}
  [[nodiscard]] int Run();

 private:
  using Words = std::vector<std::string>;

  struct Job {
    MeasuredSet set;
    Words inputs;        // the --input flags of each run
    std::string digest;  // of the outputs; empty before the first run
  };

  [[nodiscard]] Status ListSources();
  [[nodiscard]] Status MakeSet(const std::string& name);
  [[nodiscard]] Status MakeTiny(Job* job);
  [[nodiscard]] Status MakeLarge(Job* job);
  [[nodiscard]] Status Prepare(const Words& inputs, const std::string& out,
                               const Words& flags);
  [[nodiscard]] Status Measure();
  [[nodiscard]] Status MeasureRound(unsigned round);
  [[nodiscard]] Status MeasureOnce(Job* job, MeasuredCase* measured,
                                   bool counts);
  [[nodiscard]] Status MeasureCrashes();
  [[nodiscard]] Status MeasureCrash(const std::string& backend,
                                    const std::string& list,
                                    std::uint64_t images);
  [[nodiscard]] Result<ChildResult> RunIn(const Words& inputs,
                                          const std::string& out, Words flags);
  void Say(const std::string& text) const;

  const CompareOptions& options_;
  TemporaryFolder folder_;
  Words sources_;  // each image, in the order of the list
  std::vector<Job> jobs_;
  Comparison comparison_;
  int interrupted_ = 0;
};

// Shows one line of progress that replaces the last one. Only on a terminal.
void Comparer::Say(const std::string& text) const {
  if (isatty(STDERR_FILENO) != 1) return;
  thumbmill::Say(stderr, "\r{}\x1b[K", text);
  std::fflush(stderr);
}

Result<ChildResult> Comparer::RunIn(const Words& inputs, const std::string& out,
                                    Words flags) {
  const std::string state = folder_ / "state";
  const std::string report = folder_ / "report.json";
  // The state of the last run would leave this run nothing to do.
  RETURN_IF_ERROR(RemoveTree(state));
  Words words = inputs;
  for (const std::string& word :
       {std::string("-o"), out, std::string("--state"), state,
        std::string("--report"), report, std::string("-q")})
    words.push_back(word);
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), options_.passed_on.begin(),
               options_.passed_on.end());
  ASSIGN_OR_RETURN(ChildResult result, RunChild(words, report));
  interrupted_ = result.interrupted;
  if (interrupted_ == 0) return result;
  return Fail(ErrorCode::kCancelled, "stopped");
}

// ---- the images --------------------------------------------------------

// Takes the images from the lines of `--dry-run`: verb, source and name, with
// tabs between.
Status Comparer::ListSources() {
  Words words{"--dry-run", "-q", "-o", "null:", "-s", options_.sizes};
  for (const std::string& input : options_.inputs) {
    words.push_back("-i");
    words.push_back(input);
  }
  words.insert(words.end(), options_.passed_on.begin(),
               options_.passed_on.end());
  ASSIGN_OR_RETURN(const std::string text, ReadChildOutput(words));
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::string line = text.substr(from, end - from);
    from = end + 1;
    if (!line.starts_with("make\t")) continue;
    sources_.push_back(line.substr(5, line.find('\t', 5) - 5));
  }
  if (sources_.empty())
    return Fail(ErrorCode::kUsage, "the input names no image");
  return {};
}

Status WriteList(const std::string& file,
                 const std::vector<std::string>& lines) {
  std::ofstream out(file);
  for (const std::string& line : lines) out << line << '\n';
  if (out.flush()) return {};
  return FailSystem("cannot write " + file, errno);
}

// Makes pictures that the measurements use. Images that fail (exit code 2) are
// left out; any other failure ends the comparison.
Status Comparer::Prepare(const Words& inputs, const std::string& out,
                         const Words& flags) {
  ASSIGN_OR_RETURN(const ChildResult result, RunIn(inputs, out, flags));
  if (result.exit_code == 0 || result.exit_code == 2) return {};
  return Fail(ErrorCode::kInternal, "the images could not be prepared");
}

Status Comparer::MakeTiny(Job* job) {
  Words inputs;
  for (const std::string& input : options_.inputs) {
    inputs.push_back("-i");
    inputs.push_back(input);
  }
  const std::string once = folder_ / "tiny-once", many = folder_ / "tiny";
  RETURN_IF_ERROR(Prepare(inputs, once, {"-s", "64x64"}));
  ASSIGN_OR_RETURN(const std::vector<fs::path> files, FilesOf(once));
  if (files.empty()) return Fail(ErrorCode::kUsage, "no image could be read");
  // Each image is made small once. The copies are plain files, so that the set
  // is ready soon.
  const std::size_t copies = (kLeastTiny + files.size() - 1) / files.size();
  std::error_code error;
  fs::create_directories(many, error);
  if (error) return FailSystem("cannot make " + many, error.value());
  for (std::size_t copy = 0; copy < copies; ++copy)
    for (std::size_t i = 0; i < files.size(); ++i)
      RETURN_IF_ERROR(
          CopyFile(files[i], fmt::format("{}/{}-{}{}", many, copy, i,
                                         files[i].extension().string())));
  job->set.images = copies * files.size();
  job->set.what = fmt::format("{} images, 64 pixels", job->set.images);
  job->inputs = {"-i", many};
  return {};
}

Status Comparer::MakeLarge(Job* job) {
  const std::string list = folder_ / "large.txt", out = folder_ / "large";
  const std::size_t count = std::min(sources_.size(), kMostLarge);
  RETURN_IF_ERROR(
      WriteList(list, {sources_.begin(),
                       sources_.begin() + static_cast<std::ptrdiff_t>(count)}));
  RETURN_IF_ERROR(Prepare({"-i", list}, out,
                          {"-s", "4000x4000", "--enlarge", "--quality", "90"}));
  ASSIGN_OR_RETURN(const Tree made, ReadTree(out));
  job->set.images = made.files;
  job->set.what = fmt::format("{} images, 4000 pixels", job->set.images);
  job->inputs = {"-i", out};
  return {};
}

Status Comparer::MakeSet(const std::string& name) {
  Say("preparing images: " + name);
  Job job;
  job.set.name = name;
  if (name == "tiny") {
    RETURN_IF_ERROR(MakeTiny(&job));
  } else if (name == "large") {
    RETURN_IF_ERROR(MakeLarge(&job));
  } else {
    for (const std::string& input : options_.inputs) {
      job.inputs.push_back("-i");
      job.inputs.push_back(input);
    }
  }
  for (const std::string& backend : options_.backends)
    for (const unsigned workers : options_.workers) {
      // Serial always has one worker: measure it once.
      if (backend == "serial" && workers != options_.workers.front()) continue;
      job.set.cases.push_back({backend, backend == "serial" ? 1 : workers, {}});
    }
  jobs_.push_back(std::move(job));
  return {};
}

// ---- the runs ----------------------------------------------------------

Status Comparer::MeasureOnce(Job* job, MeasuredCase* measured, bool counts) {
  // Each run starts without the folder: the outputs of the run before are
  // deleted outside of the measured time.
  const std::string out = folder_ / "out";
  ASSIGN_OR_RETURN(ChildResult result,
                   RunIn(job->inputs, out,
                         {"-s", options_.sizes, "--backend", measured->backend,
                          "--workers", std::to_string(measured->workers)}));
  if (result.exit_code != 0 && result.exit_code != 2)
    return Fail(
        ErrorCode::kInternal,
        fmt::format("{} with {} workers ended with exit code {}",
                    measured->backend, measured->workers, result.exit_code));
  ASSIGN_OR_RETURN(const Tree tree, ReadTree(out));
  RETURN_IF_ERROR(RemoveTree(out));
  if (job->digest.empty()) job->digest = tree.digest;
  if (job->digest != tree.digest)
    return Fail(ErrorCode::kInternal,
                fmt::format("{} with {} workers wrote other bytes than the "
                            "runs before",
                            measured->backend, measured->workers));
  if (counts) measured->runs.push_back(std::move(result));
  return {};
}

// Measures each case once. Every other round goes backwards, so that no case
// always comes first. Round 0 is the warm-up and does not count.
Status Comparer::MeasureRound(unsigned round) {
  for (Job& job : jobs_) {
    std::vector<MeasuredCase*> order;
    for (MeasuredCase& measured : job.set.cases) order.push_back(&measured);
    if (round % 2 == 1) std::reverse(order.begin(), order.end());
    for (MeasuredCase* measured : order) {
      Say(fmt::format("round {} of {}: {}, {}, {} workers", round,
                      options_.repeat, job.set.name, measured->backend,
                      measured->workers));
      RETURN_IF_ERROR(MeasureOnce(&job, measured, round > 0));
    }
  }
  return {};
}

Status Comparer::MeasureCrash(const std::string& backend,
                              const std::string& list, std::uint64_t images) {
  const std::string out = folder_ / "crash-out";
  const unsigned workers = backend == "serial" ? 1 : options_.workers.back();
  Say(fmt::format("a crash: {}", backend));
  // Name the outputs by number, so that no two sources of the list collide.
  ASSIGN_OR_RETURN(
      const ChildResult result,
      RunIn({"-i", list}, out,
            {"-s", "64x", "--name", "{index}_{size}.{ext}", "--backend",
             backend, "--workers", std::to_string(workers), "--crash-probe"}));
  CrashCase crash;
  crash.backend = backend;
  crash.workers = workers;
  crash.images = images;
  ASSIGN_OR_RETURN(const Tree tree, ReadTree(out));
  crash.complete = tree.files;
  crash.signal = result.signal;
  crash.exit_code = result.exit_code;
  crash.named = result.crashed;
  comparison_.crashes.push_back(crash);
  return RemoveTree(out);
}

// Puts an image that crashes its decoder into the middle of the list, and runs
// each backend. A run without that image first counts the images that the list
// gives, because some sources may be no images.
Status Comparer::MeasureCrashes() {
  const std::string list = folder_ / "crash.txt",
                    planted = folder_ / "planted.jpg", out = folder_ / "out";
  RETURN_IF_ERROR(WriteList(planted, {std::string(kCrashProbe)}));
  RETURN_IF_ERROR(WriteList(list, sources_));
  RETURN_IF_ERROR(Prepare({"-i", list}, out,
                          {"-s", "64x", "--name", "{index}_{size}.{ext}"}));
  ASSIGN_OR_RETURN(const Tree made, ReadTree(out));
  RETURN_IF_ERROR(RemoveTree(out));
  Words lines = sources_;
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(lines.size() / 2),
               planted);
  RETURN_IF_ERROR(WriteList(list, lines));
  for (const std::string& backend : options_.backends)
    RETURN_IF_ERROR(MeasureCrash(backend, list, made.files));
  return {};
}

Status Comparer::Measure() {
  RETURN_IF_ERROR(folder_.Make());
  RETURN_IF_ERROR(ListSources());
  for (const std::string& name : options_.sets) RETURN_IF_ERROR(MakeSet(name));
  for (unsigned round = 0; round <= options_.repeat; ++round)
    RETURN_IF_ERROR(MeasureRound(round));
  return MeasureCrashes();
}

int Comparer::Run() {
  const Status measured = Measure();
  Say("");
  if (interrupted_ != 0) return 128 + interrupted_;
  if (!measured) {
    LogError(measured.error().what);
    return measured.error().code == ErrorCode::kUsage ? kExitUsage : kExitFatal;
  }
  comparison_.machine = MachineText();
  comparison_.date = Today();
  comparison_.rounds = options_.repeat;
  comparison_.command = fmt::format(
      "coordinator compare -i SRC -s {} --workers {} --repeat {} --backends {}",
      options_.sizes, fmt::join(options_.workers, ","), options_.repeat,
      fmt::join(options_.backends, ","));
  for (Job& job : jobs_) {
    if (job.set.name == "given") CountGiven(&job.set);
    comparison_.sets.push_back(std::move(job.set));
  }
  thumbmill::Say(stdout, "{}", TablesOf(comparison_));
  if (std::fflush(stdout) != 0) LogWarning("the tables could not be printed");
  if (options_.report_dir.empty()) return kExitDone;
  const Status written = WriteReports(comparison_, options_.report_dir);
  if (written) return kExitDone;
  // Only the plot is missing then; the figures are there.
  if (written.error().code != ErrorCode::kNotFound) {
    LogError(written.error().what);
    return kExitFatal;
  }
  LogWarning(written.error().what);
  return kExitDone;
}

}  // namespace

int Compare(const CompareOptions& options) { return Comparer(options).Run(); }

}  // namespace thumbmill
