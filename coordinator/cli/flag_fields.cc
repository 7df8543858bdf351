#include "coordinator/cli/flag_fields.h"

#include <fmt/format.h>

#include "coordinator/cli/units.h"
#include "proto/size_spec.h"

namespace thumbmill {

FlagField Asked() {
  return {FlagField::Kind::kSwitch,
          [](const std::vector<std::string>&) { return Status(); }};
}

FlagField Switch(bool* out) {
  return {FlagField::Kind::kSwitch,
          [out](const std::vector<std::string>& values) {
            *out = values.front() == "true";
            return Status();
          }};
}

FlagField SwitchOff(bool* out) {
  return {FlagField::Kind::kSwitch,
          [out](const std::vector<std::string>& values) {
            *out = values.front() != "true";
            return Status();
          }};
}

FlagField Count(int* out) {
  FlagField field = Number(out, 0);
  field.kind = FlagField::Kind::kCount;
  return field;
}

FlagField Text(std::string* out) {
  return {FlagField::Kind::kValue,
          [out](const std::vector<std::string>& values) {
            *out = values.front();
            return Status();
          }};
}

FlagField Texts(std::vector<std::string>* out) {
  return {FlagField::Kind::kList,
          [out](const std::vector<std::string>& values) {
            out->insert(out->end(), values.begin(), values.end());
            return Status();
          }};
}

FlagField Positive(Millis* out) {
  return Parsed(
      [](std::string_view text) -> Result<Millis> {
        ASSIGN_OR_RETURN(const Millis duration, ParseDuration(text));
        if (duration.count() > 0) return duration;
        return Fail(ErrorCode::kUsage, "must be above 0");
      },
      out);
}

FlagField BytesAboveZero(std::uint64_t* out) {
  return Parsed(
      [](std::string_view text) -> Result<std::uint64_t> {
        ASSIGN_OR_RETURN(const std::uint64_t bytes, ParseBytes(text));
        if (bytes > 0) return bytes;
        return Fail(ErrorCode::kUsage, "must be above 0");
      },
      out);
}

FlagField MinSpeed(TransferOptions* transfer) {
  return {FlagField::Kind::kValue,
          [transfer](const std::vector<std::string>& values) -> Status {
            const std::string& text = values.front();
            const std::size_t slash = text.find('/');
            ASSIGN_OR_RETURN(
                transfer->min_speed_bytes,
                ParseBytes(std::string_view(text).substr(0, slash)));
            if (slash == std::string::npos) return {};
            return Positive(&transfer->min_speed_window)
                .store({text.substr(slash + 1)});
          }};
}

FlagField Quality(Recipe* recipe) {
  return {FlagField::Kind::kValue,
          [recipe](const std::vector<std::string>& values) {
            return ParseQuality(values.front(), recipe);
          }};
}

Result<FailureBound> ParseFailureBound(std::string_view text) {
  FailureBound bound;
  if (!text.ends_with('%')) {
    ASSIGN_OR_RETURN(bound.count, ParseCount(text));
    return bound;
  }
  // A share of 1,000: ParseShare() returns whole numbers, and a percentage may
  // have one decimal.
  ASSIGN_OR_RETURN(const std::uint64_t tenths, ParseShare(text, 1000));
  bound.percent = static_cast<double>(tenths) / 10;
  return bound;
}

Result<std::int64_t> ParseNumber(std::string_view text, std::int64_t least,
                                 std::int64_t most) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end)
    return Fail(ErrorCode::kUsage,
                fmt::format("'{}' is not a whole number", text));
  if (number < least)
    return Fail(ErrorCode::kUsage,
                fmt::format("{} is too small; the least is {}", number, least));
  if (number > most)
    return Fail(ErrorCode::kUsage,
                fmt::format("{} is too large; the most is {}", number, most));
  return number;
}

}  // namespace thumbmill
