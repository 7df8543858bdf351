// Links: tm_engine
#include "coordinator/stats/forecast.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

constexpr ImageFormat kJpeg = ImageFormat::kJpeg;
constexpr ListState kRead{true, {}};

// A run on a machine whose images take a fixed time.
class ForecastTest : public testing::Test {
 protected:
  void End(int images, std::uint64_t listed, std::uint64_t bytes,
           std::uint64_t pixels, Millis each, double busy) {
    for (int i = 0; i < images; ++i) {
      forecast_.Ended(kJpeg, listed, bytes, pixels);
      clock_.Advance(each);
      forecast_.Sample(clock_.Now(), busy);
    }
  }
  void SetUp() override {
    clock_.Advance(Millis(1000));
    forecast_.Sample(clock_.Now(), 0);
  }
  double SecondsLeft(const ListState& list) const {
    const auto left = forecast_.TimeLeft(list);
    return left ? static_cast<double>(left->count()) / 1000 : -1;
  }

  ManualClock clock_;
  Forecast forecast_{0};
};

TEST_F(ForecastTest, SaysNothingBeforeAnythingHasEnded) {
  forecast_.Listed(kJpeg, 1000, false);
  clock_.Advance(Millis(60'000));
  forecast_.Sample(clock_.Now(), 1);
  EXPECT_FALSE(forecast_.TimeLeft(kRead).has_value());
  EXPECT_EQ(forecast_.ImagesLeft(kRead)->images, 1u);
}

TEST_F(ForecastTest, EqualImagesTakeEqualTimes) {
  for (int i = 0; i < 200; ++i) forecast_.Listed(kJpeg, 1 << 20, false);
  End(100, 1 << 20, 1 << 20, 4'000'000, Millis(100), 1);
  EXPECT_NEAR(SecondsLeft(kRead), 10, 1);
}

TEST_F(ForecastTest, LargeImagesThatFollowSmallOnesAreNotTakenForSmall) {
  // 100 images of 0.4 megapixels took 100 s; 100 of 4 megapixels follow.
  for (int i = 0; i < 100; ++i) forecast_.Listed(kJpeg, 100 << 10, false);
  for (int i = 0; i < 100; ++i) forecast_.Listed(kJpeg, 1000 << 10, false);
  End(100, 100 << 10, 100 << 10, 400'000, Millis(1000), 1);
  const double seconds = SecondsLeft(kRead);
  EXPECT_GT(seconds, 700);  // counting images would give 100
  EXPECT_LT(seconds, 1100);
}

TEST_F(ForecastTest, IconsCostMoreThanTheirPixels) {
  // The remaining images have a thousandth of the pixels, but take more than a
  // thousandth of the time.
  for (int i = 0; i < 100; ++i) forecast_.Listed(kJpeg, 1 << 20, false);
  for (int i = 0; i < 1000; ++i) forecast_.Listed(kJpeg, 1 << 10, false);
  End(100, 1 << 20, 1 << 20, 4'000'000, Millis(100), 1);
  EXPECT_GT(SecondsLeft(kRead), 1);
  EXPECT_LT(SecondsLeft(kRead), 4);
}

TEST_F(ForecastTest, WorkersThatWaitLetBytesDecide) {
  // The remaining images have as many bytes as the finished ones, but ten times
  // the pixels per byte (PNG drawings after photographs).
  for (int i = 0; i < 100; ++i) forecast_.Listed(kJpeg, 1 << 20, false);
  End(100, 1 << 20, 1 << 20, 1'000'000, Millis(100), 0);
  const ImageFormat png = ImageFormat::kPng;
  for (int i = 0; i < 100; ++i) forecast_.Listed(png, 1 << 20, false);
  EXPECT_NEAR(SecondsLeft(kRead), 10, 1);
}

TEST_F(ForecastTest, UrlsAreTakenForWhatEndedSoFar) {
  for (int i = 0; i < 300; ++i) forecast_.Listed(kJpeg, 0, false);
  End(100, 0, 1 << 20, 4'000'000, Millis(100), 0);
  EXPECT_NEAR(SecondsLeft(kRead), 20, 2);
}

TEST_F(ForecastTest, WhatIsNotListedYetIsLikeWhatIs) {
  for (int i = 0; i < 200; ++i) forecast_.Listed(kJpeg, 1 << 20, false);
  End(100, 1 << 20, 1 << 20, 4'000'000, Millis(100), 1);
  const ListState quarter{false, 0.25};
  EXPECT_EQ(forecast_.ImagesLeft(quarter)->images, 700u);
  EXPECT_FALSE(forecast_.ImagesLeft(quarter)->exact);
  EXPECT_NEAR(SecondsLeft(quarter), 70, 7);
}

TEST_F(ForecastTest, OfAPipeNoEndIsKnown) {
  for (int i = 0; i < 200; ++i) forecast_.Listed(kJpeg, 1 << 20, false);
  End(100, 1 << 20, 1 << 20, 4'000'000, Millis(100), 1);
  const ListState pipe{false, {}};
  EXPECT_FALSE(forecast_.ImagesLeft(pipe).has_value());
  EXPECT_FALSE(forecast_.TimeLeft(pipe).has_value());
}

TEST_F(ForecastTest, TheRateIsThatOfLate) {
  for (int i = 0; i < 4000; ++i) forecast_.Listed(kJpeg, 1 << 20, false);
  End(1000, 1 << 20, 1 << 20, 4'000'000, Millis(10), 1);
  End(1000, 1 << 20, 1 << 20, 4'000'000, Millis(1000), 1);
  EXPECT_NEAR(SecondsLeft(kRead), 2000, 200);  // over the whole run: 1010
}

TEST(Forecast, OfAResumedListTheRecordedOnesNeedNothing) {
  Forecast forecast(500);
  for (int i = 0; i < 100; ++i) forecast.Passed(true);
  // 400 of the 900 images that follow are recorded too.
  EXPECT_EQ(forecast.ImagesLeft({false, 0.1})->images, 500u);
}

TEST(Forecast, RecordedOnesThatAreMadeAgainCount) {
  Forecast forecast(500);
  for (int i = 0; i < 100; ++i) forecast.Listed(kJpeg, 1000, true);
  EXPECT_EQ(forecast.ImagesLeft({false, 0.1})->images, 1000u);
}

TEST(Forecast, CountsTheLastFormatToo) {
  Forecast forecast(0);
  forecast.Listed(ImageFormat::kLast, 100, false);
  EXPECT_EQ(forecast.ImagesLeft({true, 1.0})->images, 1u);
  forecast.Ended(ImageFormat::kLast, 100, 100, 100);
  EXPECT_EQ(forecast.ImagesLeft({true, 1.0})->images, 0u);
}

}  // namespace
}  // namespace thumbmill
