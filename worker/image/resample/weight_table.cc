#include "worker/image/resample/weight_table.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "worker/image/resample/filter.h"

namespace thumbmill {
namespace {

constexpr int kOne = 1 << kWeightBits;
// Weights that the horizontal kernel reads at a time.
constexpr std::size_t kGroup = 8;

struct Window {
  std::uint32_t start = 0;
  std::vector<std::int16_t> weights;
};

double CentreOf(const Axis& axis, std::uint32_t i) {
  const double centre = axis.origin + (i + 0.5) * axis.step;
  return axis.mirrored ? axis.extent - centre : centre;
}

std::uint32_t Clamp(double at, std::uint32_t samples) {
  return static_cast<std::uint32_t>(
      std::clamp(std::floor(at), 0.0, samples - 1.0));
}

Window Nearest(double centre, std::uint32_t samples) {
  return {Clamp(centre, samples), {kOne}};
}

// Makes the weights add up to kOne. The error of the rounding goes to the
// largest weight, where it is invisible.
void AddUpToOne(std::vector<std::int16_t>* weights) {
  int sum = 0;
  for (const std::int16_t weight : *weights) sum += weight;
  auto largest = std::max_element(weights->begin(), weights->end());
  *largest = static_cast<std::int16_t>(*largest + kOne - sum);
}

void TrimZeros(Window* window) {
  auto& weights = window->weights;
  while (weights.size() > 1 && weights.back() == 0) weights.pop_back();
  const auto first = std::find_if(weights.begin(), weights.end() - 1,
                                  [](std::int16_t w) { return w != 0; });
  window->start += static_cast<std::uint32_t>(first - weights.begin());
  weights.erase(weights.begin(), first);
}

// Weights before they are rounded.
struct Exact {
  std::uint32_t start = 0;
  std::vector<double> weights;
};

// Weight of a sample, and its centre measured from its beginning.
struct Share {
  double weight = 1;
  double middle = 0.5;
};

// Returns the share of a partial last sample. When the picture shrinks, results
// are means of areas, so the sample counts by its area. When it is enlarged,
// results are interpolated between points, so the sample counts in full.
// Between factors 1 and 2 the two are blended.
Share LastShare(std::uint32_t samples, double extent, double step) {
  const double area = std::clamp(step - 1, 0.0, 1.0);
  const double covered = 1 - area * (1 - LastCoverage(samples, extent));
  return {covered, covered / 2};
}

// Returns the weights of the samples inside the plane, scaled to add up to 1.
// Samples outside do not exist. Returns empty if no sample inside has weight.
Exact Weigh(const Axis& axis, std::uint32_t samples, double centre, double step,
            Share last_share) {
  const double scale = std::max(step, 1.0);
  const double radius = FilterRadius(axis.filter) * scale;
  Exact exact{Clamp(centre - radius, samples), {}};
  const std::uint32_t last = Clamp(centre + radius, samples);
  exact.weights.reserve(std::size_t{last} - exact.start + 1);
  double sum = 0;
  for (std::uint32_t at = exact.start; at <= last; ++at) {
    const Share share = at + 1 == samples ? last_share : Share();
    exact.weights.push_back(
        share.weight *
        FilterValue(axis.filter, (at + share.middle - centre) / scale));
    sum += exact.weights.back();
  }
  // This happens if the centre is outside the plane, or if a box lies between
  // two samples.
  if (!(sum > 1e-3)) return {};
  for (double& weight : exact.weights) weight /= sum;
  return exact;
}

// Passes the weights of a full plane on to the stored plane of half the size. A
// fine sample is 3/4 of the stored sample that contains it and 1/4 of the
// stored sample on its other side. At the ends both are the same sample.
Exact Fold(const Exact& fine, std::uint32_t samples) {
  const std::uint32_t last = samples - 1;
  const std::uint32_t begin = std::min(fine.start / 2, last);
  Exact coarse{begin > 0 ? begin - 1 : 0, {}};
  coarse.weights.resize(fine.weights.size() / 2 + 4);
  for (std::size_t i = 0; i < fine.weights.size(); ++i) {
    const auto at = fine.start + static_cast<std::uint32_t>(i);
    const std::uint32_t near = std::min(at / 2, last);
    const std::uint32_t other = at % 2 == 1 ? std::min(near + 1, last)
                                : near > 0  ? near - 1
                                            : 0;
    coarse.weights[near - coarse.start] += 0.75 * fine.weights[i];
    coarse.weights[other - coarse.start] += 0.25 * fine.weights[i];
  }
  while (coarse.weights.size() > samples - coarse.start)
    coarse.weights.pop_back();  // no weight was added to it
  return coarse;
}

Exact WeighFine(const Axis& axis, double centre) {
  const double step = 2 * axis.step;
  return Weigh(axis, axis.fine_samples, 2 * centre, step,
               LastShare(axis.fine_samples, 2 * axis.extent, step));
}

Window WindowAt(const Axis& axis, double centre) {
  const Exact exact =
      axis.fine_samples == 0
          ? Weigh(axis, axis.samples, centre, axis.step,
                  LastShare(axis.samples, axis.extent, axis.step))
          : WeighFine(axis, centre);
  if (exact.weights.empty()) return Nearest(centre, axis.samples);
  const Exact own = axis.fine_samples == 0 ? exact : Fold(exact, axis.samples);
  Window window;
  window.start = own.start;
  window.weights.reserve(own.weights.size());
  for (const double weight : own.weights)
    window.weights.push_back(
        static_cast<std::int16_t>(std::lround(weight * kOne)));
  AddUpToOne(&window.weights);
  TrimZeros(&window);
  return window;
}

}  // namespace

double LastCoverage(std::uint32_t samples, double extent) {
  return std::clamp(extent - (samples - 1.0), 0.0, 1.0);
}

WeightTable::WeightTable(const Axis& axis) : mirrored_(axis.mirrored) {
  CHECK(axis.samples > 0 && axis.step > 0);
  std::vector<Window> windows;
  windows.reserve(axis.count);
  for (std::uint32_t i = 0; i < axis.count; ++i) {
    const double centre = CentreOf(axis, i);
    windows.push_back(axis.filter == FilterKind::kNearest
                          ? Nearest(centre, axis.samples)
                          : WindowAt(axis, centre));
    const auto taps = static_cast<std::uint32_t>(windows[i].weights.size());
    starts_.push_back(windows[i].start);
    taps_.push_back(taps);
    max_taps_ = std::max(max_taps_, taps);
  }
  stride_ = (max_taps_ + kGroup - 1) / kGroup * kGroup;
  weights_.resize(stride_ * axis.count);
  for (std::uint32_t i = 0; i < axis.count; ++i)
    std::copy(windows[i].weights.begin(), windows[i].weights.end(),
              weights_.begin() + static_cast<std::ptrdiff_t>(i * stride_));
}

std::uint32_t MaxTaps(FilterKind filter, double step) {
  const double taps =
      std::ceil(2 * FilterRadius(filter) * std::max(step, 1.0)) + 2;
  return static_cast<std::uint32_t>(std::min(taps, 4e9));
}

std::shared_ptr<const WeightTable> WeightCache::Get(const Axis& axis) {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(),
                   [&axis](const Entry& e) { return e.axis == axis; });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return found->table;
  }
  entries_.push_front({axis, std::make_shared<const WeightTable>(axis)});
  bytes_ += entries_.front().table->bytes();
  Trim();
  return entries_.front().table;
}

void WeightCache::Trim() {
  while (entries_.size() > 1 &&
         (entries_.size() > kMaxTables || bytes_ > kMaxBytes)) {
    bytes_ -= entries_.back().table->bytes();
    entries_.pop_back();
  }
}

}  // namespace thumbmill
