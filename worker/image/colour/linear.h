// worker/image/colour/linear.h: turns the rows of any picture into rows of
// linear light, for --linear. The mean of black and white is then half the
// light (code 188), not half the code (128).
//
// The idea: one RowSource wraps another. It enlarges planes that the file
// stores at a smaller size, converts the pixels to sRGB (with the profile, if
// there is one) and, with a table, to light. Then it splits them into 16-bit
// planes again, multiplied by alpha. From there on they are resized like any
// 16-bit picture.
//
// Bits     16 bits, 0-65535 of light. Even at black, where sRGB is steepest,
//          neighbouring 8-bit codes are 20 steps apart, so that each code comes
//          back unchanged.
// Memory   bands of rows, as wide as the picture.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/image/colour/colour.h"
#include "worker/image/colour/interleave.h"
#include "worker/image/picture/picture.h"
#include "worker/image/resample/kernels.h"
#include "worker/image/resample/weight_table.h"

namespace thumbmill {

// Returns the table from sRGB (0-65535) to light (0-65535). It takes 128 KB and
// is made at the first call.
[[nodiscard]] const std::uint16_t* LightOfSrgb();
// Returns the table from light (0-65535) to an 8-bit sRGB code.
[[nodiscard]] const std::uint8_t* SrgbOfLight();

class LinearRows final : public RowSource {
 public:
  // `rows` and `to_srgb` must outlive this. `to_srgb` gives 16 bits; it is null
  // if the picture's colours are sRGB, or inks without a profile.
  LinearRows(RowSource* rows, const ColourTransform* to_srgb,
             const Kernels& kernels);

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int) const override {
    return band_rows_;
  }
  [[nodiscard]] std::size_t RowBytes(int) const override {
    return std::size_t{shape_.planes[0].width} * 2;
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override { return rows_->Finish(); }

 private:
  // A plane of the file, and its enlargement to the picture's full size.
  struct Feed {
    RowRing ring;
    std::uint32_t width = 0;
    // Both are null if the plane has the full size.
    std::unique_ptr<WeightTable> across;
    std::unique_ptr<WeightTable> down;
    SampleBuffer middle;
    SampleBuffer row;
  };
  [[nodiscard]] PlaneShape FullSize() const;
  [[nodiscard]] Feed FeedOf(int plane) const;
  [[nodiscard]] bool SourceIsComplete() const;
  [[nodiscard]] bool HasRow(std::uint32_t y) const;
  [[nodiscard]] const std::uint8_t* RowOf(Feed& feed, std::uint32_t y);
  // Writes the row's pixels as 16-bit sRGB to srgb_.
  void MakeSrgb(std::uint32_t y);
  void MakeSrgb8(const ByteRows& rows);
  void MakeSrgbWide(const ByteRows& rows);
  // Converts srgb_ to light and writes it to the planes' rows.
  void SplitLight(const Rings& rings) const;

  RowSource* rows_;
  const ColourTransform* to_srgb_;
  const Kernels& kernels_;
  PictureShape shape_;
  std::uint32_t band_rows_ = 0;
  std::vector<Feed> feeds_;
  std::uint32_t next_row_ = 0;
  const std::int16_t* alpha_ = nullptr;  // alpha of the row in srgb_, or null
  std::vector<std::uint8_t> pixels8_;
  std::vector<std::uint16_t> pixels16_;
  std::vector<std::uint16_t> srgb_;
};

}  // namespace thumbmill
