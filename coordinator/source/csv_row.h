// coordinator/source/csv_row.h: one record of a CSV table, fed line by line.
//
// RFC 4180 with its usual liberties: a quotation mark opens a field only as
// the field's first character, and closes it only before a delimiter or the
// end of a line (blanks may stand between). Every other one is a character.
//
// A quotation mark that nobody closed would take in the rest of the list.
// A field therefore ends after kMaxFieldBytes or kMaxFieldLines: the row is
// endless, and the caller reads the lines after the first one again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace thumbmill {

class CsvRow {
 public:
  static constexpr std::size_t kMaxFieldBytes = 64 << 10;
  static constexpr std::size_t kMaxFieldLines = 100;
  static constexpr std::size_t kMaxBytes = 1 << 20;  // of the whole record

  enum class State { kMore, kWhole, kEndless };

  explicit CsvRow(char delimiter) : delimiter_(delimiter) {}

  // Takes one line without its end. After kWhole or kEndless takes no more.
  State Feed(std::string_view line);
  [[nodiscard]] std::vector<std::string> Take() { return std::move(fields_); }

 private:
  void EndField();
  // Blanks that may follow a closing quotation mark; npos: it closes nothing.
  [[nodiscard]] std::size_t BlanksAfterQuote(std::string_view rest) const;
  // Takes quoted text from `line` on; returns how many bytes that was.
  std::size_t FeedQuoted(std::string_view line);
  [[nodiscard]] bool TooLong() const;

  char delimiter_;
  bool quoted_ = false;
  bool at_start_ = true;   // of a field
  std::size_t lines_ = 0;  // line breaks within the field
  std::size_t bytes_ = 0;
  std::string field_;
  std::vector<std::string> fields_;
};

// Splits at each delimiter; a quotation mark is a character.
[[nodiscard]] std::vector<std::string> SplitPlain(std::string_view line,
                                                  char delimiter);

// Drops blanks at both ends.
[[nodiscard]] std::string_view TrimBlanks(std::string_view text);

}  // namespace thumbmill
