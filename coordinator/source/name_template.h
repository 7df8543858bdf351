// coordinator/source/name_template.h: makes the names of thumbnails from the
// name of an image.
//
// Promise  a name never leaves the target: it has no "..", no leading '/', no
//          NUL or control characters, and no part above 255 bytes (a longer
//          part is cut and gets a hash). The journal's claims find different
//          sources that would get the same name.
// Contract docs/cli.md, "Names of outputs".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "coordinator/source/source.h"
#include "proto/image_format.h"
#include "proto/recipe.h"

namespace thumbmill {

class NameTemplate {
 public:
  // Parses a template. An empty text stands for the default of each item. Fails
  // with kUsage for an unknown {word} or unbalanced braces.
  [[nodiscard]] static Result<NameTemplate> Parse(std::string_view text);

  // Returns the name that an item claims before it is fetched: {size}, {w} and
  // {h} stay open, {ext} is predicted from the source's name and --format.
  [[nodiscard]] std::string Claim(const ImageRef& ref,
                                  ImageFormat wanted) const;

  // Returns the final name of one thumbnail.
  [[nodiscard]] std::string Name(const ImageRef& ref, const SizeSpec& size,
                                 std::uint32_t width, std::uint32_t height,
                                 ImageFormat written, ImageFormat wanted) const;

  // Returns the claim for the format that was written. An item claims it
  // instead if its bytes are of another format than its name says.
  [[nodiscard]] std::string ClaimWritten(const ImageRef& ref,
                                         ImageFormat written,
                                         ImageFormat wanted) const;

  // Returns true if the final name can differ from the claim in more than the
  // size. The item must then claim again: ClaimWritten() for the default
  // template, where different claims give different names; otherwise the names
  // themselves, because "{stem}{w}" gives one name for a1 + 23 and a12 + 3.
  [[nodiscard]] bool NeedsSecondClaim(const ImageRef& ref, ImageFormat written,
                                      ImageFormat wanted) const;

  // Returns true if two sizes of one image get different names.
  [[nodiscard]] bool TellsSizesApart() const;
  // Returns true if the name holds the item's position ({index}, {part}).
  [[nodiscard]] bool HoldsPosition() const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;  // empty: the default
};

}  // namespace thumbmill
