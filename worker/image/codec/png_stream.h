// worker/image/codec/png_stream.h: inflates the IDAT chunks of a PNG as one
// stream.
//
// Strict   anything that the standard does not allow ends the stream: Take()
//          returns null and EndsHere() returns false from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "common/bytes.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

class PngStream {
 public:
  // `bytes` is the file and must outlive this object. `most` is the size of the
  // largest Take().
  PngStream(ByteSpan bytes, std::size_t first_data, std::size_t most);
  ~PngStream();

  // Returns the next `size` bytes, valid until the next call, or null if there
  // are fewer. SampleBuffer::kSlack bytes after them may be read too.
  [[nodiscard]] const std::uint8_t* Take(std::size_t size);
  // Returns true if the stream ends here, and only IEND and chunks that change
  // no pixel follow.
  [[nodiscard]] bool EndsHere();

  // Returns the window size that the stream's head gives: how far back a match
  // may reach. Returns 0 if the head is not legal.
  [[nodiscard]] static std::size_t Window(ByteSpan bytes,
                                          std::size_t first_data);

 private:
  struct Inflater;
  struct Chunk {
    std::uint32_t type = 0;
    ByteSpan data;
  };

  // Reads the whole chunk at at_ and moves at_ after it. Returns false if the
  // chunk is not whole or its CRC is wrong.
  [[nodiscard]] bool NextChunk(Chunk* chunk);
  // Gives the next IDAT to the inflater. Returns false if the next chunk is
  // none.
  [[nodiscard]] bool FeedChunk();
  [[nodiscard]] bool Inflate(std::uint8_t* out, std::size_t size,
                             std::size_t* made);
  // Returns true if only harmless chunks and an IEND follow.
  [[nodiscard]] bool TailIsPlain();

  ByteSpan bytes_;
  std::size_t at_;
  SampleBuffer window_;
  std::size_t window_size_;
  std::size_t begin_ = 0;  // inflated bytes not taken yet: from begin_ to end_
  std::size_t end_ = 0;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace thumbmill
