// coordinator/source/csv_row.h: parses one record of a CSV table, line by line.
//
// The format is RFC 4180, but tolerant: a quotation mark opens a field only if
// it is the field's first character, and closes the field only before a
// delimiter or the end of a line (blanks may stand between). Any other
// quotation mark is a plain character.
//
// The problem: an unclosed quotation mark would swallow the rest of the list.
// A field may therefore have at most kMaxFieldBytes and kMaxFieldLines. A
// longer one makes the row kEndless; the caller then reads the lines after the
// first one again, as rows of their own.
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

  // Takes one line without its end. Do not call again after kWhole or kEndless.
  State Feed(std::string_view line);
  // Returns the fields of a whole record.
  [[nodiscard]] std::vector<std::string> Take() { return std::move(fields_); }

 private:
  void EndField();
  // Returns how many blanks stand between a quotation mark and the delimiter or
  // line end after it. Returns npos if the mark does not close the field.
  [[nodiscard]] std::size_t BlanksAfterQuote(std::string_view rest) const;
  // Takes quoted text from the start of `line`. Returns its bytes.
  std::size_t FeedQuoted(std::string_view line);
  [[nodiscard]] bool TooLong() const;

  char delimiter_;
  bool quoted_ = false;
  bool at_start_ = true;   // the field has no character yet
  std::size_t lines_ = 0;  // line breaks within the field
  std::size_t bytes_ = 0;
  std::string field_;
  std::vector<std::string> fields_;
};

// Splits at each delimiter. Quotation marks are plain characters.
[[nodiscard]] std::vector<std::string> SplitPlain(std::string_view line,
                                                  char delimiter);

// Drops blanks at both ends.
[[nodiscard]] std::string_view TrimBlanks(std::string_view text);

}  // namespace thumbmill
