// coordinator/source/table_source.h: reads lists with columns: CSV and TSV with
// a header row, and JSON lines. The records of failed.jsonl hold the parts of
// names, so that a retry writes the same names.
//
// CSV may quote fields (csv_row.h). TSV has no quoting: each line is a row, and
// a quotation mark is a plain character; only marks around a URL are dropped.
// Each line of JSON lines is one record.
//
// Errors  Open() fails with kUsage if the column does not exist. A record that
//         does not parse becomes an item with reason bad_line. The lines after
//         its first one are read again as rows of their own: no row is lost.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/source/line_reader.h"
#include "coordinator/source/source.h"

namespace thumbmill {

class DelimitedSource final : public Source {
 public:
  // Reads the header row. `delimiter` is ',' for CSV and '\t' for TSV.
  [[nodiscard]] static Result<std::unique_ptr<Source>> Open(
      std::unique_ptr<LineReader> lines, char delimiter,
      const std::string& column);

  Result<std::optional<ImageRef>> Next() override;
  bool Ready() override { return !again_.empty() || lines_->Ready(); }
  std::optional<double> progress() const override { return lines_->progress(); }

 private:
  DelimitedSource(std::unique_ptr<LineReader> lines, char delimiter)
      : lines_(std::move(lines)), delimiter_(delimiter) {}
  struct Line {
    std::string text;
    std::uint64_t number = 0;
    bool cut = false;
  };
  struct Record {
    std::vector<std::string> fields;
    Line first;
    std::string fault;  // why it is no record; empty: it is one
  };
  using Lines = std::deque<Line>;

  [[nodiscard]] Status TakeHeader(const Record& header,
                                  const std::string& column);
  [[nodiscard]] std::string OtherDelimiter(const Record& header) const;
  Result<std::optional<Line>> NextLine();
  Result<std::optional<Record>> ReadRecord();
  Result<std::optional<Record>> ReadCsv(Line first);
  // Makes a faulty record of the first line. The other lines are read again.
  Record GiveBack(Lines lines, std::string fault);
  // Returns true if each of several lines is a row by itself: the closing
  // quotation mark is missing then.
  [[nodiscard]] bool AreRows(const Lines& lines) const;
  [[nodiscard]] bool IsRow(const std::string& line) const;

  std::unique_ptr<LineReader> lines_;
  char delimiter_;
  std::size_t columns_ = 0;  // columns of the header; 0: not read yet
  std::size_t column_ = 0;   // index of the column with the URLs
  Lines again_;              // lines to read again
};

class JsonLinesSource final : public Source {
 public:
  JsonLinesSource(std::unique_ptr<LineReader> lines, std::string key)
      : lines_(std::move(lines)), key_(std::move(key)) {}

  Result<std::optional<ImageRef>> Next() override;
  bool Ready() override { return lines_->Ready(); }
  std::optional<double> progress() const override { return lines_->progress(); }

 private:
  std::unique_ptr<LineReader> lines_;
  std::string key_;
};

}  // namespace thumbmill
