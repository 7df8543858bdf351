#include "coordinator/source/csv_row.h"

#include <algorithm>
#include <utility>

namespace thumbmill {
namespace {

constexpr std::string_view kBlank = " \t";

}  // namespace

void CsvRow::EndField() {
  fields_.push_back(std::exchange(field_, {}));
  at_start_ = true;
  lines_ = 0;
}

std::size_t CsvRow::BlanksAfterQuote(std::string_view rest) const {
  const std::size_t at = std::min(rest.find_first_not_of(' '), rest.size());
  const bool closes = at == rest.size() || rest[at] == delimiter_;
  return closes ? at : std::string_view::npos;
}

std::size_t CsvRow::FeedQuoted(std::string_view line) {
  std::size_t i = 0;
  while (i < line.size()) {
    const char c = line[i++];
    if (c != '"') {
      field_ += c;
    } else if (i < line.size() && line[i] == '"') {
      // A doubled quotation mark stands for one (RFC 4180).
      field_ += line[i++];
    } else if (const std::size_t blanks = BlanksAfterQuote(line.substr(i));
               blanks != std::string_view::npos) {
      quoted_ = false;
      return i + blanks;
    } else {
      field_ += c;
    }
  }
  return i;
}

bool CsvRow::TooLong() const {
  return field_.size() > kMaxFieldBytes || lines_ > kMaxFieldLines ||
         bytes_ > kMaxBytes;
}

CsvRow::State CsvRow::Feed(std::string_view line) {
  bytes_ += line.size() + 1;
  // The field is still open from the line before: the line break is its text.
  if (quoted_) {
    field_ += '\n';
    ++lines_;
    if (TooLong()) return State::kEndless;
  }
  for (std::size_t i = 0; i < line.size();) {
    if (quoted_) {
      i += FeedQuoted(line.substr(i));
      if (TooLong()) return State::kEndless;
      continue;
    }
    const char c = line[i++];
    if (c == delimiter_) {
      EndField();
      continue;
    }
    quoted_ = c == '"' && at_start_;
    if (!quoted_) field_ += c;
    at_start_ = false;
  }
  if (quoted_) return State::kMore;
  EndField();
  return State::kWhole;
}

std::vector<std::string> SplitPlain(std::string_view line, char delimiter) {
  std::vector<std::string> fields;
  while (true) {
    const std::size_t end = std::min(line.find(delimiter), line.size());
    fields.emplace_back(line.substr(0, end));
    if (end == line.size()) return fields;
    line.remove_prefix(end + 1);
  }
}

std::string_view TrimBlanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace thumbmill
