// proto/size_spec.h: the text of a size: "200", "200x100^", "x64", "200x<".
//
// Contract docs/cli.md, "Sizes". Errors are kUsage and say what to type.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "proto/recipe.h"

namespace thumbmill {

[[nodiscard]] Result<SizeSpec> ParseSize(std::string_view text, Fit fit);

[[nodiscard]] Result<Fit> ParseFit(std::string_view text);
[[nodiscard]] std::string_view ToWord(Fit fit);
[[nodiscard]] Result<FilterKind> ParseFilter(std::string_view text);
[[nodiscard]] std::string_view ToWord(FilterKind filter);
[[nodiscard]] Result<FailOn> ParseFailOn(std::string_view text);
[[nodiscard]] std::string_view ToWord(FailOn fail_on);
// "same" is kUnknown.
[[nodiscard]] Result<ImageFormat> ParseOutputFormat(std::string_view text);
[[nodiscard]] std::string_view ToWord(ImageFormat format);
// "white", "#rgb", "#rrggbb".
[[nodiscard]] Result<Rgb> ParseColour(std::string_view text);
// "none", "all", or a list of "icc", "exif", "copyright".
[[nodiscard]] Result<Keep> ParseKeep(std::string_view text);
[[nodiscard]] std::string ToText(const Keep& keep);
// "80", "jpg=80", "jpg=80,webp=80": sets what it names, or all.
[[nodiscard]] Status ParseQuality(std::string_view text, Recipe* recipe);

}  // namespace thumbmill
