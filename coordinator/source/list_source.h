// coordinator/source/list_source.h: reads a list with one URL or path on each
// line. Skips empty lines and comments (`#`).
#pragma once

#include <memory>

#include "coordinator/source/line_reader.h"
#include "coordinator/source/source.h"

namespace thumbmill {

class ListSource final : public Source {
 public:
  explicit ListSource(std::unique_ptr<LineReader> lines)
      : lines_(std::move(lines)) {}

  Result<std::optional<ImageRef>> Next() override;
  bool Ready() override { return lines_->Ready(); }
  std::optional<double> progress() const override { return lines_->progress(); }

 private:
  std::unique_ptr<LineReader> lines_;
};

}  // namespace thumbmill
