// coordinator/cli/flag_fields.h: the fields of a FlagTable: which parser reads
// a flag's value, and the variable that the value goes to.
//
// Owns   nothing: each variable must outlive the table.
// Errors kUsage, without the flag's name; the table adds it.
#pragma once

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/cli/flag_table.h"
#include "coordinator/cli/options.h"

namespace thumbmill {

// A switch that GivenFlags::Has() answers, such as --help.
[[nodiscard]] FlagField Asked();
// Sets `*out` to true, or to false for --flag=false.
[[nodiscard]] FlagField Switch(bool* out);
// Clears `*out`: the flag says "no".
[[nodiscard]] FlagField SwitchOff(bool* out);
// Sets `*out` to the number of times that the flag was given.
[[nodiscard]] FlagField Count(int* out);
[[nodiscard]] FlagField Text(std::string* out);
// Appends each value to `*out`.
[[nodiscard]] FlagField Texts(std::vector<std::string>* out);
// Takes a duration above 0.
[[nodiscard]] FlagField Positive(Millis* out);

[[nodiscard]] FlagField BytesAboveZero(std::uint64_t* out);
// Takes "10K" or "10K/15s": bytes a second, and the time to measure them.
[[nodiscard]] FlagField MinSpeed(TransferOptions* out);
// Takes one quality for all formats, or one for each ("jpg=80,webp=80").
[[nodiscard]] FlagField Quality(Recipe* out);

// Parses a count ("1K"), or a percentage with at most one decimal.
[[nodiscard]] Result<FailureBound> ParseFailureBound(std::string_view text);
// Parses a whole number from `least` to `most`.
[[nodiscard]] Result<std::int64_t> ParseNumber(std::string_view text,
                                               std::int64_t least,
                                               std::int64_t most);

// Stores the result of `parse(text)`.
template <typename T, typename Parse>
[[nodiscard]] FlagField Parsed(Parse parse, T* out) {
  return {FlagField::Kind::kValue,
          [parse, out](const std::vector<std::string>& values) -> Status {
            ASSIGN_OR_RETURN(*out, parse(std::string_view(values.front())));
            return {};
          }};
}

template <typename T>
[[nodiscard]] FlagField Number(
    T* out, std::int64_t least,
    std::int64_t most = std::numeric_limits<std::int32_t>::max()) {
  return {FlagField::Kind::kValue,
          [=](const std::vector<std::string>& values) -> Status {
            ASSIGN_OR_RETURN(const std::int64_t number,
                             ParseNumber(values.front(), least, most));
            *out = static_cast<T>(number);
            return {};
          }};
}

// Takes one of the words, and stores the value beside it.
template <typename T>
[[nodiscard]] FlagField OneOf(
    T* out, std::initializer_list<std::pair<const char*, T>> words) {
  return {FlagField::Kind::kValue,
          [out, known = std::vector<std::pair<const char*, T>>(words)](
              const std::vector<std::string>& values) -> Status {
            std::string list;
            for (const auto& [word, value] : known) {
              if (values.front() == word) {
                *out = value;
                return {};
              }
              if (!list.empty()) list += ", ";
              list += word;
            }
            return Fail(ErrorCode::kUsage,
                        "'" + values.front() + "' is none of: " + list);
          }};
}

}  // namespace thumbmill
