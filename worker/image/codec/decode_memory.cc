// Predicts the memory that each decoder needs: an upper bound, which is simple
// on purpose. Each term names the memory that it stands for.
#include <algorithm>

#include "worker/image/codec/decoders.h"

namespace thumbmill {
namespace {

using U64 = std::uint64_t;

constexpr U64 kRowSlack = 256;  // alignment, whole vectors

}  // namespace

DecodeMemory JpegMemory(const ImageHeader& header, const DecodeHint& hint) {
  DecodeMemory memory;
  const U64 w = header.width, h = header.height;
  memory.planes = std::max<U64>(header.components, 1);
  const U64 eighths = JpegEighths(header.width, header.height, hint);
  memory.width = (w * eighths + 7) / 8 + 32;
  memory.height = (h * eighths + 7) / 8 + 32;
  if (!header.progressive) return memory;
  // The coefficients take two bytes each, in whole MCUs. Our own reader keeps
  // none. At a damaged byte, however, it hands over to the library, which keeps
  // them all, and the header does not tell whether the file is damaged.
  const U64 padding = memory.planes * 32 * (w + h + 32);
  const U64 samples =
      header.samples != 0 ? header.samples : w * h * memory.planes;
  memory.held = 2 * (samples + padding);
  return memory;
}

DecodeMemory PngMemory(const ImageHeader& header, const DecodeHint& hint) {
  DecodeMemory memory;
  const U64 depth = header.bits == 16 ? 2 : 1;
  // One channel may be a palette, which becomes RGB and alpha.
  memory.planes = header.components == 2 ? 2 : 4;
  memory.sample_bytes = 2;
  memory.width = header.width;
  memory.height = header.height;
  const U64 row = memory.width * memory.planes * depth;
  memory.held = row * 5;
  if (!header.interlaced) return memory;
  const U64 divisor = PngDivisor(header, hint);
  if (divisor == 1) {
    memory.held += row * memory.height;
    return memory;
  }
  // A row of each plane, and 4-byte sums of the reduced picture.
  memory.held += memory.planes * (memory.width * 2 + kRowSlack);
  memory.width = (memory.width + divisor - 1) / divisor;
  memory.height = (memory.height + divisor - 1) / divisor;
  memory.held += memory.width * memory.height * memory.planes * 4;
  return memory;
}

DecodeMemory WebpMemory(const ImageHeader& header, const DecodeHint& hint) {
  DecodeMemory memory;
  const bool alpha = header.components == 4;
  memory.planes = header.components;
  memory.sample_bytes = alpha ? 2 : 1;
  const U64 divisor = WebpDivisor(header, hint);
  memory.width = (header.width + divisor - 1) / divisor;
  memory.height = (header.height + divisor - 1) / divisor;
  const U64 pixels = U64{header.width} * header.height;
  const U64 given = (memory.width + 1) * (memory.height + 1);
  if (header.lossless) {
    // libwebp's own 32-bit pixels, and the pixels that it returns.
    memory.held = pixels * 4 + given * memory.planes;
  } else {
    // A picture without alpha needs Y, and chroma of half the size. One with
    // alpha needs RGBA and the alpha plane, which may be compressed losslessly.
    memory.held = alpha ? given * 4 + pixels * 6 : given * 3 / 2;
  }
  // Rows inside libwebp, for macroblocks, the upsampler and the rescaler.
  memory.held += U64{header.width} * 128 + (1 << 20);
  return memory;
}

DecodeMemory GifMemory(const ImageHeader& header, const DecodeHint&) {
  DecodeMemory memory;
  memory.planes = 4;
  memory.sample_bytes = 2;
  memory.width = header.width;
  memory.height = header.height;
  // A row of indices, which may be longer than the screen, a row of colours,
  // and giflib's tables.
  memory.held = (64 << 10) + memory.width * 4 + (64 << 10);
  if (header.interlaced) memory.held += memory.width * memory.height;
  return memory;
}

DecodeMemory AvifMemory(const ImageHeader& header, const DecodeHint&) {
  DecodeMemory memory;
  memory.planes = header.components;
  memory.sample_bytes = 2;
  memory.width = header.width;
  memory.height = header.height;
  // dav1d works in squares of 128.
  const U64 padded = (memory.width + 256) * (memory.height + 256);
  const U64 samples = header.samples + (padded - memory.width * memory.height) *
                                           header.components;
  // The picture twice: a second copy is needed to join tiles or to add film
  // grain. Also dav1d's notes about each block, for colours and for alpha.
  memory.held = 2 * samples * (header.bits > 8 ? 2 : 1) + 2 * padded;
  constexpr U64 kDav1dBytes = 512 << 10;
  memory.held += (U64{header.items} + 2) * kDav1dBytes;
  return memory;
}

}  // namespace thumbmill
