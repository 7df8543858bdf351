#include "coordinator/source/table_source.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "coordinator/source/list_entry.h"
#include "coordinator/source/naming.h"

namespace thumbmill {
namespace {

// A record with more line breaks within quotes than this is a missing quote.
constexpr std::size_t kMaxRecord = 1 << 20;

ImageRef BadRecord(std::string_view text, std::string_view why) {
  ImageRef ref;
  ref.uri = Excerpt(text);
  ref.reason = Reason::kBadLine;
  ref.message = fmt::format("{}: '{}'", why, ref.uri);
  return ref;
}

// One row of RFC 4180, fed line by line.
class RowParser {
 public:
  explicit RowParser(char delimiter) : delimiter_(delimiter) {}

  // True: the row is whole.
  bool Feed(std::string_view line) {
    size_ += 1;
    if (quoted_) field_ += '\n';
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      size_ += 1;
      if (quoted_ && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
        field_ += '"';
        ++i;
      } else if (c == '"' && (quoted_ || field_.empty())) {
        quoted_ = !quoted_;
      } else if (c == delimiter_ && !quoted_) {
        EndField();
      } else {
        field_ += c;
      }
    }
    if (quoted_) return false;
    EndField();
    return true;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  std::vector<std::string> Take() { return std::move(fields_); }

 private:
  void EndField() {
    fields_.push_back(std::move(field_));
    field_.clear();
  }
  char delimiter_;
  bool quoted_ = false;
  std::size_t size_ = 0;
  std::string field_;
  std::vector<std::string> fields_;
};

void SetText(const nlohmann::json& record, const char* key,
             std::string* out) {
  const auto found = record.find(key);
  if (found != record.end() && found->is_string())
    *out = found->get<std::string>();
}

// A record of our failed.jsonl tells the parts of names. A list of somebody
// else's that happens to have a "host" does not.
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
  std::string known;
  for (std::size_t i = 0; i < header->fields.size(); ++i) {
    if (header->fields[i] == column) {
      source->column_ = i;
      return source;
    }
    known += (i == 0 ? "" : ", ") + Excerpt(header->fields[i]);
  }
  return Fail(ErrorCode::kUsage,
              fmt::format("the list has no column '{}'; it has: {}; name one "
                          "with --url-col",
                          column, known));
}

Result<std::optional<DelimitedSource::Record>> DelimitedSource::ReadRecord() {
  RowParser row(delimiter_);
  bool begun = false;
  while (true) {
    ASSIGN_OR_RETURN(const auto line, lines_->Next());
    if (!line && (!begun || lines_->cancelled())) return std::nullopt;
    if (!line) return Record{{}, true};  // the end within quotes
    if (!begun && line->empty()) continue;
    begun = true;
    if (lines_->cut() || row.size() > kMaxRecord) return Record{{}, true};
    if (row.Feed(*line)) return Record{row.Take(), false};
  }
}

Result<std::optional<ImageRef>> DelimitedSource::Next() {
  ASSIGN_OR_RETURN(const auto record, ReadRecord());
  if (!record) return std::nullopt;
  if (record->bad) return BadRecord("", "a record that does not end");
  if (record->fields.size() <= column_)
    return BadRecord(record->fields.front(), "a record without the column");
  const std::string& entry = record->fields[column_];
  if (entry.empty()) return BadRecord("", "an empty field");
  return FromListEntry(entry, Origin::kList);
}

Result<std::optional<ImageRef>> JsonLinesSource::Next() {
  while (true) {
    ASSIGN_OR_RETURN(const auto line, lines_->Next());
    if (!line) return std::nullopt;
    if (line->empty()) continue;
    if (lines_->cut()) return BadRecord(*line, "a line that is too long");
    const nlohmann::json record =
        nlohmann::json::parse(*line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object())
      return BadRecord(*line, "not a JSON object");
    std::string entry;
    SetText(record, key_.c_str(), &entry);
    if (entry.empty())
      return BadRecord(*line, fmt::format("no text under '{}'", key_));
    ImageRef ref = FromListEntry(entry, Origin::kList);
    TakeNameParts(record, &ref);
    return ref;
  }
}

}  // namespace thumbmill
