#include "coordinator/source/naming.h"

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/hash.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxPartBytes = 255;
constexpr std::string_view kDirectoryDefault = "{dir}/{stem}_{size}.{ext}";
constexpr std::string_view kUrlDefault = "{host}/{dir}/{stem}_{size}.{ext}";
constexpr std::string_view kUrlQueryDefault =
    "{host}/{dir}/{stem}-{hash}_{size}.{ext}";

// The mark before a part that JSON cannot hold unencoded.
constexpr std::string_view kEncodedPart = "percent-encoded:";

constexpr std::array<std::string_view, 11> kWords = {
    "index", "part", "host", "dir",  "stem", "srcext",
    "ext",   "w",    "h",    "size", "hash"};

bool IsUnsafe(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || u == 0x7f || c == '\\';
}

void AppendEscaped(char c, std::string* out) {
  *out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
}

// Returns true if `text` starts like an escape of SafePart(): '%' and the two
// digits of a byte that SafePart() escapes. SafePart() escapes such a '%' too;
// otherwise a file named "%0a" and one named by a line feed would collide.
bool LooksEscaped(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return false;
  const char high = text[1], low = text[2];
  const bool hex = (low >= '0' && low <= '9') || (low >= 'a' && low <= 'f');
  if (high == '0' || high == '1') return hex;
  return (high == '2' && (low == '5' || low == 'e')) ||
         (high == '5' && low == 'c') || (high == '7' && low == 'f');
}

// Returns a part that is safe in a target: escapes control characters,
// backslashes, and the dots of "." and "..".
std::string SafePart(std::string_view part) {
  const bool dots = part == "." || part == "..";
  std::string safe;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (dots || IsUnsafe(part[i]) || LooksEscaped(part.substr(i))) {
      AppendEscaped(part[i], &safe);
    } else {
      safe += part[i];
    }
  }
  return safe;
}

// Cuts a part to the bytes that file systems allow. A hash keeps parts distinct
// that would become equal. The end stays, because it tells size and format.
std::string FitPart(std::string part) {
  if (part.size() <= kMaxPartBytes) return part;
  constexpr std::size_t kTail = 48;
  const std::string mark = "~" + ToHex(HashKey(part)).substr(0, 16) + "~";
  const std::size_t head = kMaxPartBytes - kTail - mark.size();
  std::size_t cut = head;
  // Never cut within a UTF-8 character.
  while (cut > 0 && (static_cast<unsigned char>(part[cut]) & 0xc0) == 0x80)
    --cut;
  std::size_t tail = part.size() - kTail;
  while (tail < part.size() &&
         (static_cast<unsigned char>(part[tail]) & 0xc0) == 0x80)
    ++tail;
  return part.substr(0, cut) + mark + part.substr(tail);
}

// Returns a name that is safe below a target.
std::string SafeName(std::string_view name) {
  std::string safe;
  std::size_t from = 0;
  while (from <= name.size()) {
    const std::size_t slash = std::min(name.find('/', from), name.size());
    const std::string_view part = name.substr(from, slash - from);
    if (!part.empty()) {
      if (!safe.empty()) safe += '/';
      safe += FitPart(SafePart(part));
    }
    from = slash + 1;
  }
  if (safe.empty()) return "unnamed";  // "{dir}" of a file at the root
  // The state folder of a run lies beside the thumbnails: no thumbnail may
  // overwrite a file in it.
  if (safe == ".thumbmill" || safe.starts_with(".thumbmill/"))
    safe.replace(0, 1, "%2e");
  return safe;
}

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

// Escapes slashes. A stem or an extension comes from one part of a path, so a
// slash in it was percent-encoded and must not become a folder.
std::string OnePart(std::string_view stem) {
  std::string safe;
  for (const char c : stem) {
    if (c == '/') {
      AppendEscaped(c, &safe);
    } else {
      safe += c;
    }
  }
  return safe;
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
