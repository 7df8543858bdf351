#include "worker/image/colour/linear.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace thumbmill {
namespace {

constexpr double kMax = 65535;
// Rows by which enlarged planes may lag behind the others: half a sample of the
// coarsest plane (which has a fourth of the height), and a few spare ones.
constexpr std::uint32_t kLagRows = 16;

// The curve of sRGB, IEC 61966-2-1.
double LightOf(double code) {
  return code <= 0.04045 ? code / 12.92 : std::pow((code + 0.055) / 1.055, 2.4);
}

double CodeOf(double light) {
  return light <= 0.0031308 ? 12.92 * light
                            : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

std::vector<std::uint16_t> MakeLightOfSrgb() {
  std::vector<std::uint16_t> table(65536);
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = static_cast<std::uint16_t>(
        std::lround(kMax * LightOf(static_cast<double>(i) / kMax)));
  return table;
}

std::vector<std::uint8_t> MakeSrgbOfLight() {
  std::vector<std::uint8_t> table(65536);
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = static_cast<std::uint8_t>(
        std::lround(255 * CodeOf(static_cast<double>(i) / kMax)));
  return table;
}

std::int16_t Bias(std::uint32_t sample) {
  return static_cast<std::int16_t>(static_cast<std::int32_t>(sample) - 32768);
}

std::uint32_t Multiply(std::uint32_t colour, std::uint32_t alpha) {
  return (colour * alpha + 32767) / 65535;
}

WeightTable Stretch(std::uint32_t from, double extent, std::uint32_t to,
                    double full_extent) {
  Axis axis;
  axis.samples = from;
  axis.extent = extent;
  axis.step = extent / full_extent;
  axis.count = to;
  axis.filter = FilterKind::kLinear;
  return WeightTable(axis);
}

}  // namespace

const std::uint16_t* LightOfSrgb() {
  static const std::vector<std::uint16_t> table = MakeLightOfSrgb();
  return table.data();
}

const std::uint8_t* SrgbOfLight() {
  static const std::vector<std::uint8_t> table = MakeSrgbOfLight();
  return table.data();
}

LinearRows::LinearRows(RowSource* rows, const ColourTransform* to_srgb,
                       const Kernels& kernels)
    : rows_(rows), to_srgb_(to_srgb), kernels_(kernels) {
  const PictureShape& from = rows_->shape();
  const bool grey = from.model == ColourModel::kGrey;
  shape_.width = from.width;
  shape_.height = from.height;
  shape_.model = grey ? ColourModel::kGrey : ColourModel::kRgb;
  shape_.alpha = from.alpha;
  shape_.wide = true;
  shape_.plane_count = (grey ? 1 : 3) + (from.alpha ? 1 : 0);
  const PlaneShape full = FullSize();
  std::fill_n(shape_.planes.begin(), shape_.plane_count, full);
  for (int p = 0; p < from.plane_count; ++p) {
    const PlaneShape& plane = from.planes[static_cast<std::size_t>(p)];
    const double scale = full.extent_y / plane.extent_y;
    band_rows_ = std::max(
        band_rows_,
        static_cast<std::uint32_t>(std::ceil(rows_->BandRows(p) * scale)));
    feeds_.push_back(FeedOf(p));
  }
  band_rows_ += kLagRows;
  pixels8_.resize(from.wide ? 0 : std::size_t{full.width} * 4);
  pixels16_.resize(from.wide ? std::size_t{full.width} * 3 : 0);
  srgb_.resize(std::size_t{full.width} * 3);
}

// Returns the largest width and height of all planes: in some files luma is
// smaller than chroma.
PlaneShape LinearRows::FullSize() const {
  const PictureShape& from = rows_->shape();
  PlaneShape full = from.planes[0];
  for (int p = 1; p < from.plane_count; ++p) {
    const PlaneShape& plane = from.planes[static_cast<std::size_t>(p)];
    if (plane.extent_x > full.extent_x) {
      full.extent_x = plane.extent_x;
      full.width = plane.width;
    }
    if (plane.extent_y > full.extent_y) {
      full.extent_y = plane.extent_y;
      full.height = plane.height;
    }
  }
  // These rows are already interpolated to full size.
  full.fine_width = full.fine_height = 0;
  return full;
}

LinearRows::Feed LinearRows::FeedOf(int number) const {
  const PictureShape& from = rows_->shape();
  const PlaneShape& plane = from.planes[static_cast<std::size_t>(number)];
  const PlaneShape& full = shape_.planes[0];
  const std::size_t sample = from.wide ? 2 : 1;
  Feed feed;
  std::uint32_t window = 1;
  if (plane.width != full.width || plane.height != full.height) {
    feed.across = std::make_unique<WeightTable>(
        Stretch(plane.width, plane.extent_x, full.width, full.extent_x));
    feed.down = std::make_unique<WeightTable>(
        Stretch(plane.height, plane.extent_y, full.height, full.extent_y));
    window = feed.down->max_taps();
    feed.width = plane.width;
    // horizontal*() read a whole stride from each start, so `middle` is longer
    // than a row. The part past the row meets weights of 0.
    const std::size_t middle = plane.width + feed.across->stride();
    feed.middle = SampleBuffer(middle * sizeof(std::int16_t));
    std::fill_n(feed.middle.data(), feed.middle.bytes(), std::uint8_t{0});
    feed.row = SampleBuffer(full.width * sample);
  }
  // The capacity is a multiple of the band's rows (see RowSource::ReadBand()).
  const std::uint32_t band = rows_->BandRows(number);
  const std::uint32_t bands = 1 + (window + kLagRows + band - 1) / band;
  const std::size_t samples = plane.width * sample;
  feed.ring = RowRing(bands * band, std::max(samples, rows_->RowBytes(number)),
                      samples);
  return feed;
}

bool LinearRows::SourceIsComplete() const {
  for (std::size_t p = 0; p < feeds_.size(); ++p)
    if (feeds_[p].ring.end() < rows_->shape().planes[p].height) return false;
  return true;
}

bool LinearRows::HasRow(std::uint32_t y) const {
  return std::all_of(feeds_.begin(), feeds_.end(), [y](const Feed& feed) {
    const std::uint32_t needed =
        feed.down == nullptr ? y + 1 : feed.down->start(y) + feed.down->taps(y);
    return needed <= feed.ring.end();
  });
}

const std::uint8_t* LinearRows::RowOf(Feed& feed, std::uint32_t y) {
  if (feed.down == nullptr) return feed.ring.Row(y);
  const std::uint32_t start = feed.down->start(y), taps = feed.down->taps(y);
  // A linear filter that only enlarges has few taps. The kernels want an even
  // number, so the last row may stand twice; its weight is 0 then.
  std::array<const std::uint8_t*, 8> rows{};
  CHECK(taps < rows.size());
  for (std::uint32_t t = 0; t <= taps; ++t)
    rows[t] = feed.ring.Row(start + std::min(t, taps - 1));
  auto* middle = reinterpret_cast<std::int16_t*>(feed.middle.data());
  const WeightTable& h = *feed.across;
  const std::int16_t* weights = feed.down->weights(y);
  const std::size_t even = taps + taps % 2;
  if (rows_->shape().wide) {
    kernels_.vertical16(
        reinterpret_cast<const std::int16_t* const*>(rows.data()), weights,
        even, feed.width, middle);
    kernels_.horizontal16(middle, h.starts().data(), h.weights(0), h.stride(),
                          h.count(),
                          reinterpret_cast<std::int16_t*>(feed.row.data()));
  } else {
    kernels_.vertical8(rows.data(), weights, even, feed.width, middle);
    kernels_.horizontal8(middle, h.starts().data(), h.weights(0), h.stride(),
                         h.count(), feed.row.data());
  }
  return feed.row.data();
}

void LinearRows::MakeSrgb8(const ByteRows& rows) {
  const PictureShape& from = rows_->shape();
  const std::uint32_t width = shape_.planes[0].width;
  const PixelCode code{from.model, from.ycc, from.inverted};
  Interleave(rows, code, width, pixels8_.data());
  if (to_srgb_ != nullptr)
    return to_srgb_->Apply(pixels8_.data(), srgb_.data(), width);
  std::size_t channels = static_cast<std::size_t>(PixelChannels(from.model));
  if (channels == 4) {
    // This works in place, because it writes 3 bytes for each 4 that it reads.
    CmykToRgb(pixels8_.data(), pixels8_.data(), width);
    channels = 3;
  }
  // 255 * 257 is 65535.
  for (std::size_t i = 0; i < width * channels; ++i)
    srgb_[i] = static_cast<std::uint16_t>(pixels8_[i] * 257u);
}

void LinearRows::MakeSrgbWide(const ByteRows& rows) {
  const std::uint32_t width = shape_.planes[0].width;
  WideRows wide{};
  for (std::size_t p = 0; p < wide.size(); ++p)
    wide[p] = reinterpret_cast<const std::int16_t*>(rows[p]);
  const int channels = PixelChannels(shape_.model);
  alpha_ = shape_.alpha ? wide[static_cast<std::size_t>(channels)] : nullptr;
  Interleave(wide, channels, alpha_, width,
             to_srgb_ != nullptr ? pixels16_.data() : srgb_.data());
  if (to_srgb_ != nullptr)
    to_srgb_->Apply(pixels16_.data(), srgb_.data(), width);
}

void LinearRows::MakeSrgb(std::uint32_t y) {
  ByteRows rows{};
  for (std::size_t p = 0; p < feeds_.size(); ++p) rows[p] = RowOf(feeds_[p], y);
  if (rows_->shape().wide) {
    MakeSrgbWide(rows);
  } else {
    MakeSrgb8(rows);
  }
}

void LinearRows::SplitLight(const Rings& rings) const {
  const std::uint16_t* light = LightOfSrgb();
  const std::uint32_t width = shape_.planes[0].width;
  const auto colours = static_cast<std::size_t>(PixelChannels(shape_.model));
  for (std::size_t c = 0; c < colours; ++c) {
    auto* out = reinterpret_cast<std::int16_t*>(rings[c]->Row(rings[c]->end()));
    for (std::uint32_t x = 0; x < width; ++x) {
      std::uint32_t sample = light[srgb_[x * colours + c]];
      if (alpha_ != nullptr) sample = Multiply(sample, Unbias(alpha_[x]));
      out[x] = Bias(sample);
    }
  }
  if (alpha_ == nullptr) return;
  RowRing& ring = *rings[colours];
  std::copy_n(alpha_, width,
              reinterpret_cast<std::int16_t*>(ring.Row(ring.end())));
}

ImageResult<void> LinearRows::ReadBand(const Rings& rings) {
  if (!SourceIsComplete()) {
    Rings inner{};
    for (std::size_t p = 0; p < feeds_.size(); ++p) inner[p] = &feeds_[p].ring;
    if (auto ok = rows_->ReadBand(inner); !ok) return ok;
  }
  // One band of the source gives as many rows as all planes allow, which may be
  // none.
  const std::uint32_t height = shape_.planes[0].height;
  for (std::uint32_t i = 0; i < band_rows_; ++i) {
    if (next_row_ == height || !HasRow(next_row_)) break;
    MakeSrgb(next_row_++);
    SplitLight(rings);
    for (int p = 0; p < shape_.plane_count; ++p)
      rings[static_cast<std::size_t>(p)]->Append(1);
  }
  return {};
}

}  // namespace thumbmill
