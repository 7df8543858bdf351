// worker/image/colour/compose.h: the rows that an encoder takes, from the
// planes that the resamplers gave: sRGB, 8 bits, interleaved, alpha kept or
// laid upon the background, the picture upon its canvas.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "proto/recipe.h"
#include "worker/image/colour/colour.h"
#include "worker/image/picture/geometry.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

// Gives rows from top to bottom.
class RowProducer {
 public:
  virtual ~RowProducer() = default;
  [[nodiscard]] virtual std::uint32_t width() const = 0;
  [[nodiscard]] virtual std::uint32_t height() const = 0;
  // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
  [[nodiscard]] virtual int channels() const = 0;
  virtual void Row(std::uint32_t y, std::uint8_t* out) = 0;
};

class Composer final : public RowProducer {
 public:
  // `planes` are upright; both live longer than this.
  Composer(const PlaneSet& planes, const Placement& place, Rgb background,
           bool keep_alpha, const ColourTransform* transform);

  [[nodiscard]] std::uint32_t width() const override {
    return static_cast<std::uint32_t>(place_.canvas_width);
  }
  [[nodiscard]] std::uint32_t height() const override {
    return static_cast<std::uint32_t>(place_.canvas_height);
  }
  [[nodiscard]] int channels() const override { return channels_; }
  void Row(std::uint32_t y, std::uint8_t* out) override;

 private:
  // The picture's row y as 8-bit sRGB in colour_ and alpha in alpha_.
  void Colours(std::uint32_t y);
  void Colours8(std::uint32_t y);
  void ColoursWide(std::uint32_t y);
  [[nodiscard]] std::uint8_t Code(std::uint16_t sample) const;
  void LayOnBackground();
  void AddAlpha(std::uint8_t* out) const;
  void FillBackground(std::uint8_t* out, std::uint64_t pixels) const;

  const PlaneSet& planes_;
  Placement place_;
  Rgb background_;
  bool keep_alpha_;
  const ColourTransform* transform_;
  std::uint32_t width_;  // of the picture
  int colours_;          // 1 or 3: of the picture
  int channels_;         // of the rows
  std::vector<std::uint8_t> colour_;
  std::vector<std::uint8_t> alpha_;
  const std::uint8_t* srgb_of_light_;  // null: samples are sRGB
  std::vector<std::uint8_t> raw8_;
  std::vector<std::uint16_t> raw16_;
};

// Swaps x and y.
[[nodiscard]] Plane Transposed(const Plane& plane);

}  // namespace thumbmill
