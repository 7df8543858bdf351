// worker/image/colour/compose.h: makes the rows for an encoder from the planes
// of the resamplers. The rows are interleaved 8-bit sRGB. Alpha is kept or the
// picture is laid on the background, and the picture is placed on its canvas.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "proto/recipe.h"
#include "worker/image/colour/colour.h"
#include "worker/image/picture/geometry.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

// Gives the rows of a thumbnail. Encoders ask for them from top to bottom.
class RowProducer {
 public:
  virtual ~RowProducer() = default;
  [[nodiscard]] virtual std::uint32_t width() const = 0;
  [[nodiscard]] virtual std::uint32_t height() const = 0;
  // Returns 1 for grey, 2 for grey and alpha, 3 for RGB, 4 for RGB and alpha.
  [[nodiscard]] virtual int channels() const = 0;
  virtual void Row(std::uint32_t y, std::uint8_t* out) = 0;
};

class Composer final : public RowProducer {
 public:
  // `planes` are upright. `planes` and `transform` must outlive the composer.
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
  // Writes the picture's row y as 8-bit sRGB to colour_, and its alpha to
  // alpha_.
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
  std::uint32_t width_;  // of the picture, without its canvas
  int colours_;          // channels of the picture without alpha: 1 or 3
  int channels_;         // channels of the rows
  std::vector<std::uint8_t> colour_;
  std::vector<std::uint8_t> alpha_;
  const std::uint8_t* srgb_of_light_;  // null if the samples are sRGB
  std::vector<std::uint8_t> raw8_;
  std::vector<std::uint16_t> raw16_;
};

// Returns the plane with x and y swapped.
[[nodiscard]] Plane Transposed(const Plane& plane);

}  // namespace thumbmill
