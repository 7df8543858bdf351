#include <fmt/format.h>

#include <string>
#include <utility>

#include "coordinator/cli/cli_steps.h"
#include "coordinator/source/name_template.h"

namespace thumbmill {
namespace {

Status ReadTarget(RunOptions* options) {
  if (options->output.empty())
    return Fail(ErrorCode::kUsage,
                "no target: add for example -o out, or -o "
                "http://host/path/ --state DIR");
  Result<TargetFacts> target = DescribeTarget(TargetSpec(*options));
  if (!target)
    return Fail(ErrorCode::kUsage, "--output: " + target.error().what);
  options->target = *std::move(target);
  return {};
}

// A folder target keeps its state inside itself; a server cannot.
Status ChooseState(RunOptions* options) {
  if (!options->state_dir.empty() || !options->target.keeps_state) return {};
  options->state_dir = options->target.default_state;
  if (!options->state_dir.empty()) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("an {} target needs a place for the journal: add "
                          "--state DIR",
                          options->target.kind));
}

}  // namespace

Status CompleteTarget(Draft* draft) {
  RunOptions& options = draft->options;
  RETURN_IF_ERROR(ReadTarget(&options));
  RETURN_IF_ERROR(ChooseState(&options));
  if (options.report_file.empty() && !options.state_dir.empty())
    options.report_file = options.state_dir + "/report.json";
  return {};
}

Status CheckNames(const Draft& draft) {
  const std::string& text = draft.options.name_template;
  Result<NameTemplate> name = NameTemplate::Parse(text);
  if (!name) return Fail(ErrorCode::kUsage, "--name: " + name.error().what);
  if (draft.options.recipe.sizes.size() <= 1 || name->TellsSizesApart())
    return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("--name: '{}' gives all sizes of an image one name; "
                          "add {{size}} to it",
                          text));
}

}  // namespace thumbmill
