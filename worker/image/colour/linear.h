// worker/image/colour/linear.h: the rows of any picture as rows of linear
// light, for
// --linear: the mean of black and white is then half the light (188), not half
// the code (128).
//
// The idea: a source of rows around another one. Planes that the file has
// smaller are brought to full size, pixels become sRGB (by the profile, if
// there is one) and, by a table, light; then they are planes again, of 16 bits,
// multiplied by alpha. All else is as for any 16-bit picture.
//
// Bits     16, 0-65535 of light. Where sRGB is steepest, at black, neighbouring
//          8-bit codes are 20 of these apart: each comes back as it was.
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

// 0-65535 in and out. The table of 128 KB is made when first asked for.
[[nodiscard]] const std::uint16_t* LightOfSrgb();
// 0-65535 of light to an 8-bit code.
[[nodiscard]] const std::uint8_t* SrgbOfLight();

class LinearRows final : public RowSource {
 public:
  // `rows` and `to_srgb` outlive this. `to_srgb` gives 16 bits; null: the
  // picture's colours are sRGB, or inks without a profile.
  LinearRows(RowSource* rows, const ColourTransform* to_srgb,
             const Kernels& kernels);

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int) const override {
    return band_rows_;
  }
  [[nodiscard]] std::size_t RowBytes(int) const override {
    return std::size_t{shape_.planes[0].width} * 2;
  }
  [[nodiscard]] Verdict<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] Verdict<void> Finish() override { return rows_->Finish(); }

 private:
  // A plane of the file, on its way to the picture's full size.
  struct Feed {
    RowRing ring;
    std::uint32_t width = 0;
    // Null: it has the full size.
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
  // The row's pixels as sRGB of 16 bits, in srgb_.
  void MakeSrgb(std::uint32_t y);
  void MakeSrgb8(const ByteRows& rows);
  void MakeSrgbWide(const ByteRows& rows);
  // From srgb_ to the planes' rows.
  void SplitLight(const Rings& rings) const;

  RowSource* rows_;
  const ColourTransform* to_srgb_;
  const Kernels& kernels_;
  PictureShape shape_;
  std::uint32_t band_rows_ = 0;
  std::vector<Feed> feeds_;
  std::uint32_t next_row_ = 0;
  const std::int16_t* alpha_ = nullptr;  // of the row in srgb_
  std::vector<std::uint8_t> pixels8_;
  std::vector<std::uint16_t> pixels16_;
  std::vector<std::uint16_t> srgb_;
};

}  // namespace thumbmill
