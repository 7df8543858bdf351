// coordinator/source/naming.h: from an image's name to its thumbnails' names.
//
// Promise  a name never leaves the target: no "..", no leading '/', no NUL or
//          control characters, no part longer than the target allows (255
//          bytes; what is longer is cut and gets a hash). Different sources
//          that map to one name are found by the journal's claims.
// Contract docs/cli.md, "Names of outputs".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "coordinator/source/source.h"
#include "proto/recipe.h"

namespace thumbmill {

class NameTemplate {
 public:
  // Empty text: the default for the item's origin. Fails with kUsage for an
  // unknown {word} or unbalanced braces.
  [[nodiscard]] static Result<NameTemplate> Parse(std::string_view text);

  // The name with {size}, {w} and {h} left open and {ext} as the source's
  // name and --format predict it: what an item claims before it is fetched.
  [[nodiscard]] std::string Claim(const ImageRef& ref,
                                  ImageFormat wanted) const;

  // The final name of one thumbnail.
  [[nodiscard]] std::string Name(const ImageRef& ref, const SizeSpec& size,
                                 std::uint32_t width, std::uint32_t height,
                                 ImageFormat written, ImageFormat wanted) const;

  // The same for the format that is written: what an item whose bytes turned
  // out to be other than its name said claims instead.
  [[nodiscard]] std::string ClaimWritten(const ImageRef& ref,
                                         ImageFormat written,
                                         ImageFormat wanted) const;

  // True when the final name can differ from the claim in more than size, so
  // that it must be claimed again: ClaimWritten() where the template is the
  // default (different claims have different names), else the names
  // themselves ("{stem}{w}" makes one name of a1 + 23 and a12 + 3).
  [[nodiscard]] bool NeedsSecondClaim(const ImageRef& ref, ImageFormat written,
                                      ImageFormat wanted) const;

  // True when two sizes of one image get different names.
  [[nodiscard]] bool TellsSizesApart() const;
  // True when the name holds the item's position ({index}, {part}).
  [[nodiscard]] bool HoldsPosition() const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;  // empty: the default
};

// Fills host, dir, stem, srcext and has_query from a URL or from a path
// relative to its root ('/' between parts).
void FillNameParts(ImageRef* ref, std::string_view url_or_relative_path);

// What tells two sources apart: the canonical URL, or the path.
[[nodiscard]] std::string SourceKey(const ImageRef& ref);

// A source as a list can name it again: verbatim; a path that is not UTF-8, or
// that a list would read as something else, as a percent-encoded file:// URL.
[[nodiscard]] std::string ListableUri(const std::string& uri);

// From '/', without "." and empty parts. ".." stays: it may lead through a
// link.
[[nodiscard]] std::string AbsolutePath(std::string_view path);

// A part of a name (host, dir, stem, srcext) as JSON can hold it, and back:
// bytes that are not UTF-8 are percent-encoded behind a mark.
[[nodiscard]] std::string RecordPart(const std::string& part);
[[nodiscard]] std::string PartFromRecord(std::string_view text);

// The format that an extension names; kUnknown for others.
[[nodiscard]] ImageFormat FormatFromExtension(std::string_view extension);
[[nodiscard]] std::string_view DefaultExtension(ImageFormat format);
[[nodiscard]] std::string_view ContentType(ImageFormat format);

}  // namespace thumbmill
