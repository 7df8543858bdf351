// coordinator/source/open_sources.h: opens all values of --input as one source
// that gives their images one after the other.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/source/list_stream.h"
#include "coordinator/source/source.h"

namespace thumbmill {

struct SourceOptions {
  std::string input_format;  // txt, csv, tsv, jsonl; empty: by suffix
  std::string url_column = "url";
  std::vector<std::string> include, exclude;  // globs, for folders only
  std::vector<std::string> never_enter;       // the output and state folders
  int cancel_fd = -1;  // a descriptor that ends a wait for a list
  // Starts the download of a list. Null if IsUrlList() is true for no input.
  std::function<Result<ListStream>(const std::string& url)> download;
};

struct OpenedSources {
  std::unique_ptr<Source> source;
  // One input is a failed.jsonl: the run also tries items again that failed for
  // good.
  bool retry_failed = false;
};

// Returns whether an input is an http(s) URL of a list: its path ends as the
// name of a list does, or `input_format` is given. Other URLs are images.
[[nodiscard]] bool IsUrlList(const std::string& input,
                             const std::string& input_format);

// Waits for the first bytes of downloaded lists and of piped tables. Fails with
// kUsage if an input does not exist or cannot be read, if the format
// is unknown, or if a table lacks the column.
[[nodiscard]] Result<OpenedSources> OpenSources(
    const std::vector<std::string>& inputs, const SourceOptions& options);

}  // namespace thumbmill
