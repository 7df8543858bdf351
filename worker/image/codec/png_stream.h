// worker/image/codec/png_stream.h: what the IDAT chunks of a PNG hold,
// inflated, as a stream.
//
// Strict   whatever is not as the standard wants it ends the stream: Take()
//          and EndsHere() then say no for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "common/bytes.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

class PngStream {
 public:
  // `bytes` is the file and outlives this; `most` the largest Take().
  PngStream(ByteSpan bytes, std::size_t first_data, std::size_t most);
  ~PngStream();

  // The next `size` bytes, valid until the next call; SampleBuffer::kSlack
  // bytes behind them may be read. Null: there are not as many.
  [[nodiscard]] const std::uint8_t* Take(std::size_t size);
  // True if nothing follows in the stream, and behind its chunks nothing but
  // chunks without a meaning for pixels and the file's end.
  [[nodiscard]] bool EndsHere();

  // The bytes that a match may lie back, as the stream's head says; 0 if that
  // is no head of a stream that we read.
  [[nodiscard]] static std::size_t Window(ByteSpan bytes,
                                          std::size_t first_data);

 private:
  struct Inflater;
  struct Chunk {
    std::uint32_t type = 0;
    ByteSpan data;
  };

  // The chunk at at_, behind which at_ then is. False: none that is whole.
  [[nodiscard]] bool NextChunk(Chunk* chunk);
  [[nodiscard]] bool FeedChunk();
  [[nodiscard]] bool Inflate(std::uint8_t* out, std::size_t size,
                             std::size_t* made);
  [[nodiscard]] bool TailIsPlain();

  ByteSpan bytes_;
  std::size_t at_;
  SampleBuffer window_;
  std::size_t window_size_;
  std::size_t begin_ = 0;  // of what is inflated and not taken, in the window
  std::size_t end_ = 0;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace thumbmill
