// coordinator/source/table_source.h: lists with columns: CSV and TSV with a
// header row, and JSON lines. Records of our own failed.jsonl carry the parts
// of names, so that a retry writes the same names.
//
// CSV may quote fields (csv_row.h). TSV has no quoting: a line is a row, a
// quotation mark is a character; only a URL loses the ones around it. In JSON
// lines each line stands for itself.
//
// Errors  Open() fails with kUsage when the column is not there. A record that
//         does not parse is an item with reason bad_line, and the lines after
//         its first one are read as rows of their own: no row vanishes.
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
  // ',' is CSV, '\t' is TSV.
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
    std::string fault;  // not empty: no record
  };
  using Lines = std::deque<Line>;

  [[nodiscard]] Status TakeHeader(const Record& header,
                                  const std::string& column);
  [[nodiscard]] std::string OtherDelimiter(const Record& header) const;
  Result<std::optional<Line>> NextLine();
  Result<std::optional<Record>> ReadRecord();
  Result<std::optional<Record>> ReadCsv(Line first);
  // The first line fails; those after it are read again.
  Record GiveBack(Lines lines, std::string fault);
  // Each line is a row by itself: a closing quotation mark was forgotten.
  [[nodiscard]] bool AreRows(const Lines& lines) const;
  [[nodiscard]] bool IsRow(const std::string& line) const;

  std::unique_ptr<LineReader> lines_;
  char delimiter_;
  std::size_t columns_ = 0;  // of the header; 0: it was not read yet
  std::size_t column_ = 0;
  Lines again_;
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
