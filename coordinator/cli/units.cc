#include "coordinator/cli/units.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace thumbmill {
namespace {

struct Number {
  double value = 0;
  std::string_view suffix;
};

Result<Number> ParseNumber(std::string_view text, std::string_view example) {
  Number number;
  const char* end = text.data() + text.size();
  const auto [rest, error] =
      std::from_chars(text.data(), end, number.value, std::chars_format::fixed);
  // from_chars() also takes "nan" and "inf".
  if (error != std::errc() || !std::isfinite(number.value) || number.value < 0)
    return Fail(ErrorCode::kUsage,
                fmt::format("'{}' is not a number; write for example {}", text,
                            example));
  number.suffix = std::string_view(rest, static_cast<std::size_t>(end - rest));
  return number;
}

Result<std::uint64_t> Scale(std::string_view text, double base,
                            std::string_view example) {
  ASSIGN_OR_RETURN(const Number number, ParseNumber(text, example));
  std::string_view suffix = number.suffix;
  if (suffix.ends_with("iB")) suffix.remove_suffix(2);
  if (suffix.ends_with("B") || suffix.ends_with("b")) suffix.remove_suffix(1);
  double factor = 1;
  if (suffix.size() == 1) {
    constexpr std::string_view kPrefixes = "kmgt";
    const std::size_t power = kPrefixes.find(
        static_cast<char>(static_cast<unsigned char>(suffix[0]) | 0x20));
    if (power == std::string_view::npos)
      return Fail(ErrorCode::kUsage,
                  fmt::format("'{}' has an unknown unit; write for example {}",
                              text, example));
    factor = std::pow(base, static_cast<double>(power + 1));
  } else if (!suffix.empty()) {
    return Fail(ErrorCode::kUsage,
                fmt::format("'{}' has an unknown unit; write for example {}",
                            text, example));
  }
  const double value = number.value * factor;
  // The cast of a larger value would be undefined.
  if (value > 9.0e18)
    return Fail(ErrorCode::kUsage, fmt::format("'{}' is too large", text));
  return static_cast<std::uint64_t>(value);
}

}  // namespace

Result<Millis> ParseDuration(std::string_view text) {
  ASSIGN_OR_RETURN(const Number number, ParseNumber(text, "10s, 500ms or 5m"));
  double ms = 0;
  if (number.suffix.empty() || number.suffix == "s") {
    ms = number.value * 1000;
  } else if (number.suffix == "ms") {
    ms = number.value;
  } else if (number.suffix == "m") {
    ms = number.value * 60e3;
  } else if (number.suffix == "h") {
    ms = number.value * 3600e3;
  } else {
    return Fail(ErrorCode::kUsage,
                fmt::format("'{}' has an unknown unit; write 10s, 500ms, 5m "
                            "or 1h",
                            text));
  }
  if (ms > 1e12)
    return Fail(ErrorCode::kUsage, fmt::format("'{}' is too long", text));
  return Millis(static_cast<std::int64_t>(ms));
}

Result<std::uint64_t> ParseBytes(std::string_view text) {
  return Scale(text, 1024, "100M");
}

Result<std::uint64_t> ParseCount(std::string_view text) {
  return Scale(text, 1000, "64M");
}

Result<std::uint64_t> ParseShare(std::string_view text, std::uint64_t whole) {
  if (!text.ends_with("%")) return ParseBytes(text);
  text.remove_suffix(1);
  ASSIGN_OR_RETURN(const Number number, ParseNumber(text, "75%"));
  if (!number.suffix.empty() || number.value <= 0 || number.value > 100)
    return Fail(
        ErrorCode::kUsage,
        fmt::format("'{}%' is not a share; write for example 75%", text));
  return static_cast<std::uint64_t>(static_cast<double>(whole) * number.value /
                                    100);
}

std::string FormatBytes(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // One decimal would round 1023.95 and more to 1024.0.
  while (value >= 1023.95 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string FormatCount(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

std::string FormatDuration(Millis duration) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < 3600)
    return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                     seconds % 60);
}

}  // namespace thumbmill
