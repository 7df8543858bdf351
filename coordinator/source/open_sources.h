// coordinator/source/open_sources.h: from what was typed as --input to the
// source that gives all of its images, one after the other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coordinator/source/source.h"

namespace thumbmill {

struct SourceOptions {
  std::string input_format;  // txt, csv, tsv, jsonl; empty: by suffix
  std::string url_column = "url";
  std::vector<std::string> include, exclude;  // of folders
  std::vector<std::string> never_enter;       // folders: output, state
  int cancel_fd = -1;  // an eventfd that ends a wait for stdin
};

struct OpenedSources {
  std::unique_ptr<Source> source;
  // A failed.jsonl is among them: what failed for good is tried again.
  bool retry_failed = false;
};

// Fails with kUsage: nothing of that name, an unknown format, no such column.
[[nodiscard]] Result<OpenedSources> OpenSources(
    const std::vector<std::string>& inputs, const SourceOptions& options);

}  // namespace thumbmill
