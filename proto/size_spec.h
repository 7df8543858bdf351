// proto/size_spec.h: reads the texts of a recipe, such as "200x100^" for a
// size, and writes them.
//
// Contract docs/cli.md, "Sizes".
// Errors   kUsage, with a text that tells the user the right form.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "proto/recipe.h"

namespace thumbmill {

// Reads "200", "200x100^", "x64", "200x<". `fit` applies unless the suffix says
// otherwise.
[[nodiscard]] Result<SizeSpec> ParseSize(std::string_view text, Fit fit);

[[nodiscard]] Result<Fit> ParseFit(std::string_view text);
[[nodiscard]] std::string_view ToString(Fit fit);
[[nodiscard]] Result<FilterKind> ParseFilter(std::string_view text);
[[nodiscard]] std::string_view ToString(FilterKind filter);
[[nodiscard]] Result<FailOn> ParseFailOn(std::string_view text);
[[nodiscard]] std::string_view ToString(FailOn fail_on);
// Reads "same" as kUnknown.
[[nodiscard]] Result<ImageFormat> ParseOutputFormat(std::string_view text);
[[nodiscard]] std::string_view ToString(ImageFormat format);
// Reads "white" and seven other names, "#rgb", "#rrggbb".
[[nodiscard]] Result<Rgb> ParseColour(std::string_view text);
// Reads "none", "all", or a list of "icc", "exif", "copyright".
[[nodiscard]] Result<Keep> ParseKeep(std::string_view text);
[[nodiscard]] std::string ToText(const Keep& keep);
// Reads "80", "jpg=80" or "jpg=80,webp=80", and sets the qualities that the
// text names: all of them, if it names no format.
[[nodiscard]] Status ParseQuality(std::string_view text, Recipe* recipe);

}  // namespace thumbmill
