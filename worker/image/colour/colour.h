// worker/image/colour/colour.h: converts the colours of a file to sRGB.
//
// Owns     the transforms made last. To build one costs far more than to use it
//          on a thumbnail, and pictures of one camera share their profile.
// Takes    ICC profiles, or spaces given by their numbers (rgb_space.h).
// Threads  one object per thread; each has its own Little CMS context.
// Errors   a profile that cannot be used adds a warning, and the picture then
//          counts as sRGB (or, with four channels, as typical offset print).
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "common/bytes.h"
#include "worker/image/colour/rgb_space.h"
#include "worker/image/picture/image_result.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

// Returns true for a matrix profile whose primaries and curves are those of
// sRGB, whatever its name. Most photographs carry such a profile, and the check
// takes microseconds.
[[nodiscard]] bool IsSrgbProfile(ByteSpan icc);

// Converts interleaved samples (8 or 16 bits; in CMYK 255 is full ink) to sRGB
// (8 or 16 bits), with one channel for grey, else three.
class ColourTransform {
 public:
  virtual ~ColourTransform() = default;
  virtual void Apply(const void* in, void* out, std::uint32_t pixels) const = 0;
};

// Widths of a transform's samples: 16 bits if true, else 8.
struct SampleWidths {
  bool wide_in = false;
  bool wide_out = false;

  friend bool operator==(const SampleWidths&, const SampleWidths&) = default;
};

class ColourTransforms {
 public:
  ColourTransforms();
  ~ColourTransforms();
  ColourTransforms(const ColourTransforms&) = delete;
  ColourTransforms& operator=(const ColourTransforms&) = delete;

  // Returns null if no transform is needed (IsSrgbProfile) or none can be made.
  // In the second case it adds a warning.
  [[nodiscard]] std::shared_ptr<const ColourTransform> Get(
      ByteSpan icc, ColourModel model, const SampleWidths& widths,
      DecodeWarnings* warnings);
  // Returns null if no transform is needed (sRGB, inks) or none can be made.
  // The transform clamps colours outside sRGB to its range, channel by channel.
  [[nodiscard]] std::shared_ptr<const ColourTransform> Get(
      const RgbSpace& space, ColourModel model, const SampleWidths& widths);

 private:
  class Engine;
  struct Entry {
    std::vector<std::uint8_t> icc;  // if empty, `space` counts
    RgbSpace space;
    int channels = 0;
    SampleWidths widths;
    std::shared_ptr<const ColourTransform> transform;  // null if unusable
  };
  static constexpr std::size_t kMaxEntries = 4;

  [[nodiscard]] const Entry* Find(const Entry& key) const;
  const Entry& Keep(Entry entry);
  Engine& engine();

  std::unique_ptr<Engine> engine_;
  std::list<Entry> entries_;  // the newest first
};

// Converts four inks (255 is full) to sRGB without a profile.
void CmykToRgb(const std::uint8_t* cmyk, std::uint8_t* rgb,
               std::uint32_t pixels);

void YccToRgb(const std::uint8_t* y, const std::uint8_t* cb,
              const std::uint8_t* cr, std::uint8_t* rgb, std::uint32_t pixels,
              const YccCode& code = {});

// Convert grey of full range to the Y of video, and back.
void ToVideoRange(std::uint8_t* luma, std::uint32_t samples);
void ToFullRange(std::uint8_t* luma, std::uint32_t samples);

// Converts planes of Y, Cb and Cr, or of Y alone, to the range of video
// (`limited`) or to full range. Does nothing if they have it already.
void SetYccRange(PlaneSet* planes, bool limited);

}  // namespace thumbmill
