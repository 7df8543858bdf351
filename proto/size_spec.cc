#include "proto/size_spec.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace thumbmill {
namespace {

// Pixels of the longest side, as in a JPEG.
constexpr std::uint32_t kMaxDimension = 65535;

tl::unexpected<Error> BadSize(std::string_view text, std::string_view why) {
  return Fail(ErrorCode::kUsage,
              fmt::format("'{}' {}; write 200, 200x100, 200x or x200, with "
                          "! ^ < or > behind it if you like",
                          text, why));
}

// Returns 0 for "": the side follows from the other one.
std::optional<std::uint32_t> Side(std::string_view digits) {
  if (digits.empty()) return 0;
  std::uint32_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  if (value == 0 || value > kMaxDimension) return std::nullopt;
  return value;
}

void ApplySuffix(char suffix, SizeSpec* size) {
  switch (suffix) {
    case '!':
      size->fit = Fit::kFill;
      size->enlarge = Enlarge::kAlways;
      break;
    case '^':
      size->fit = Fit::kCover;
      size->enlarge = Enlarge::kAlways;
      break;
    case '<':
      size->enlarge = Enlarge::kOnlyEnlarge;
      break;
    case '>':
      size->enlarge = Enlarge::kOnlyShrink;
      break;
    default:
      break;
  }
}

constexpr std::string_view kSame = "same";  // the source's own format

template <typename T, std::size_t N>
using Words = std::array<std::pair<std::string_view, T>, N>;

constexpr Words<Fit, 5> kFits = {{{"inside", Fit::kInside},
                                  {"outside", Fit::kOutside},
                                  {"cover", Fit::kCover},
                                  {"contain", Fit::kContain},
                                  {"fill", Fit::kFill}}};
constexpr Words<FilterKind, 6> kFilters = {{{"lanczos3", FilterKind::kLanczos3},
                                            {"mitchell", FilterKind::kMitchell},
                                            {"cubic", FilterKind::kCubic},
                                            {"linear", FilterKind::kLinear},
                                            {"box", FilterKind::kBox},
                                            {"nearest", FilterKind::kNearest}}};
constexpr Words<FailOn, 4> kFailOns = {{{"none", FailOn::kNone},
                                        {"truncated", FailOn::kTruncated},
                                        {"error", FailOn::kError},
                                        {"warning", FailOn::kWarning}}};
constexpr Words<Rgb, 8> kColours = {{{"white", {255, 255, 255}},
                                     {"black", {0, 0, 0}},
                                     {"gray", {128, 128, 128}},
                                     {"grey", {128, 128, 128}},
                                     {"red", {255, 0, 0}},
                                     {"green", {0, 128, 0}},
                                     {"blue", {0, 0, 255}},
                                     {"yellow", {255, 255, 0}}}};

template <typename T, std::size_t N>
Result<T> FromWord(std::string_view text, const Words<T, N>& words) {
  std::string known;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    if (!known.empty()) known += ", ";
    known += word;
  }
  return Fail(ErrorCode::kUsage,
              fmt::format("'{}' is none of: {}", text, known));
}

template <typename T, std::size_t N>
std::string_view WordOf(T wanted, const Words<T, N>& words) {
  for (const auto& [word, value] : words)
    if (value == wanted) return word;
  return "";
}

std::optional<std::uint8_t> HexByte(std::string_view two) {
  std::uint8_t value = 0;
  const auto [rest, error] =
      std::from_chars(two.data(), two.data() + two.size(), value, 16);
  if (error != std::errc() || rest != two.data() + two.size())
    return std::nullopt;
  return value;
}

// Sets the quality of one format, or of all if `format` is empty.
Status SetQuality(std::string_view format, std::string_view text,
                  Recipe* recipe) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < 1 || value > 100)
    return Fail(ErrorCode::kUsage,
                fmt::format("'{}' is no quality; write 1 to 100", text));
  const bool all = format.empty();
  const bool jpeg = format == "jpg" || format == "jpeg";
  if (!all && !jpeg && format != "webp")
    return Fail(ErrorCode::kUsage,
                fmt::format("'{}' has no quality here; write 80, or "
                            "jpg=80,webp=80",
                            format));
  if (all || jpeg) recipe->jpeg_quality = value;
  if (all || !jpeg) recipe->webp_quality = value;
  return {};
}

// Returns true for "jpg", and for "jpeg", which is as usual.
bool IsWordOf(const ImageFormatRow& row, std::string_view text) {
  return !text.empty() &&
         (text == row.extension || text == row.other_extensions.front());
}

}  // namespace

Result<SizeSpec> ParseSize(std::string_view text, Fit fit) {
  SizeSpec size;
  size.text = std::string(text);
  size.fit = fit;
  std::string_view body = text;
  if (!body.empty() &&
      std::string_view("!^<>").find(body.back()) != std::string_view::npos) {
    ApplySuffix(body.back(), &size);
    body.remove_suffix(1);
  }
  if (body.empty() || body == "x") return BadSize(text, "names no side");
  const std::size_t x = body.find('x');
  const auto width = Side(body.substr(0, x));
  // A single number is both sides of the box.
  const auto height =
      x == std::string_view::npos ? width : Side(body.substr(x + 1));
  if (!width || !height)
    return BadSize(text, "is no size (a side is 1 to 65535)");
  size.width = *width;
  size.height = *height;
  // The label of "200x" is "200".
  if (body.back() == 'x') body.remove_suffix(1);
  size.label = std::string(body);
  return size;
}

Result<Fit> ParseFit(std::string_view text) { return FromWord(text, kFits); }
std::string_view ToString(Fit fit) { return WordOf(fit, kFits); }

Result<FilterKind> ParseFilter(std::string_view text) {
  return FromWord(text, kFilters);
}
std::string_view ToString(FilterKind filter) {
  return WordOf(filter, kFilters);
}

Result<FailOn> ParseFailOn(std::string_view text) {
  return FromWord(text, kFailOns);
}
std::string_view ToString(FailOn fail_on) { return WordOf(fail_on, kFailOns); }

Result<ImageFormat> ParseOutputFormat(std::string_view text) {
  if (text == kSame) return ImageFormat::kUnknown;
  std::string known(kSame);
  for (const ImageFormatRow& row : ImageFormatRows()) {
    if (!row.can_be_written) continue;
    if (IsWordOf(row, text)) return row.format;
    known += fmt::format(", {}", row.extension);
  }
  return Fail(
      ErrorCode::kUsage,
      fmt::format("'{}' cannot be written; write one of {}", text, known));
}

std::string_view ToString(ImageFormat format) {
  return format == ImageFormat::kUnknown ? kSame : RowOf(format).extension;
}

Result<Rgb> ParseColour(std::string_view text) {
  if (!text.starts_with('#')) {
    Result<Rgb> named = FromWord(text, kColours);
    if (!named) named.error().what += ", or #rrggbb";
    return named;
  }
  std::string hex(text.substr(1));
  // "#rgb" is short for "#rrggbb".
  if (hex.size() == 3) hex = {hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]};
  if (hex.size() == 6) {
    const std::string_view view(hex);
    const auto r = HexByte(view.substr(0, 2)), g = HexByte(view.substr(2, 2)),
               b = HexByte(view.substr(4, 2));
    if (r && g && b) return Rgb{*r, *g, *b};
  }
  return Fail(ErrorCode::kUsage,
              fmt::format("'{}' is no colour; write #rrggbb", text));
}

Result<Keep> ParseKeep(std::string_view text) {
  if (text == "none") return Keep{};
  if (text == "all") return Keep{true, true, true};
  Keep keep;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    if (word == "icc") {
      keep.icc = true;
    } else if (word == "exif") {
      keep.exif = true;
    } else if (word == "copyright") {
      keep.copyright = true;
    } else {
      return Fail(ErrorCode::kUsage,
                  fmt::format("'{}' cannot be kept; write none, all, or some "
                              "of icc,exif,copyright",
                              word));
    }
    if (comma == std::string_view::npos) return keep;
    text.remove_prefix(comma + 1);
  }
}

std::string ToText(const Keep& keep) {
  std::string text;
  const auto add = [&text](bool kept, std::string_view word) {
    if (!kept) return;
    if (!text.empty()) text += ',';
    text += word;
  };
  add(keep.icc, "icc");
  add(keep.exif, "exif");
  add(keep.copyright, "copyright");
  return text.empty() ? "none" : text;
}

Status ParseQuality(std::string_view text, Recipe* recipe) {
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t equals = part.find('=');
    const bool named = equals != std::string_view::npos;
    if (equals == 0)
      return Fail(ErrorCode::kUsage, fmt::format("'{}' names no format", part));
    RETURN_IF_ERROR(SetQuality(named ? part.substr(0, equals) : "",
                               part.substr(named ? equals + 1 : 0), recipe));
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

}  // namespace thumbmill
