// coordinator/source/table_source.h: lists with columns: CSV and TSV with a
// header row (RFC 4180: quotes, doubled quotes, line breaks within quotes),
// and JSON lines. Records of our own failed.jsonl carry the parts of names, so
// that a retry writes the same names.
//
// Errors  Open() fails with kUsage when the column is not there. A record that
//         does not parse is an item with reason bad_line.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coordinator/source/line_reader.h"
#include "coordinator/source/source.h"

namespace thumbmill {

class DelimitedSource final : public Source {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Source>> Open(
      std::unique_ptr<LineReader> lines, char delimiter,
      const std::string& column);

  Result<std::optional<ImageRef>> Next() override;
  bool Ready() override { return lines_->Ready(); }
  std::optional<double> progress() const override {
    return lines_->progress();
  }

 private:
  DelimitedSource(std::unique_ptr<LineReader> lines, char delimiter)
      : lines_(std::move(lines)), delimiter_(delimiter) {}
  struct Record {
    std::vector<std::string> fields;
    bool bad = false;
  };
  Result<std::optional<Record>> ReadRecord();

  std::unique_ptr<LineReader> lines_;
  char delimiter_;
  std::size_t column_ = 0;
};

class JsonLinesSource final : public Source {
 public:
  JsonLinesSource(std::unique_ptr<LineReader> lines, std::string key)
      : lines_(std::move(lines)), key_(std::move(key)) {}

  Result<std::optional<ImageRef>> Next() override;
  bool Ready() override { return lines_->Ready(); }
  std::optional<double> progress() const override {
    return lines_->progress();
  }

 private:
  std::unique_ptr<LineReader> lines_;
  std::string key_;
};

}  // namespace thumbmill
