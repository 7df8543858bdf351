// coordinator/net/inflater.h: decodes one gzip or deflate body as it arrives.
//
// Memory   fixed, about 40 KB: a window of 32 KB and zlib's state. Decoded
//          bytes go into the caller's buffer, as many as fit.
// Errors   Inflate() returns empty if the bytes are damaged, or if there is no
//          memory for the state.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "common/bytes.h"

namespace thumbmill {

class Inflater {
 public:
  enum class Format { kGzip, kDeflate };

  explicit Inflater(Format format);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Removes coded bytes from the front of `*input`, writes decoded bytes to
  // `out` and returns their number: 0 if it needs more input. Reads "deflate"
  // with and without zlib's frame, since servers send both. Reads on if another
  // gzip member follows, and drops any other bytes after the end.
  [[nodiscard]] std::optional<std::size_t> Inflate(ByteSpan* input,
                                                   MutableByteSpan out);
  // Returns true if the coded bytes were complete.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  struct State;
  bool Begin(std::uint8_t first);
  bool BeginMember(std::uint8_t next);

  Format format_;
  bool ended_ = false;
  std::unique_ptr<State> state_;  // null before the first byte
};

}  // namespace thumbmill
