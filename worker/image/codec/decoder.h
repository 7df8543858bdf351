// worker/image/codec/decoder.h: opens an encoded picture as a source of rows.
//
// Runs in  the calling thread; decoders start no threads and keep no global
//          state. No longjmp leaves a decoder.
// Errors   an ImageError holds the reason and the text for the report. Warnings
//          of a library are collected in the caller's DecodeWarnings.
#pragma once

#include <cstdint>
#include <memory>

#include "common/bytes.h"
#include "worker/image/colour/rgb_space.h"
#include "worker/image/header/image_header.h"
#include "worker/image/picture/image_result.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

// Facts about a picture that are known before it is decoded.
struct OpenedPicture {
  ImageHeader header;
  ColourModel model = ColourModel::kRgb;  // the later PictureShape's model
  YccCode ycc;
  bool alpha = false;
  bool wide = false;
  int exif_orientation = 1;
  // The container sets exif_orientation, not EXIF: the picture is turned even
  // if the recipe ignores EXIF.
  bool turned_by_container = false;
  // A TIFF structure that lives as long as the decoder; empty if there is none.
  ByteSpan exif;
  std::vector<std::uint8_t> icc;  // empty if there is no profile
  RgbSpace space;  // the colours' space if no profile can be used
};

// The size of the largest thumbnail, before it is turned. A decoder may use it
// to give a reduced picture where that takes less time or memory.
struct DecodeHint {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool exact = false;          // forbids reduction, see WantsExact()
  bool halved_chroma = false;  // the thumbnails halve chroma anyway
};

// The memory of a picture while it is decoded: an upper bound. If the header
// does not tell something, the more expensive case counts.
struct DecodeMemory {
  std::uint64_t planes = 3;
  std::uint64_t sample_bytes = 1;
  std::uint64_t width = 0;  // as decoded
  std::uint64_t height = 0;
  std::uint64_t held = 0;  // bytes that the decoder holds at once
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  [[nodiscard]] virtual const OpenedPicture& picture() const = 0;
  // Allocates the buffers and returns the rows, which the decoder owns.
  [[nodiscard]] virtual ImageResult<RowSource*> Start(
      const DecodeHint& hint) = 0;
  // Returns true if the rows that failed came from a fast reader of our own.
  // The caller then ignores their error and calls Start() again, which reads
  // all rows again with the library.
  [[nodiscard]] virtual bool CanFallBack() { return false; }
  // Names the reader that Start() chose, for benchmarks.
  [[nodiscard]] virtual const char* reader() const { return "library"; }
};

struct DecoderOptions {
  FailOn fail_on = FailOn::kError;
  ImageLimits limits;
};

// Decoders treat larger profiles and texts as absent.
constexpr std::size_t kMaxProfileBytes = 4 << 20;

}  // namespace thumbmill
