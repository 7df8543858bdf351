#include "coordinator/stats/forecast.h"

#include <algorithm>
#include <cmath>

namespace thumbmill {
namespace {

// The fixed cost of an image (a task, its files, a request), expressed as
// pixels and as bytes. It dominates for icons.
constexpr double kImagePixels = 50'000;
constexpr double kImageBytes = 16 << 10;
// The first guess of a format's pixels per byte. It weighs as much as this many
// bytes of finished images.
constexpr double kGuessPixelsPerByte = 4;
constexpr double kGuessBytes = 64 << 10;
// After this time a second counts 1/e as much as a new one.
constexpr double kMemorySeconds = 60;
// No estimate before this time: the first rates are mostly start-up.
constexpr double kFirstSeconds = 2;

}  // namespace

void Forecast::Listed(ImageFormat named, std::uint64_t bytes,
                      bool was_recorded) {
  ++listed_;
  recalled_ += was_recorded ? 1 : 0;
  again_ += was_recorded ? 1 : 0;
  for (Tally* tally : {&formats_[IndexOf(named)], &all_}) {
    ++tally->open;
    tally->open_sized += bytes > 0 ? 1 : 0;
    tally->open_bytes += static_cast<double>(bytes);
  }
}

void Forecast::Passed(bool was_recorded) {
  ++listed_;
  recalled_ += was_recorded ? 1 : 0;
}

void Forecast::Ended(ImageFormat named, std::uint64_t listed_bytes,
                     std::uint64_t bytes, std::uint64_t pixels) {
  for (Tally* tally : {&formats_[IndexOf(named)], &all_}) {
    --tally->open;
    tally->open_sized -= listed_bytes > 0 ? 1 : 0;
    tally->open_bytes -= static_cast<double>(listed_bytes);
    ++tally->ended;
    tally->ended_bytes += static_cast<double>(bytes);
    tally->ended_pixels += static_cast<double>(pixels);
  }
  done_.pixels += static_cast<double>(pixels) + kImagePixels;
  done_.bytes += static_cast<double>(bytes) + kImageBytes;
}

void Forecast::Sample(TimePoint now, double busy) {
  if (last_ == TimePoint{}) {
    last_ = now;
    return;
  }
  const double seconds = std::chrono::duration<double>(now - last_).count();
  if (seconds <= 0) return;
  last_ = now;
  // Work and time decay alike, so that their quotient is a weighted mean rate
  // from the first sample on.
  const double keep = std::exp(-seconds / kMemorySeconds);
  rate_work_.pixels = rate_work_.pixels * keep + done_.pixels - sampled_.pixels;
  rate_work_.bytes = rate_work_.bytes * keep + done_.bytes - sampled_.bytes;
  rate_seconds_ = rate_seconds_ * keep + seconds;
  rate_busy_ = rate_busy_ * keep + busy * seconds;
  sampled_ = done_;
}

double Forecast::PixelsPerByte(const Tally& tally) const {
  return (tally.ended_pixels + kGuessPixelsPerByte * kGuessBytes) /
         (tally.ended_bytes + kGuessBytes);
}

// Uses the mean of all formats until an image of this format has ended.
double Forecast::BytesPerImage(const Tally& tally) const {
  const Tally& known = tally.ended > 0 ? tally : all_;
  return known.ended > 0 ? known.ended_bytes / known.ended : 0;
}

Forecast::Work Forecast::OpenWork() const {
  Work work;
  for (const Tally& tally : formats_) {
    const double bytes = tally.open_bytes +
                         (tally.open - tally.open_sized) * BytesPerImage(tally);
    work.pixels += bytes * PixelsPerByte(tally) + tally.open * kImagePixels;
    work.bytes += bytes + tally.open * kImageBytes;
  }
  return work;
}

double Forecast::Unlisted(const ListState& list) const {
  if (list.ended || !list.progress) return 0;
  const double read = std::clamp(*list.progress, 1e-9, 1.0);
  const double unlisted = listed_ * (1 / read - 1);
  // The recorded images that have not been listed yet are among the unlisted
  // ones. Assume that the same share of them needs work again as so far.
  const double recorded = std::clamp(recorded_ - recalled_, 0.0, unlisted);
  const double again = recalled_ > 0 ? again_ / recalled_ : 0;
  return unlisted - recorded * (1 - again);
}

std::optional<Forecast::Left> Forecast::ImagesLeft(
    const ListState& list) const {
  const auto open = static_cast<std::uint64_t>(all_.open);
  if (list.ended) return Left{open, true};
  if (!list.progress || listed_ == 0) return std::nullopt;
  return Left{open + static_cast<std::uint64_t>(Unlisted(list)), false};
}

std::optional<Millis> Forecast::TimeLeft(const ListState& list) const {
  if (!ImagesLeft(list) || rate_seconds_ < kFirstSeconds) return std::nullopt;
  if (all_.ended == 0 || rate_work_.bytes <= 0) return std::nullopt;
  Work left = OpenWork();
  // Assume that unlisted images are like the listed ones.
  const double alike = Unlisted(list) / (all_.open + all_.ended);
  left.pixels += alike * (left.pixels + done_.pixels);
  left.bytes += alike * (left.bytes + done_.bytes);
  const double by_pixels = left.pixels * rate_seconds_ / rate_work_.pixels;
  const double by_bytes = left.bytes * rate_seconds_ / rate_work_.bytes;
  // Decoding limits the run if the workers are busy nearly all the time, the
  // network if they are idle half of it; blend between the two.
  const double busy = rate_busy_ / rate_seconds_;
  const double weight = std::clamp((busy - 0.5) / 0.4, 0.0, 1.0);
  const double seconds = by_pixels * weight + by_bytes * (1 - weight);
  constexpr double kLongest = 1e9;
  return Millis(static_cast<std::int64_t>(std::min(seconds, kLongest) * 1000));
}

}  // namespace thumbmill
