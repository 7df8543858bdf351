#include "worker/image/resample/resampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace thumbmill {
namespace {

// No legal picture has more levels: 2^31 halved 31 times is 1.
constexpr int kMaxLevel = 31;

std::uint32_t HalfUp(std::uint32_t n) { return n / 2 + n % 2; }

Axis AtLevel(Axis axis, std::uint32_t samples, int level) {
  const double divisor = static_cast<double>(1u << level);
  axis.samples = samples;
  // After a 2x2 mean, the interpolation between the samples makes no visible
  // difference.
  if (level > 0) axis.fine_samples = 0;
  axis.extent /= divisor;
  axis.origin /= divisor;
  axis.step /= divisor;
  return axis;
}

// Repeats the last sample of an odd row, because halve*() need pairs.
void RepeatLast(std::uint8_t* row, std::uint32_t width, bool wide) {
  if (width % 2 == 0) return;
  const std::size_t size = wide ? 2 : 1;
  std::memcpy(row + width * size, row + (width - 1) * size, size);
}

// The weight of the second of two samples in their mean has kShareBits fraction
// bits. It is kHalf, except for a last sample that covers less of the picture
// than the first of its pair.
constexpr int kShareBits = 12;
constexpr std::int64_t kHalf = 1 << (kShareBits - 1);

std::int64_t LastShare(std::uint32_t samples, double extent) {
  if (samples % 2 == 1) return kHalf;  // its pair is a copy of itself
  const double covered = LastCoverage(samples, extent);
  return std::llround(2 * kHalf * covered / (1 + covered));
}

// Computes the mean of 2x2 samples as halve*() do, but with other weights:
// `across` for the right samples, `down` for the lower ones.
template <typename Sample>
Sample Mix(const Sample* upper, const Sample* lower, std::int64_t across,
           std::int64_t down) {
  const auto mix = [across](const Sample* pair) {
    return pair[0] * (2 * kHalf - across) + pair[1] * across;
  };
  const std::int64_t sum = mix(upper) * (2 * kHalf - down) + mix(lower) * down;
  constexpr int kBits = 2 * kShareBits;
  return static_cast<Sample>((sum + (std::int64_t{1} << (kBits - 1))) >> kBits);
}

// Computes the samples of `row` again, from `first` to its end.
template <typename Sample>
void MixRest(const std::uint8_t* upper, const std::uint8_t* lower,
             std::uint32_t first, std::uint32_t width, std::int64_t across,
             std::int64_t down, std::uint8_t* row) {
  const auto* above = reinterpret_cast<const Sample*>(upper);
  const auto* below = reinterpret_cast<const Sample*>(lower);
  auto* out = reinterpret_cast<Sample*>(row);
  for (std::uint32_t x = first; x < width; ++x)
    out[x] = Mix(above + 2 * x, below + 2 * x, x + 1 == width ? across : kHalf,
                 down);
}

}  // namespace

int PyramidLevel(FilterKind filter, double step_x, double step_y) {
  if (filter == FilterKind::kNearest) return 0;
  double step = std::min(step_x, step_y) / 2;
  int level = 0;
  for (; step >= kGap && level < kMaxLevel; step /= 2) ++level;
  return level;
}

Resampler::Resampler(std::shared_ptr<const WeightTable> horizontal,
                     std::shared_ptr<const WeightTable> vertical, bool wide,
                     Plane* out)
    : horizontal_(std::move(horizontal)),
      vertical_(std::move(vertical)),
      wide_(wide),
      out_(out),
      rows_(vertical_->max_taps() + 1) {}

void Resampler::Advance(const RowRing& ring, std::uint32_t width,
                        const Kernels& kernels, std::int16_t* middle) {
  const std::uint32_t count = vertical_->count();
  while (done_ < count) {
    // The source rows of a mirrored output arrive for its last row first.
    const std::uint32_t y = vertical_->mirrored() ? count - 1 - done_ : done_;
    if (vertical_->start(y) + vertical_->taps(y) > ring.end()) return;
    MakeRow(ring, y, width, kernels, middle);
    ++done_;
  }
}

void Resampler::MakeRow(const RowRing& ring, std::uint32_t y,
                        std::uint32_t width, const Kernels& kernels,
                        std::int16_t* middle) {
  const std::uint32_t start = vertical_->start(y), taps = vertical_->taps(y);
  for (std::uint32_t t = 0; t < taps; ++t) rows_[t] = ring.Row(start + t);
  rows_[taps] = rows_[taps - 1];  // makes the taps even; its weight is 0
  const std::size_t even = taps + taps % 2;
  const WeightTable& h = *horizontal_;
  if (wide_) {
    kernels.vertical16(
        reinterpret_cast<const std::int16_t* const*>(rows_.data()),
        vertical_->weights(y), even, width, middle);
    kernels.horizontal16(middle, h.starts().data(), h.weights(0), h.stride(),
                         h.count(), out_->WideRow(y));
    return;
  }
  kernels.vertical8(rows_.data(), vertical_->weights(y), even, width, middle);
  kernels.horizontal8(middle, h.starts().data(), h.weights(0), h.stride(),
                      h.count(), out_->Row(y));
}

PlaneFlow::Level& PlaneFlow::LevelAt(int number) {
  while (levels_.size() <= static_cast<std::size_t>(number)) {
    Level level;
    level.width = levels_.empty() ? shape_.width : HalfUp(levels_.back().width);
    level.height =
        levels_.empty() ? shape_.height : HalfUp(levels_.back().height);
    const int depth = static_cast<int>(levels_.size());
    level.last_across =
        LastShare(level.width, std::ldexp(shape_.extent_x, -depth));
    level.last_down =
        LastShare(level.height, std::ldexp(shape_.extent_y, -depth));
    levels_.push_back(std::move(level));
  }
  return levels_[static_cast<std::size_t>(number)];
}

void PlaneFlow::AddOutput(const Axis& x, const Axis& y, WeightCache* tables,
                          Plane* out) {
  const int number = PyramidLevel(x.filter, x.step, y.step);
  Level& level = LevelAt(number);
  level.outputs.emplace_back(tables->Get(AtLevel(x, level.width, number)),
                             tables->Get(AtLevel(y, level.height, number)),
                             wide_, out);
}

void PlaneFlow::Start(std::uint32_t band_rows, std::size_t row_bytes) {
  std::size_t overhang = 0;
  LevelAt(0);
  for (Level& level : levels_) {
    std::uint32_t window = 2;  // halving needs two rows
    for (const Resampler& output : level.outputs) {
      window = std::max(window, output.window());
      overhang = std::max(overhang, output.overhang());
    }
    const std::size_t samples = std::size_t{level.width} * (wide_ ? 2 : 1);
    const std::uint32_t rows =
        (window + 2 * band_rows - 1) / band_rows * band_rows;
    // RepeatLast() may write one sample (2 bytes) past the row's end. The rows
    // are rounded up to whole bands (see RowSource::ReadBand()).
    level.ring = RowRing(rows, std::max(samples + 2, row_bytes), samples);
    band_rows = HalfUp(band_rows) + 1;
    row_bytes = 0;
  }
  const std::size_t middle_bytes =
      (levels_[0].width + overhang) * sizeof(std::int16_t);
  middle_ = SampleBuffer(middle_bytes);
  // The kernels read past the row's end and multiply it by weights of 0. Clear
  // it, so that a memory checker does not report undefined values.
  std::memset(middle_.data(), 0, middle_.bytes());
}

// Corrects the means of `row` if the last column or the last row of `from`
// covers less of the picture than the one before it.
void PlaneFlow::WeighLast(const Level& from, const Level& to,
                          const std::uint8_t* upper, const std::uint8_t* lower,
                          std::uint8_t* row) const {
  const std::int64_t down =
      to.ring.end() + 1 == to.height ? from.last_down : kHalf;
  if (down == kHalf && from.last_across == kHalf) return;
  const std::uint32_t first = down == kHalf ? to.width - 1 : 0;
  if (wide_) {
    MixRest<std::int16_t>(upper, lower, first, to.width, from.last_across, down,
                          row);
  } else {
    MixRest<std::uint8_t>(upper, lower, first, to.width, from.last_across, down,
                          row);
  }
}

void PlaneFlow::HalveRows(Level& from, Level& to) {
  const bool all = from.ring.end() == from.height;
  while (to.ring.end() < to.height) {
    const std::uint32_t y = to.ring.end();
    if (2 * y + 1 >= from.ring.end() && !all) return;
    std::uint8_t* upper = from.ring.Row(2 * y);
    std::uint8_t* lower = from.ring.Row(std::min(2 * y + 1, from.height - 1));
    RepeatLast(upper, from.width, wide_);
    RepeatLast(lower, from.width, wide_);
    std::uint8_t* out = to.ring.Row(y);
    if (wide_) {
      kernels_.halve16(reinterpret_cast<std::int16_t*>(upper),
                       reinterpret_cast<std::int16_t*>(lower), to.width,
                       reinterpret_cast<std::int16_t*>(out));
    } else {
      kernels_.halve8(upper, lower, to.width, out);
    }
    WeighLast(from, to, upper, lower, out);
    to.ring.Append(1);
  }
}

void PlaneFlow::Advance() {
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    if (i > 0) HalveRows(levels_[i - 1], levels_[i]);
    Level& level = levels_[i];
    for (Resampler& output : level.outputs)
      output.Advance(level.ring, level.width, kernels_,
                     reinterpret_cast<std::int16_t*>(middle_.data()));
  }
}

}  // namespace thumbmill
