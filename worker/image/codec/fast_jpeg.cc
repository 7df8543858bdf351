#include "worker/image/codec/fast_jpeg.h"

#include <algorithm>

#include "worker/image/codec/fast_jpeg_rows.h"

namespace thumbmill {
namespace fast_jpeg {
namespace {

std::uint32_t RoundedUp(std::uint64_t n, unsigned d) {
  return static_cast<std::uint32_t>((n + d - 1) / d);
}

}  // namespace

Rows::Rows(const FastJpegInput& input, const PictureShape& shape)
    : shape_(shape) {
  shape_.plane_count = static_cast<int>(input.components.size());
  unsigned most_across = 1, most_down = 1;
  for (const FastJpegComponent& c : input.components) {
    most_across = std::max(most_across, c.across);
    most_down = std::max(most_down, c.down);
  }
  mcus_across_ = RoundedUp(input.width, 8 * most_across);
  mcus_down_ = RoundedUp(input.height, 8 * most_down);
  for (std::size_t i = 0; i < input.components.size(); ++i)
    SetPlane(input, i, most_across, most_down);
}

void Rows::SetPlane(const FastJpegInput& input, std::size_t component,
                    unsigned most_across, unsigned most_down) {
  const FastJpegComponent& c = input.components[component];
  const std::uint64_t w = input.width, h = input.height;
  grids_.push_back({c.across, c.down, c.eighths,
                    RoundedUp(w * c.across, 8 * most_across),
                    RoundedUp(h * c.down, 8 * most_down)});
  PlaneShape& plane = shape_.planes[component];
  plane.extent_x = input.width * (c.eighths / 8.0) * c.across / most_across;
  plane.extent_y = input.height * (c.eighths / 8.0) * c.down / most_down;
  plane.width = RoundedUp(w * c.eighths * c.across, 8 * most_across);
  plane.height = RoundedUp(h * c.eighths * c.down, 8 * most_down);
  if (c.eighths == 8 && 2 * c.across == most_across)
    plane.fine_width = RoundedUp(w * c.eighths, 8);
  if (c.eighths == 8 && 2 * c.down == most_down)
    plane.fine_height = RoundedUp(h * c.eighths, 8);
}

ImageResult<void> Rows::ReadBand(const Rings& rings) {
  if (row_ >= mcus_down_ || !ReadMcuRow(rings))
    return Refuse(Reason::kCorrupt, "not a plain JPEG");
  ++row_;
  for (std::size_t i = 0; i < grids_.size(); ++i) {
    RowRing& ring = *rings[i];
    // Rows that only pad the last MCUs do not belong to the picture.
    ring.Append(std::min(BandRows(static_cast<int>(i)),
                         shape_.planes[i].height - ring.end()));
  }
  return {};
}

ImageResult<void> Rows::Finish() {
  if (row_ == mcus_down_ && AtEnd()) return {};
  return Refuse(Reason::kCorrupt, "not a plain JPEG");
}

bool ScanBytes::NextMcu(bool* restarted) {
  *restarted = false;
  if (restart_interval == 0) return true;
  if (left == 0) {
    if (!bytes.EndSegment(restarts % 8)) return false;
    ++restarts;
    left = restart_interval;
    *restarted = true;
  }
  --left;
  return true;
}

std::optional<DcTable> MakeDcTable(const std::optional<HuffmanSpec>& spec) {
  if (!spec) return std::nullopt;
  const auto codes = HuffmanCodes::Make(*spec, DcTable::kMaxSymbol);
  if (!codes) return std::nullopt;
  return DcTable(*codes);
}

}  // namespace fast_jpeg

std::unique_ptr<RowSource> ReadFastJpeg(const FastJpegInput& input,
                                        const PictureShape& shape) {
  if (input.scans.empty()) return nullptr;
  return input.progressive ? fast_jpeg::ReadProgressive(input, shape)
                           : fast_jpeg::ReadSequential(input, shape);
}

}  // namespace thumbmill
