// worker/image/codec/fast_jpeg_rows.h: the part that both fast JPEG readers
// share: the sizes of planes and MCUs, and the walk over the rows of MCUs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "worker/image/codec/fast_jpeg.h"
#include "worker/image/codec/jpeg_huffman.h"
#include "worker/image/picture/picture.h"

namespace thumbmill::fast_jpeg {

// The place of a component in the MCUs and in the picture.
struct Grid {
  unsigned across = 1;
  unsigned down = 1;
  unsigned eighths = 8;
  // Blocks of the component, without those that only pad the last MCUs.
  std::uint32_t blocks_across = 0;
  std::uint32_t blocks_down = 0;
};

class Rows : public RowSource {
 public:
  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int plane) const override {
    const Grid& grid = grids_[static_cast<std::size_t>(plane)];
    return grid.down * grid.eighths;
  }
  // The inverse DCT writes rows of 8 samples, even if fewer count.
  [[nodiscard]] std::size_t RowBytes(int plane) const override {
    const Grid& grid = grids_[static_cast<std::size_t>(plane)];
    return std::size_t{mcus_across_} * grid.across * grid.eighths + 8;
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override;

 protected:
  Rows(const FastJpegInput& input, const PictureShape& shape);

  // Reads the next row of MCUs. Returns false if anything is odd.
  [[nodiscard]] virtual bool ReadMcuRow(const Rings& rings) = 0;
  // Call after the last row. Returns true if the scans end as they should.
  [[nodiscard]] virtual bool AtEnd() = 0;

  [[nodiscard]] std::uint32_t mcus_across() const { return mcus_across_; }
  [[nodiscard]] const Grid& grid(std::size_t component) const {
    return grids_[component];
  }

 private:
  void SetPlane(const FastJpegInput& input, std::size_t component,
                unsigned most_across, unsigned most_down);

  PictureShape shape_;
  std::uint32_t mcus_across_ = 0;
  std::uint32_t mcus_down_ = 0;
  std::uint32_t row_ = 0;  // rows of MCUs read so far
  std::vector<Grid> grids_;
};

// The bytes of a scan, and its restart markers.
struct ScanBytes {
  EntropyBytes bytes;
  unsigned restart_interval = 0;  // in MCUs; 0: none
  unsigned left = 0;              // MCUs before the next restart marker
  unsigned restarts = 0;

  // Begins an MCU. Steps over a restart marker if one is due, and sets
  // `restarted`: the DC predictions start at 0 after it.
  [[nodiscard]] bool NextMcu(bool* restarted);
};

[[nodiscard]] std::optional<DcTable> MakeDcTable(
    const std::optional<HuffmanSpec>& spec);

// Both return null if the JPEG is not plain.
[[nodiscard]] std::unique_ptr<RowSource> ReadSequential(
    const FastJpegInput& input, const PictureShape& shape);
[[nodiscard]] std::unique_ptr<RowSource> ReadProgressive(
    const FastJpegInput& input, const PictureShape& shape);

}  // namespace thumbmill::fast_jpeg
