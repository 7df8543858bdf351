#include <fmt/format.h>

#include <string>

#include "coordinator/cli/cli_steps.h"
#include "coordinator/net/url.h"
#include "coordinator/source/naming.h"

namespace thumbmill {
namespace {

Status SetTargetKind(RunOptions* options) {
  const std::string& output = options->output;
  if (output.empty())
    return Fail(ErrorCode::kUsage,
                "no target: add for example -o out, or -o "
                "http://host/path/ --state DIR");
  if (output.starts_with("tar:"))
    return Fail(ErrorCode::kUsage,
                "--output: archives are not written yet; name a folder or an "
                "http(s) URL");
  if (output == "null:") {
    options->target = TargetKind::kNull;
    return {};
  }
  if (!LooksLikeUrl(output)) return {};
  options->target = TargetKind::kHttp;
  if (!ParseUrl(output))
    return Fail(ErrorCode::kUsage,
                fmt::format("--output: '{}' is not a folder, an http(s) URL "
                            "or null:",
                            RedactUrl(output)));
  // A folder target keeps its state inside itself; a server cannot.
  if (options->state_dir.empty())
    return Fail(ErrorCode::kUsage,
                "an http target needs a place for the journal: add "
                "--state DIR");
  return {};
}

}  // namespace

Status CompleteTarget(Draft* draft) {
  RunOptions& options = draft->options;
  RETURN_IF_ERROR(SetTargetKind(&options));
  if (options.state_dir.empty() && options.target == TargetKind::kDirectory)
    options.state_dir = options.output + "/.thumbmill";
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
