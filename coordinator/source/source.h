// coordinator/source/source.h: where images come from, one after the other.
//
// Runs in  the lister's thread; Next() may block on disk or on stdin.
// Memory   one item at a time: a list of any length is streamed.
// Errors   Next() fails when the source itself cannot be read; a line that is
//          no URL is not an error but an item with a reason.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "proto/reason.h"

namespace thumbmill {

enum class Origin : std::uint8_t {
  kDirectory,  // found by walking: what is not an image is skipped
  kList,       // named in a list: what is not an image fails
  kArgument,   // typed on the command line: trusted
};

// One image as a source names it.
struct ImageRef {
  std::uint64_t index = 0;  // position over all sources of the run, from 0
  bool has_index = false;   // a record of an earlier run told it
  std::string uri;          // verbatim: URL or path
  bool is_url = false;
  Origin origin = Origin::kList;
  std::string path;              // local file to open; empty for a URL
  std::string stamp;             // "size:mtime_ns" of a local file, else empty
  std::uint64_t size_bytes = 0;  // of a local file; 0: unknown
  // Parts of names, unsafe and undecorated: coordinator/source/naming.h.
  std::string host, dir, stem, srcext;
  bool has_query = false;
  // Not kNone: final without being fetched (bad_line, read, filtered, …).
  Reason reason = Reason::kNone;
  std::string message;
};

class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual Result<std::optional<ImageRef>> Next() = 0;
  // False: Next() might block (a pipe without a whole line); what was read so
  // far should be passed on first.
  [[nodiscard]] virtual bool Ready() { return true; }
  // How much of it was read, 0 to 1, for an ETA without counting first. Empty:
  // unknown (a pipe).
  [[nodiscard]] virtual std::optional<double> progress() const {
    return std::nullopt;
  }
};

}  // namespace thumbmill
