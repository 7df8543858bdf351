// Links: tm_exec tm_common
#include "coordinator/exec/collect.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace thumbmill {
namespace {

class CollectTest : public testing::Test {
 protected:
  CollectTest() {
    task_.size_mask = 0b101;
    task_.output_capacity = range_.size();
    for (std::size_t i = 0; i < range_.size(); ++i)
      range_[i] = static_cast<std::uint8_t>(i);
    outcome_.output_format = ImageFormat::kJpeg;
    outcome_.thumbnails = {{0, 4, 3, {0, 10}}, {2, 2, 1, {10, 90}}};
  }
  auto Run() { return Collect(task_, range_, &outcome_); }
  void ExpectRefused(const char* what) {
    const auto result = Run();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kBadData);
    EXPECT_NE(result.error().what.find(what), std::string::npos)
        << result.error().what;
  }

  Task task_;
  std::array<std::uint8_t, 100> range_;
  Outcome outcome_;
};

TEST_F(CollectTest, CopiesEachThumbnail) {
  const auto copies = Run();
  ASSERT_TRUE(copies.has_value());
  ASSERT_EQ(copies->size(), 2u);
  EXPECT_EQ((*copies)[0].size(), 10u);
  EXPECT_EQ((*copies)[1].front(), 10u);
  EXPECT_EQ((*copies)[1].back(), 99u);
}

TEST_F(CollectTest, WhatChangesAfterwardsDoesNotChangeTheCopy) {
  const auto copies = Run();
  range_[0] = 77;
  EXPECT_EQ((*copies)[0][0], 0);
}

TEST_F(CollectTest, RefusesLengthsBeyondTheRange) {
  outcome_.thumbnails[1].bytes.length = 91;
  ExpectRefused("outside");
}

TEST_F(CollectTest, RefusesNumbersThatWrapAround) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  outcome_.thumbnails[1].bytes = {kMost - 5, 10};
  ExpectRefused("outside");
  outcome_.thumbnails[1].bytes = {10, kMost};
  ExpectRefused("outside");
}

TEST_F(CollectTest, RefusesAnEmptyThumbnail) {
  outcome_.thumbnails[0].bytes.length = 0;
  ExpectRefused("outside");
}

TEST_F(CollectTest, RefusesSizesThatWereNotRequested) {
  outcome_.thumbnails[1].size_index = 1;
  ExpectRefused("not requested");
  outcome_.thumbnails[1].size_index = 200;
  ExpectRefused("not requested");
}

TEST_F(CollectTest, RefusesTheSameSizeTwice) {
  outcome_.thumbnails[1].size_index = 0;
  ExpectRefused("not requested");
}

TEST_F(CollectTest, RefusesBytesThatTwoThumbnailsShare) {
  outcome_.thumbnails[1].bytes.offset = outcome_.thumbnails[0].bytes.offset +
                                        outcome_.thumbnails[0].bytes.length - 1;
  ExpectRefused("share bytes");
  outcome_.thumbnails[1].bytes = outcome_.thumbnails[0].bytes;
  ExpectRefused("share bytes");
}

TEST(BoundTimes, BelievesNoMoreThanHasPassed) {
  StageTimes times{Micros(5), Micros(1LL << 62), Micros(7)};
  BoundTimes(Micros(100), &times);
  EXPECT_EQ(times.decode, Micros(5));
  EXPECT_EQ(times.resize, Micros(95));
  EXPECT_EQ(times.encode, Micros(0));
  times = {Micros(-1), Micros(3), Micros(4)};
  BoundTimes(Micros(100), &times);
  EXPECT_EQ(times.decode, Micros(0));
  EXPECT_EQ(times.encode, Micros(4));
}

TEST_F(CollectTest, RefusesAThumbnailOfAFormatThatIsNotWritten) {
  outcome_.thumbnails[1].format = ImageFormat::kPng;
  EXPECT_TRUE(Run().has_value());
  outcome_.thumbnails[1].format = ImageFormat::kAvif;
  ExpectRefused("cannot be written");
}

TEST_F(CollectTest, RefusesReasonsThatAreNotOfTheImage) {
  for (const Reason reason : {Reason::kDuplicate, Reason::kFiltered,
                              Reason::kDns, Reason::kCrash, Reason::kUpload}) {
    outcome_.reason = reason;
    ExpectRefused("no worker may give");
  }
}

TEST_F(CollectTest, RefusesToMissASize) {
  outcome_.thumbnails.pop_back();
  ExpectRefused("too few");
}

TEST_F(CollectTest, RefusesAThumbnailWithoutPixels) {
  outcome_.thumbnails[0].width = 0;
  ExpectRefused("without pixels");
}

TEST_F(CollectTest, RefusesAFormatThatCannotBeWritten) {
  outcome_.output_format = ImageFormat::kGif;
  ExpectRefused("format");
}

TEST_F(CollectTest, TakesNothingFromAFailedOutcome) {
  outcome_.reason = Reason::kCorrupt;
  outcome_.thumbnails[0].bytes.length = 1000;
  const auto copies = Run();
  ASSERT_TRUE(copies.has_value());
  EXPECT_TRUE(copies->empty());
  EXPECT_TRUE(outcome_.thumbnails.empty());
}

TEST_F(CollectTest, TakesNothingFromAnOutcomeThatNeedsSpace) {
  outcome_.needs_output_bytes = 1000;
  EXPECT_TRUE(Run()->empty());
}

}  // namespace
}  // namespace thumbmill
