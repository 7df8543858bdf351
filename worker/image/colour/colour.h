// worker/image/colour/colour.h: from the colours of a file to sRGB.
//
// Owns     the transforms made last: building one costs far more than using it
//          on a thumbnail, and pictures of one camera share their profile.
// Takes    ICC profiles, or spaces by their numbers (rgb_space.h).
// Threads  one object a thread; each has its own Little CMS context.
// Errors   a profile that cannot be used is a complaint; the picture is then
//          taken for sRGB (or, with four channels, for typical offset print).
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "common/bytes.h"
#include "worker/image/colour/rgb_space.h"
#include "worker/image/picture/picture.h"
#include "worker/image/picture/refusal.h"

namespace thumbmill {

// True for a matrix profile whose primaries and curves are those of sRGB, by
// whatever name. Most photographs carry one; it costs microseconds to see.
[[nodiscard]] bool IsSrgbProfile(ByteSpan icc);

// Interleaved samples in (8 or 16 bits, CMYK: 255 is full ink), sRGB out (8 or
// 16 bits): one channel for grey, else three.
class ColourTransform {
 public:
  virtual ~ColourTransform() = default;
  virtual void Apply(const void* in, void* out, std::uint32_t pixels) const = 0;
};

// Of the samples of a transform: 16 bits instead of 8.
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

  // Null: none is needed (IsSrgbProfile), or none can be made (then there is a
  // complaint).
  [[nodiscard]] std::shared_ptr<const ColourTransform> Get(
      ByteSpan icc, ColourModel model, const SampleWidths& widths,
      Complaints* complaints);
  // Null: none is needed (sRGB, inks), or none can be made. Colours that sRGB
  // does not have are cut to its range, channel by channel.
  [[nodiscard]] std::shared_ptr<const ColourTransform> Get(
      const RgbSpace& space, ColourModel model, const SampleWidths& widths);

 private:
  class Engine;
  struct Entry {
    std::vector<std::uint8_t> icc;  // empty: `space` counts
    RgbSpace space;
    int channels = 0;
    SampleWidths widths;
    std::shared_ptr<const ColourTransform> transform;  // null: unusable
  };
  static constexpr std::size_t kMaxEntries = 4;

  [[nodiscard]] const Entry* Find(const Entry& key) const;
  const Entry& Keep(Entry entry);
  Engine& engine();

  std::unique_ptr<Engine> engine_;
  std::list<Entry> entries_;  // the newest first
};

// Four inks (255 is full) to sRGB without a profile.
void CmykToRgb(const std::uint8_t* cmyk, std::uint8_t* rgb,
               std::uint32_t pixels);

void YccToRgb(const std::uint8_t* y, const std::uint8_t* cb,
              const std::uint8_t* cr, std::uint8_t* rgb, std::uint32_t pixels,
              const YccCode& code = {});

// Grey of full range to the Y of video, and back.
void ToVideoRange(std::uint8_t* luma, std::uint32_t samples);
void ToFullRange(std::uint8_t* luma, std::uint32_t samples);

// Planes of Y, Cb and Cr, or of Y alone, from full range to video's and back.
// Takes them as they are if they have it already.
void SetYccRange(PlaneSet* planes, bool limited);

}  // namespace thumbmill
