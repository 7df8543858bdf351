#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "common/words.h"
#include "coordinator/cli/cli_steps.h"
#include "proto/size_spec.h"

namespace thumbmill {
namespace {

Status ApplyPreset(Draft* draft) {
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
  if (draft->preset.empty()) return {};
  for (const Preset& preset : kPresets) {
    if (draft->preset != preset.name) continue;
    draft->sizes.push_back(preset.sizes);
    if (draft->preset == "course") {
      draft->options.recipe.enlarge = true;
      std::string& name = draft->options.name_template;
      if (name.empty()) name = "{stem}_{w}.{ext}";
    }
    return {};
  }
  return Fail(ErrorCode::kUsage,
              fmt::format("--preset: '{}' is none of: course, slides-200, "
                          "slides-96, slides-165",
                          draft->preset));
}

// img2dataset has three ways to resize to a square, and the default here is
// none of them: a guess would surprise, so --image-size alone is an error.
Status ApplyImageSize(Draft* draft) {
  const std::string& n = draft->image_size;
  const std::string& mode = draft->resize_mode;
  if (n.empty() && mode.empty()) return {};
  if (n.empty())
    return Fail(ErrorCode::kUsage,
                "--resize-mode goes with --image-size; here sizes are "
                "-s and --fit");
  if (mode.empty())
    return Fail(
        ErrorCode::kUsage,
        fmt::format("--image-size alone is ambiguous: img2dataset pads and "
                    "enlarges. Write --image-size {0} --resize-mode border "
                    "for that, or -s {0} to fit within {0}x{0}",
                    n));
  const bool crops = mode == "center_crop" || mode == "center-crop";
  if (mode == "border") {
    draft->fit = Fit::kContain;
  } else if (mode == "keep_ratio" || mode == "keep-ratio") {
    draft->fit = Fit::kOutside;
  } else if (!crops) {
    return Fail(ErrorCode::kUsage,
                fmt::format("--resize-mode: '{}' is none of: border, "
                            "keep_ratio, center_crop",
                            mode));
  }
  if (!crops) draft->options.recipe.enlarge = true;
  draft->sizes.push_back(crops ? n + "^" : n);
  return {};
}

// Appends a size. Fails if an earlier one has the same label: the label is
// {size} in names, and the two would overwrite each other.
Status AddSize(SizeSpec size, std::vector<SizeSpec>* sizes) {
  for (const SizeSpec& other : *sizes)
    if (other.label == size.label)
      return Fail(ErrorCode::kUsage,
                  fmt::format("--size: {} and {} would both be named '{}'; "
                              "leave one out",
                              other.text, size.text, size.label));
  sizes->push_back(std::move(size));
  return {};
}

}  // namespace

Status CompleteSizes(Draft* draft) {
  RETURN_IF_ERROR(ApplyPreset(draft));
  RETURN_IF_ERROR(ApplyImageSize(draft));
  std::vector<SizeSpec>& sizes = draft->options.recipe.sizes;
  for (const std::string& list : draft->sizes)
    for (const std::string& text : SplitCommas(list)) {
      Result<SizeSpec> size = ParseSize(text, draft->fit);
      if (!size) return Fail(ErrorCode::kUsage, "--size: " + size.error().what);
      RETURN_IF_ERROR(AddSize(std::move(*size), &sizes));
    }
  if (sizes.empty())
    return Fail(ErrorCode::kUsage, "no size: add for example -s 200x,64x,32x");
  if (sizes.size() > kMaxSizes)
    return Fail(ErrorCode::kUsage,
                fmt::format("--size: {} sizes; the most is {}", sizes.size(),
                            kMaxSizes));
  return {};
}

}  // namespace thumbmill
