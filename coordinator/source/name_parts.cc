#include "coordinator/source/name_parts.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "coordinator/net/url.h"
#include "coordinator/source/safe_name.h"

namespace thumbmill {
namespace {

// The mark before a part that JSON cannot hold unencoded.
constexpr std::string_view kEncodedPart = "percent-encoded:";

bool IsUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80                   ? 0
                             : lead >= 0xc2 && lead < 0xe0 ? 1
                             : lead >= 0xe0 && lead < 0xf0 ? 2
                             : lead >= 0xf0 && lead < 0xf5 ? 3
                                                           : text.size();
    if (i + more >= text.size()) return false;
    // Reject overlong forms, surrogates and codes above U+10FFFF.
    const auto next = static_cast<unsigned char>(more > 0 ? text[i + 1] : 0);
    if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) ||
        (lead == 0xf0 && next < 0x90) || (lead == 0xf4 && next > 0x8f))
      return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80)
        return false;
    i += more + 1;
  }
  return true;
}

// Splits "photo.JPG" into stem and extension. An extension is 1 to 5 letters
// or digits; ".hidden" has none.
void SplitExtension(std::string_view file, ImageRef* ref) {
  const std::size_t dot = file.rfind('.');
  const std::string_view ext =
      dot == std::string_view::npos ? "" : file.substr(dot + 1);
  const bool plain = dot != 0 && !ext.empty() && ext.size() <= 5 &&
                     std::all_of(ext.begin(), ext.end(), [](char c) {
                       return (c >= '0' && c <= '9') ||
                              (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                     });
  ref->stem = std::string(plain ? file.substr(0, dot) : file);
  ref->srcext = std::string(plain ? ext : "");
}

void FillFromPath(std::string_view path, ImageRef* ref) {
  const std::size_t slash = path.rfind('/');
  const bool has_dir = slash != std::string_view::npos;
  ref->dir = std::string(has_dir ? path.substr(0, slash) : "");
  SplitExtension(has_dir ? path.substr(slash + 1) : path, ref);
}

// Returns "a/b/c.jpg" for "./a//b/./c.jpg", such as `find .` writes.
std::string WithoutDots(std::string_view path) {
  std::string plain;
  std::size_t from = 0;
  while (from < path.size()) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    const std::string_view part = path.substr(from, slash - from);
    if (!part.empty() && part != ".") {
      if (!plain.empty()) plain += '/';
      plain += part;
    }
    from = slash + 1;
  }
  return plain;
}

// Decodes each part separately, so that an encoded slash does not split one.
std::string DecodeParts(std::string_view path) {
  std::string decoded;
  std::size_t from = 0;
  while (from <= path.size()) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    if (from > 0) decoded += '/';
    decoded += OnePart(PercentDecode(path.substr(from, slash - from)));
    from = slash + 1;
  }
  return decoded;
}

}  // namespace

void FillNameParts(ImageRef* ref, std::string_view url_or_relative_path) {
  const std::optional<Url> url = ParseUrl(url_or_relative_path);
  if (!url) return FillFromPath(WithoutDots(url_or_relative_path), ref);
  ref->host = url->host;
  ref->has_query = !url->query.empty();
  std::string path = DecodeParts(url->path);
  if (!path.empty() && path.front() == '/') path.erase(0, 1);
  FillFromPath(path, ref);
  // A URL that ends with a slash has no file name.
  if (ref->stem.empty()) ref->stem = "index";
}

std::string SourceKey(const ImageRef& ref) {
  if (ref.is_url) return CanonicalUrl(ref.uri);
  return ref.path.empty() ? ref.uri : ref.path;
}

std::string ListableUri(const std::string& uri) {
  if (ParseUrl(uri)) return uri;
  const bool plain = IsUtf8(uri) && !uri.empty() && uri.front() != '#' &&
                     uri.find_first_of("\r\n") == std::string::npos;
  if (plain || LooksLikeUrl(uri)) return uri;
  return uri.empty() ? "" : "file://" + PercentEncode(AbsolutePath(uri), true);
}

std::string AbsolutePath(std::string_view path) {
  std::string absolute;
  if (!path.starts_with('/')) {
    std::array<char, PATH_MAX> here{};
    // If the working directory was removed, keep the path unchanged.
    if (getcwd(here.data(), here.size()) == nullptr) return std::string(path);
    if (here[1] != '\0') absolute = here.data();
  }
  std::size_t from = 0;
  while (from < path.size()) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    const std::string_view part = path.substr(from, slash - from);
    if (!part.empty() && part != ".") absolute.append("/").append(part);
    from = slash + 1;
  }
  return absolute.empty() ? "/" : absolute;
}

std::string RecordPart(const std::string& part) {
  if (IsUtf8(part) && !part.starts_with(kEncodedPart)) return part;
  return std::string(kEncodedPart) + PercentEncode(part, true);
}

std::string PartFromRecord(std::string_view text) {
  if (!text.starts_with(kEncodedPart)) return std::string(text);
  return PercentDecode(text.substr(kEncodedPart.size()));
}

}  // namespace thumbmill
