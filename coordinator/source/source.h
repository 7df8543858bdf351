// coordinator/source/source.h: gives the images of a run, one after the other.
//
// Runs in  the lister's thread; Next() may block on disk or on stdin.
// Memory   one item at a time, so a list may have any length.
// Errors   Next() fails if the source itself cannot be read. A line that is no
//          URL is not an error, but an item with a reason.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "proto/reason.h"

namespace thumbmill {

enum class Origin : std::uint8_t {
  kDirectory,   // found in a folder: skipped if it is not an image
  kList,        // named in a list: fails if it is not an image
  kRemoteList,  // named in a list from the network: never a local path
  kArgument,    // typed on the command line: trusted
};

// One image as a source names it.
struct ImageRef {
  std::uint64_t index = 0;  // position over all sources of the run, from 0
  bool has_index = false;   // `index` comes from a record of an earlier run
  std::string uri;          // verbatim: URL or path
  bool is_url = false;
  Origin origin = Origin::kList;
  std::string path;              // local file to open; empty for a URL
  std::string stamp;             // "size:mtime_ns" of a local file, else empty
  std::uint64_t size_bytes = 0;  // of a local file; 0: unknown
  // Parts for the thumbnails' names, not yet escaped (name_parts.h).
  std::string host, dir, stem, srcext;
  bool has_query = false;
  // If not kNone (bad_line, read, filtered, …), the item is final and is not
  // fetched.
  Reason reason = Reason::kNone;
  std::string message;
};

class Source {
 public:
  virtual ~Source() = default;
  // Returns the next image, or empty at the end.
  [[nodiscard]] virtual Result<std::optional<ImageRef>> Next() = 0;
  // Returns false if Next() might block (a pipe without a whole line). The
  // caller should pass on the items it has before it calls Next().
  [[nodiscard]] virtual bool Ready() { return true; }
  // Returns the share that was read, 0 to 1, for an ETA without counting first.
  // Returns empty if it is unknown (a pipe).
  [[nodiscard]] virtual std::optional<double> progress() const {
    return std::nullopt;
  }
};

}  // namespace thumbmill
