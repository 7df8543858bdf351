// coordinator/stats/forecast.h: how long the rest of a run will take, from
// pixels and bytes rather than from counts.
//
// The problem: a list may hold a million icons first and photographs of 50
// megapixels after them; counts would promise a minute while an hour is left.
//
// The idea: estimate the pixels and bytes that are left, and divide them by
// the recent rate. A listed file has a known size. Its pixels follow from the
// pixels per byte of the finished images of its format. A URL counts as an
// average finished image of its format. The unread part of the list counts as
// more of the same. Each image also has a fixed cost. The rate counts pixels
// while the workers are busy, and bytes while they wait for downloads.
//
// Cost     a few additions an image.
// Runs in  the loop's thread.
// Pure     no clock of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/clock.h"
#include "proto/image_format.h"

namespace thumbmill {

// How far the list has been read.
struct ListState {
  bool ended = false;
  std::optional<double> progress;  // 0 to 1; empty if unknown
};

class Forecast {
 public:
  // `recorded` is the number of images that earlier runs have recorded. Most of
  // them need no work when the list names them.
  explicit Forecast(std::uint64_t recorded)
      : recorded_(static_cast<double>(recorded)) {}

  // Counts a listed image that needs work. Pass 0 `bytes` if the size is not
  // known.
  void Listed(ImageFormat named, std::uint64_t bytes, bool was_recorded);
  // Counts a listed image that needs no work.
  void Passed(bool was_recorded);
  // Counts the end of an image that Listed() has counted.
  void Ended(ImageFormat named, std::uint64_t listed_bytes, std::uint64_t bytes,
             std::uint64_t pixels);

  // Updates the rate. Call a few times a second at most. `busy` is the share of
  // workers that have a task, 0 to 1.
  void Sample(TimePoint now, double busy);

  // Images that are not final yet; an estimate unless `exact`.
  struct Left {
    std::uint64_t images = 0;
    bool exact = false;
  };
  // Returns empty if the list's length is unknown.
  [[nodiscard]] std::optional<Left> ImagesLeft(const ListState& list) const;
  // Returns empty if it is too early, or if the list's length is unknown.
  [[nodiscard]] std::optional<Millis> TimeLeft(const ListState& list) const;

 private:
  struct Tally {
    // Images that are not final; those with a known size; bytes of these.
    double open = 0, open_sized = 0, open_bytes = 0;
    // Images that are final, their bytes and pixels.
    double ended = 0, ended_bytes = 0, ended_pixels = 0;
  };
  struct Work {
    double pixels = 0, bytes = 0;
  };
  [[nodiscard]] double PixelsPerByte(const Tally& tally) const;
  [[nodiscard]] double BytesPerImage(const Tally& tally) const;
  [[nodiscard]] Work OpenWork() const;
  // Returns how many images that need work are probably not listed yet.
  [[nodiscard]] double Unlisted(const ListState& list) const;

  std::array<Tally, kImageFormats> formats_{};
  Tally all_;
  double listed_ = 0;
  double recorded_;
  // Recorded images that were listed, and those of them that need work again.
  double recalled_ = 0, again_ = 0;
  Work done_, sampled_;
  TimePoint last_{};
  // Recent work and time; older seconds count less and less.
  Work rate_work_;
  double rate_seconds_ = 0, rate_busy_ = 0;
};

}  // namespace thumbmill
