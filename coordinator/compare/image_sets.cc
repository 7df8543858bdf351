// The images of a comparison: as given, made small and many, made large.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "coordinator/compare/comparer.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

// The set tiny has at least kLeastTiny images, made by copying files; the set
// large has at most kMostLarge.
constexpr std::size_t kLeastTiny = 2000;
constexpr std::size_t kMostLarge = 24;

}  // namespace

Comparer::Words Comparer::InputFlags() const {
  Words words;
  for (const std::string& input : options_.inputs) {
    words.push_back("-i");
    words.push_back(input);
  }
  return words;
}

// Takes the images from the lines of `--dry-run`: verb, source and name, with
// tabs between.
Status Comparer::ListSources() {
  Words words{"--dry-run", "-q", "-o", "null:", "-s", options_.sizes};
  const Words inputs = InputFlags();
  words.insert(words.end(), inputs.begin(), inputs.end());
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

// Makes pictures that the measurements use. Images that fail (exit code 2) are
// left out; any other failure ends the comparison.
Status Comparer::Prepare(const Words& inputs, const std::string& out,
                         const Words& flags) {
  ASSIGN_OR_RETURN(const ChildResult result, RunIn(inputs, out, flags));
  if (result.exit_code == 0 || result.exit_code == 2) return {};
  return Fail(ErrorCode::kInternal, "the images could not be prepared");
}

Status Comparer::MakeTiny(Job* job) {
  const std::string once = folder_ / "tiny-once", many = folder_ / "tiny";
  RETURN_IF_ERROR(Prepare(InputFlags(), once, {"-s", "64x64"}));
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
  Print("preparing images: " + name);
  Job job;
  job.set.name = name;
  if (name == "tiny") {
    RETURN_IF_ERROR(MakeTiny(&job));
  } else if (name == "large") {
    RETURN_IF_ERROR(MakeLarge(&job));
  } else {
    job.inputs = InputFlags();
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

}  // namespace thumbmill
