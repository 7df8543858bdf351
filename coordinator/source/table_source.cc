#include "coordinator/source/table_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/log.h"
#include "coordinator/net/url.h"
#include "coordinator/source/csv_row.h"
#include "coordinator/source/list_entry.h"
#include "coordinator/source/name_parts.h"
#include "proto/image_format.h"

namespace thumbmill {
namespace {

constexpr const char* kTooLong = "a line that is too long";
constexpr const char* kEndlessQuote = "a quotation mark that does not end";

// Makes the item for a record without an image. Its first line is its key.
ImageRef BadRecord(std::string_view text, std::uint64_t line,
                   std::string_view why) {
  ImageRef ref;
  ref.uri = Identity(text);
  ref.reason = Reason::kBadLine;
  ref.message =
      fmt::format("line {}: {}: '{}'", line, why, Excerpt(RedactUrl(text)));
  return ref;
}

// Returns a column name without quotation marks: TSV has no quoting, but some
// programs quote the header.
std::string_view Unquoted(std::string_view name) {
  name = TrimBlanks(name);
  const bool quoted =
      name.size() > 1 && name.front() == '"' && name.back() == '"';
  return quoted ? name.substr(1, name.size() - 2) : name;
}

// Drops the quotation marks around a URL; no URL begins with one. Any other
// field stays, because a file name may begin and end with quotation marks.
std::string UnquotedUrl(std::string_view field) {
  const std::string_view text = TrimBlanks(field);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"')
    return std::string(field);
  const std::string_view inner = text.substr(1, text.size() - 2);
  return std::string(LooksLikeUrl(inner) ? inner : field);
}

// Returns true if the field looks like a URL or like the name of an image.
bool LooksLikeEntry(std::string_view field) {
  const std::size_t first = field.find_first_not_of(" \"");
  if (first == std::string_view::npos) return false;
  field = field.substr(first, field.find_last_not_of(" \"") - first + 1);
  return LooksLikeUrl(field) ||
         FormatFromExtension(field.substr(field.rfind('.') + 1)) !=
             ImageFormat::kUnknown;
}

void SetText(const nlohmann::json& record, const char* key, std::string* out) {
  const auto found = record.find(key);
  if (found != record.end() && found->is_string())
    *out = found->get<std::string>();
}

// Takes the parts of names from a record of failed.jsonl. Requires all of its
// keys, so that a foreign list with a column "host" is not mistaken for one.
void TakeNameParts(const nlohmann::json& record, ImageRef* ref) {
  for (const char* key : {"status", "reason", "host", "dir", "stem", "srcext"})
    if (!record.contains(key)) return;
  std::string text;
  for (const auto& [key, part] :
       {std::pair("host", &ref->host), std::pair("dir", &ref->dir),
        std::pair("stem", &ref->stem), std::pair("srcext", &ref->srcext)}) {
    SetText(record, key, &text);
    *part = PartFromRecord(text);
  }
  const auto index = record.find("index");
  if (index == record.end() || !index->is_number_unsigned()) return;
  ref->index = index->get<std::uint64_t>();
  ref->has_index = true;
}

}  // namespace

Result<std::unique_ptr<Source>> DelimitedSource::Open(
    std::unique_ptr<LineReader> lines, char delimiter,
    const std::string& column) {
  auto source = std::unique_ptr<DelimitedSource>(
      new DelimitedSource(std::move(lines), delimiter));
  ASSIGN_OR_RETURN(const auto header, source->ReadRecord());
  if (!header) return source;  // an empty list
  RETURN_IF_ERROR(source->TakeHeader(*header, column));
  return source;
}

// Returns advice if the header has only one column and holds a delimiter of
// another format.
std::string DelimitedSource::OtherDelimiter(const Record& header) const {
  if (header.fields.size() != 1) return "";
  for (const auto& [mark, advice] :
       {std::pair(';',
                  "semicolons seem to separate them: only commas and tabs "
                  "are read"),
        std::pair('\t', "tabs seem to separate them: --input-format tsv"),
        std::pair(',', "commas seem to separate them: --input-format csv")})
    if (mark != delimiter_ && header.fields[0].find(mark) != std::string::npos)
      return fmt::format("; {}", advice);
  return "";
}

Status DelimitedSource::TakeHeader(const Record& header,
                                   const std::string& column) {
  if (!header.fault.empty())
    return Fail(
        ErrorCode::kUsage,
        fmt::format("the list's first line should name its columns; "
                    "it is {}: '{}'",
                    header.fault, Excerpt(RedactUrl(header.first.text))));
  // A list without a header has a URL here: redact it in messages.
  std::vector<std::size_t> found;
  std::string known;
  for (std::size_t i = 0; i < header.fields.size(); ++i) {
    if (Unquoted(header.fields[i]) == column) found.push_back(i);
    known += (i == 0 ? "" : ", ") + Excerpt(RedactUrl(header.fields[i]));
  }
  if (found.empty())
    return Fail(ErrorCode::kUsage,
                fmt::format("the list has no column '{}'; it has: {}; name one "
                            "with --url-col{}",
                            column, known, OtherDelimiter(header)));
  if (found.size() > 1)
    LogWarning(fmt::format("the list has {} columns '{}'; the first is read",
                           found.size(), Excerpt(column)));
  column_ = found.front();
  columns_ = header.fields.size();
  return {};
}

Result<std::optional<DelimitedSource::Line>> DelimitedSource::NextLine() {
  if (!again_.empty()) {
    Line line = std::move(again_.front());
    again_.pop_front();
    return line;
  }
  ASSIGN_OR_RETURN(const auto line, lines_->Next());
  if (!line) return std::nullopt;
  return Line{std::string(*line), lines_->line_number(), lines_->cut()};
}

Result<std::optional<DelimitedSource::Record>> DelimitedSource::ReadRecord() {
  while (true) {
    ASSIGN_OR_RETURN(auto line, NextLine());
    if (!line) return std::nullopt;
    // A line of spaces is no record. A line of tabs is a row of empty fields.
    if (line->text.find_first_not_of(' ') == std::string::npos) continue;
    if (line->cut) return Record{{}, std::move(*line), kTooLong};
    if (delimiter_ != '\t') return ReadCsv(std::move(*line));
    Record record{SplitPlain(line->text, delimiter_), {}, ""};
    record.first = std::move(*line);
    return record;
  }
}

Result<std::optional<DelimitedSource::Record>> DelimitedSource::ReadCsv(
    Line first) {
  CsvRow row(delimiter_);
  Lines lines;
  lines.push_back(std::move(first));
  while (true) {
    const CsvRow::State state = row.Feed(lines.back().text);
    // A record over several lines that are all rows means that a quotation mark
    // is missing: better lose one row than all of them.
    if (state == CsvRow::State::kWhole && !AreRows(lines))
      return Record{row.Take(), std::move(lines.front()), ""};
    if (state != CsvRow::State::kMore)
      return GiveBack(std::move(lines), kEndlessQuote);
    auto next = NextLine();
    // First give the lines read so far; the reader repeats its error later.
    if (!next) return GiveBack(std::move(lines), kEndlessQuote);
    if (!*next && lines_->cancelled()) return std::nullopt;
    if (!*next) return GiveBack(std::move(lines), kEndlessQuote);
    const bool cut = (*next)->cut;
    lines.push_back(std::move(**next));
    if (cut) return GiveBack(std::move(lines), kEndlessQuote);
  }
}

DelimitedSource::Record DelimitedSource::GiveBack(Lines lines,
                                                  std::string fault) {
  Record record{{}, std::move(lines.front()), std::move(fault)};
  lines.pop_front();
  again_.insert(again_.begin(), std::make_move_iterator(lines.begin()),
                std::make_move_iterator(lines.end()));
  return record;
}

bool DelimitedSource::AreRows(const Lines& lines) const {
  return lines.size() > 1 && columns_ > 0 &&
         std::all_of(lines.begin(), lines.end(), [this](const Line& line) {
           return line.text.empty() || IsRow(line.text);
         });
}

// Looks for the entry in the column or further to the right: an unquoted
// caption before the column may hold delimiters, which shift the entry by as
// many fields as the row has too many.
bool DelimitedSource::IsRow(const std::string& line) const {
  const std::vector<std::string> fields = SplitPlain(line, delimiter_);
  if (fields.size() < columns_) return false;
  const auto first = fields.begin() + static_cast<std::ptrdiff_t>(column_);
  return std::any_of(
      first, first + static_cast<std::ptrdiff_t>(fields.size() - columns_ + 1),
      LooksLikeEntry);
}

Result<std::optional<ImageRef>> DelimitedSource::Next() {
  ASSIGN_OR_RETURN(const auto record, ReadRecord());
  if (!record) return std::nullopt;
  const Line& first = record->first;
  if (!record->fault.empty())
    return BadRecord(first.text, first.number, record->fault);
  if (record->fields.size() <= column_)
    return BadRecord(first.text, first.number, "a row without the column");
  std::string entry = record->fields[column_];
  if (delimiter_ == '\t') entry = UnquotedUrl(entry);
  if (TrimBlanks(entry).empty())
    return BadRecord(first.text, first.number, "an empty field");
  return FromListEntry(entry, lines_->origin());
}

Result<std::optional<ImageRef>> JsonLinesSource::Next() {
  while (true) {
    ASSIGN_OR_RETURN(const auto line, lines_->Next());
    if (!line) return std::nullopt;
    if (line->find_first_not_of(" \t") == std::string_view::npos) continue;
    const std::uint64_t number = lines_->line_number();
    if (lines_->cut()) return BadRecord(*line, number, kTooLong);
    const nlohmann::json record =
        nlohmann::json::parse(*line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object())
      return BadRecord(*line, number, "not a JSON object");
    std::string entry;
    SetText(record, key_.c_str(), &entry);
    if (entry.empty())
      return BadRecord(*line, number, fmt::format("no text under '{}'", key_));
    ImageRef ref = FromListEntry(entry, lines_->origin());
    TakeNameParts(record, &ref);
    return ref;
  }
}

}  // namespace thumbmill
