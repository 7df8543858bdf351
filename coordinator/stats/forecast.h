// coordinator/stats/forecast.h: how long the rest of a run will take, from
// pixels and bytes rather than from counts.
//
// The problem: a list may hold a million icons first and photographs of 50
// megapixels after them; counts would promise a minute where an hour is left.
//
// The idea: what is left is known as far as it is known. Of listed files the
// size is; of their pixels, how many a byte of that format has held so far; of
// URLs, what those that ended were like; of what is not listed yet, how much
// of the list was read. Each image also costs what a small one costs. All of
// that is divided by the rate of late, of pixels as far as the workers are
// busy and of bytes as far as they wait.
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
#include "proto/recipe.h"

namespace thumbmill {

// How far the list was read.
struct ListState {
  bool ended = false;
  std::optional<double> progress;  // 0 to 1; empty: no telling
};

class Forecast {
 public:
  // `recorded`: images that the state knew before this run. Which of the
  // unlisted ones they are is not known, but that there are so many.
  explicit Forecast(std::uint64_t recorded)
      : recorded_(static_cast<double>(recorded)) {}

  // An image that was listed and has to be made. `bytes` 0: not known.
  void Listed(ImageFormat named, std::uint64_t bytes, bool was_recorded);
  // One that was listed and needs nothing.
  void Passed(bool was_recorded);
  // One of those that were Listed() became final.
  void Ended(ImageFormat named, std::uint64_t listed_bytes, std::uint64_t bytes,
             std::uint64_t pixels);

  // At most some times a second; `busy` is the share of workers that have
  // something to do.
  void Sample(TimePoint now, double busy);

  // Images not final yet; with `exact` false an estimate. Empty: the list's
  // length cannot be told.
  struct Left {
    std::uint64_t images = 0;
    bool exact = false;
  };
  [[nodiscard]] std::optional<Left> ImagesLeft(const ListState& list) const;
  // Empty: too early, or the list's length cannot be told.
  [[nodiscard]] std::optional<Millis> TimeLeft(const ListState& list) const;

 private:
  static constexpr std::size_t kFormats = 6;
  struct Tally {
    // Not final.
    double open = 0, open_sized = 0, open_bytes = 0;
    // Final.
    double ended = 0, ended_bytes = 0, ended_pixels = 0;
  };
  struct Work {
    double pixels = 0, bytes = 0;
  };
  [[nodiscard]] double PixelsPerByte(const Tally& tally) const;
  [[nodiscard]] double BytesPerImage(const Tally& tally) const;
  [[nodiscard]] Work OpenWork() const;
  // To be made, not listed yet.
  [[nodiscard]] double Unlisted(const ListState& list) const;

  std::array<Tally, kFormats> formats_{};
  Tally all_;
  double listed_ = 0;
  double recorded_;
  // Of the recorded ones: those that were listed, and that are made again.
  double recalled_ = 0, again_ = 0;
  Work done_, sampled_;
  TimePoint last_{};
  // Of late: older seconds count less and less.
  Work rate_work_;
  double rate_seconds_ = 0, rate_busy_ = 0;
};

}  // namespace thumbmill
