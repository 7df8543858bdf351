// worker/thumbnailer.h: encoded image in, encoded thumbnails out. The one
// header of the worker that the coordinator sees.
//
// Owns     scratch memory that it may keep between images (bounded).
// Runs in  a worker process, or a thread of the coordinator (serial, threads).
// Threads  one object a thread; objects share nothing that can be written.
// Units    bytes; sizes in pixels of the upright picture.
// Errors   in Outcome::reason. Never throws, never prints, opens no file,
//          makes no system call but for memory: it runs inside the sandbox.
// Promise  the output bytes depend on the input bytes, the recipe and the
//          size mask alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "common/bytes.h"
#include "proto/phase.h"
#include "proto/recipe.h"
#include "proto/task.h"

namespace thumbmill {

// What can be read from the first bytes without decoding.
struct ImageHeader {
  ImageFormat format = ImageFormat::kUnknown;
  std::uint32_t width = 0;  // as stored
  std::uint32_t height = 0;
  std::uint8_t components = 0;  // channels as stored; palette counts as 1
  std::uint8_t bits = 8;        // per channel
  std::uint64_t samples = 0;    // of all channels as stored; 0: not known
  bool progressive = false;     // JPEG: coefficients of the image are kept
  bool interlaced = false;      // PNG Adam7: the whole raster is kept
  std::uint64_t icc_bytes = 0;  // of the profile, as it will be; a guess where
                                // it is compressed
  std::uint64_t exif_bytes = 0;
  std::uint32_t items = 0;  // AVIF: tiles and more, each is decoded alone
  bool lossless = false;    // WebP: kept whole, as pixels of 32 bits
  bool overlong = false;    // more parts than a header may have; the rest
                            // was not read, the thumbnailer refuses it
};

// What an image will cost, from its header. A hint for admission; the
// Thumbnailer derives it again from what its decoder says, and enforces it.
struct CostEstimate {
  std::uint64_t peak_bytes = 0;     // private memory while it runs
  std::uint64_t output_bytes = 0;   // likely upper bound of all thumbnails
  std::uint64_t output_pixels = 0;  // of all sizes
};

class Thumbnailer {
 public:
  // Before each step its phase is noted in `phase`, which outlives this object;
  // null: nobody asks.
  explicit Thumbnailer(const Recipe& recipe, PhaseCell* phase = nullptr);
  ~Thumbnailer();
  Thumbnailer(const Thumbnailer&) = delete;
  Thumbnailer& operator=(const Thumbnailer&) = delete;

  // Makes each size in `size_mask` from one decode, encoded one after the
  // other into `output`. An output too small: Outcome::needs_output_bytes.
  [[nodiscard]] Outcome Run(ByteSpan encoded, std::uint64_t size_mask,
                            MutableByteSpan output);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// From the first bytes: bounds-checked, no library, no more memory than a
// kilobyte or two, some milliseconds at most. Empty: not a format
// that we know. A format that is known but not walked has no size.
[[nodiscard]] std::optional<ImageHeader> PeekHeader(ByteSpan bytes);

// So many first bytes decide what something is.
inline constexpr std::size_t kSniffBytes = 4096;
// False: what begins like this is no image that we know. Needs the first
// kSniffBytes, or all bytes where there are less.
[[nodiscard]] bool MayBeImage(ByteSpan first);

[[nodiscard]] CostEstimate EstimateCost(const ImageHeader& header,
                                        const Recipe& recipe,
                                        std::uint64_t size_mask);

}  // namespace thumbmill
