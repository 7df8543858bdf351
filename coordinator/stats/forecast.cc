#include "coordinator/stats/forecast.h"

#include <algorithm>
#include <cmath>

namespace thumbmill {
namespace {

// What an image costs beside its own pixels and bytes, expressed in them: a
// task and its files, a request. Icons run at the rate that these allow.
constexpr double kImagePixels = 50'000;
constexpr double kImageBytes = 16 << 10;
// What a format's pixels per byte are taken for before any was seen, and for
// how many bytes of evidence that counts.
constexpr double kGuessPixelsPerByte = 4;
constexpr double kGuessBytes = 64 << 10;
// After this long a second counts for 1/e of what it did.
constexpr double kMemorySeconds = 60;
constexpr double kFirstSeconds = 2;

std::size_t IndexOf(ImageFormat format) {
  return static_cast<std::size_t>(format);
}

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
  // What is not listed is like what is.
  const double alike = Unlisted(list) / (all_.open + all_.ended);
  left.pixels += alike * (left.pixels + done_.pixels);
  left.bytes += alike * (left.bytes + done_.bytes);
  const double by_pixels = left.pixels * rate_seconds_ / rate_work_.pixels;
  const double by_bytes = left.bytes * rate_seconds_ / rate_work_.bytes;
  const double busy = rate_busy_ / rate_seconds_;
  const double weight = std::clamp((busy - 0.5) / 0.4, 0.0, 1.0);
  const double seconds = by_pixels * weight + by_bytes * (1 - weight);
  constexpr double kLongest = 1e9;
  return Millis(static_cast<std::int64_t>(std::min(seconds, kLongest) * 1000));
}

}  // namespace thumbmill
