// coordinator/net/inflater.h: decodes one gzip or deflate body as it arrives.
//
// Memory   fixed, about 40 KB: a window of 32 KB and zlib's state. What it
//          makes goes into the caller's buffer, as much as fits.
// Errors   damaged bytes, or no memory for the state: Inflate() is empty.
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

  // Takes bytes from the front of `*input` and returns how many it made of
  // them in `out`. It makes 0 when it needs more input. "deflate" is read with
  // and without zlib's frame, since servers send both; a second gzip member is
  // read on; what else follows the end is dropped.
  [[nodiscard]] std::optional<std::size_t> Inflate(ByteSpan* input,
                                                   MutableByteSpan out);
  // The coded bytes are complete.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  struct State;
  bool Begin(std::uint8_t first);
  bool BeginMember(std::uint8_t next);

  Format format_;
  bool ended_ = false;
  std::unique_ptr<State> state_;  // null: nothing has come yet
};

}  // namespace thumbmill
