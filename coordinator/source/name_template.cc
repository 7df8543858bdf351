#include "coordinator/source/name_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/hash.h"
#include "coordinator/net/url.h"
#include "coordinator/source/name_parts.h"
#include "coordinator/source/safe_name.h"

namespace thumbmill {
namespace {

constexpr std::string_view kDirectoryDefault = "{dir}/{stem}_{size}.{ext}";
constexpr std::string_view kUrlDefault = "{host}/{dir}/{stem}_{size}.{ext}";
constexpr std::string_view kUrlQueryDefault =
    "{host}/{dir}/{stem}-{hash}_{size}.{ext}";

constexpr std::array<std::string_view, 11> kWords = {
    "index", "part", "host", "dir",  "stem", "srcext",
    "ext",   "w",    "h",    "size", "hash"};

// Splits a template. Calls `literal` for plain text and `word` for the content
// of each pair of braces.
template <typename Literal, typename WordFound>
Status ForEachPiece(std::string_view text, Literal literal, WordFound word) {
  while (!text.empty()) {
    const std::size_t open = text.find_first_of("{}");
    literal(text.substr(0, open));
    if (open == std::string_view::npos) return {};
    if (text[open] == '}')
      return Fail(ErrorCode::kUsage, "a '}' without a '{' before it");
    text.remove_prefix(open + 1);
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos)
      return Fail(ErrorCode::kUsage, "a '{' without a '}' after it");
    word(text.substr(0, close));
    text.remove_prefix(close + 1);
  }
  return {};
}

std::string_view TemplateFor(const std::string& text, const ImageRef& ref) {
  if (!text.empty()) return text;
  if (!ref.is_url) return kDirectoryDefault;
  return ref.has_query ? kUrlQueryDefault : kUrlDefault;
}

std::string HashWord(const ImageRef& ref) {
  const std::string key = ref.is_url ? CanonicalUrl(ref.uri) : ref.uri;
  return ToHex(HashBytes(AsBytes(key))).substr(0, 8);
}

bool Names(std::string_view extension, ImageFormat format) {
  return FormatFromExtension(extension) == format;
}

// Returns true if the output keeps the source's format and the extension of the
// source names another one. "{stem}.{srcext}" then replaces the stem.
bool IsForced(const ImageRef& ref, ImageFormat written, ImageFormat wanted) {
  return wanted == ImageFormat::kUnknown && !ref.srcext.empty() &&
         !Names(ref.srcext, written);
}

std::string Extension(const ImageRef& ref, ImageFormat written,
                      ImageFormat wanted) {
  if (wanted == ImageFormat::kUnknown && Names(ref.srcext, written))
    return ref.srcext;
  return std::string(RowOf(written).extension);
}

// Predicts the output format from the extension of the source.
ImageFormat Predicted(const ImageRef& ref, ImageFormat wanted) {
  if (wanted != ImageFormat::kUnknown) return wanted;
  const ImageFormat named = FormatFromExtension(ref.srcext);
  return CanBeWritten(named) ? named : ImageFormat::kJpeg;
}

struct Fields {
  std::string stem, srcext, ext, w, h, size;
};

// Returns true if the stem includes the source's extension. That happens if the
// bytes force another format than the name says. It also happens, until the
// bytes are known, if the name is not a picture's: "a.txt" must not claim the
// name of "a.jpg".
bool ShowsSource(const ImageRef& ref, ImageFormat written, ImageFormat wanted,
                 bool bytes_known) {
  if (IsForced(ref, written, wanted)) return true;
  return !bytes_known && !ref.srcext.empty() &&
         FormatFromExtension(ref.srcext) == ImageFormat::kUnknown;
}

// Returns the fields that do not depend on the size.
Fields FieldsOf(const ImageRef& ref, ImageFormat written, ImageFormat wanted,
                bool bytes_known) {
  Fields fields;
  fields.stem = OnePart(ref.stem);
  fields.srcext = OnePart(ref.srcext);
  if (ShowsSource(ref, written, wanted, bytes_known))
    fields.stem += "." + fields.srcext;
  fields.ext = OnePart(Extension(ref, written, wanted));
  return fields;
}

void LeaveSizeOpen(Fields* fields) {
  fields->w = "{w}";
  fields->h = "{h}";
  fields->size = "{size}";
}

std::string Expand(const std::string& text, const ImageRef& ref,
                   const Fields& fields) {
  std::string name;
  (void)ForEachPiece(
      TemplateFor(text, ref),
      [&](std::string_view literal) { name += literal; },
      [&](std::string_view word) {
        if (word == "index") name += std::to_string(ref.index);
        if (word == "part") name += fmt::format("{:05}", ref.index / 10'000);
        if (word == "host") name += ref.host;
        if (word == "dir") name += ref.dir;
        if (word == "stem") name += fields.stem;
        if (word == "srcext") name += fields.srcext;
        if (word == "ext") name += fields.ext;
        if (word == "w") name += fields.w;
        if (word == "h") name += fields.h;
        if (word == "size") name += fields.size;
        if (word == "hash") name += HashWord(ref);
      });
  return SafeName(name);
}

}  // namespace

Result<NameTemplate> NameTemplate::Parse(std::string_view text) {
  // Refuse an unknown word now: Expand() would silently drop it.
  std::optional<std::string> unknown;
  RETURN_IF_ERROR(ForEachPiece(
      text, [](std::string_view) {},
      [&](std::string_view word) {
        if (std::find(kWords.begin(), kWords.end(), word) == kWords.end())
          unknown = std::string(word);
      }));
  if (unknown)
    return Fail(ErrorCode::kUsage,
                fmt::format("{{{}}} is unknown; there are {{{}}}", *unknown,
                            fmt::join(kWords, "} {")));
  NameTemplate result;
  result.text_ = std::string(text);
  return result;
}

std::string NameTemplate::Claim(const ImageRef& ref, ImageFormat wanted) const {
  Fields fields = FieldsOf(ref, Predicted(ref, wanted), wanted, false);
  LeaveSizeOpen(&fields);
  return Expand(text_, ref, fields);
}

std::string NameTemplate::ClaimWritten(const ImageRef& ref, ImageFormat written,
                                       ImageFormat wanted) const {
  Fields fields = FieldsOf(ref, written, wanted, true);
  LeaveSizeOpen(&fields);
  return Expand(text_, ref, fields);
}

std::string NameTemplate::Name(const ImageRef& ref, const SizeSpec& size,
                               std::uint32_t width, std::uint32_t height,
                               ImageFormat written, ImageFormat wanted) const {
  Fields fields = FieldsOf(ref, written, wanted, true);
  fields.w = std::to_string(width);
  fields.h = std::to_string(height);
  fields.size = size.label;
  return Expand(text_, ref, fields);
}

bool NameTemplate::NeedsSecondClaim(const ImageRef& ref, ImageFormat written,
                                    ImageFormat wanted) const {
  return !text_.empty() ||
         ClaimWritten(ref, written, wanted) != Claim(ref, wanted);
}

bool NameTemplate::TellsSizesApart() const {
  if (text_.empty()) return true;
  bool apart = false;
  (void)ForEachPiece(
      text_, [](std::string_view) {},
      [&](std::string_view word) {
        apart |= word == "size" || word == "w" || word == "h";
      });
  return apart;
}

bool NameTemplate::HoldsPosition() const {
  return text_.find("{index}") != std::string::npos ||
         text_.find("{part}") != std::string::npos;
}

}  // namespace thumbmill
