// coordinator/journal/record.h: the final record of an item.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "proto/reason.h"

namespace thumbmill {

// One output of a finished item.
struct OutputRecord {
  std::string size;  // SizeSpec::text
  std::string name;  // relative to the target
  std::uint32_t width = 0, height = 0;
  std::uint64_t bytes = 0;
  std::string sha256;  // hex
};

// The final record of an item.
struct ItemRecord {
  std::uint64_t index = 0;
  // Identity, as in its ClaimRequest. The journal keeps only a hash of it, so a
  // record that was read has none.
  std::string source_key;
  std::string uri;    // as the source wrote it
  std::string claim;  // claimed name, without the size
  std::string stamp;  // ImageRef::stamp; empty for a URL
  ItemStatus status = ItemStatus::kFailed;
  Reason reason = Reason::kNone;
  std::string message;
  std::vector<std::string> warnings;
  std::uint32_t attempts = 0;
  int signal = 0;
  std::string phase;
  std::uint32_t width = 0, height = 0;  // of the source, upright
  std::uint64_t bytes_in = 0;
  std::string sha256;  // hash of the input, hex
  std::vector<OutputRecord> outputs;
  // Parts of the outputs' names, so that a retry writes the same names.
  std::string host, dir, stem, srcext;
};

// Bounds of cost (memory, scans, output pixels) of the run that recorded it.
using CostBounds = std::array<std::uint64_t, 3>;

}  // namespace thumbmill
