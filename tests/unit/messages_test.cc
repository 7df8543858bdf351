// Links: tm_proto tm_common
#include "proto/messages.h"

#include <gtest/gtest.h>

#include <random>

namespace thumbmill {
namespace {

// Encodes and decodes; expects the same kind of message back.
template <typename T>
T Again(const T& message) {
  std::string frame;
  Encode(message, &frame);
  Result<Message> decoded = Decode(AsBytes(frame));
  EXPECT_TRUE(decoded.has_value());
  return std::get<T>(*decoded);
}

Recipe FullRecipe() {
  Recipe recipe;
  SizeSpec size;
  size.width = 200;
  size.height = 100;
  size.fit = Fit::kCover;
  size.enlarge = Enlarge::kOnlyShrink;
  size.label = "200x100";
  size.text = "200x100^";
  recipe.sizes = {size, SizeSpec()};
  recipe.enlarge = true;
  recipe.format = ImageFormat::kPng;
  recipe.jpeg_quality = 91;
  recipe.filter = FilterKind::kNearest;
  recipe.background = {1, 2, 3};
  recipe.rotate = false;
  recipe.linear = true;
  recipe.keep = {true, false, true};
  recipe.fail_on = FailOn::kWarning;
  recipe.limits = {1, 2, 3, 4};
  return recipe;
}

TaskResult FullResult() {
  TaskResult result;
  result.id = 77;
  Outcome& outcome = result.outcome;
  outcome.message = "fine";
  outcome.warnings = {"one", "two"};
  outcome.source_format = ImageFormat::kJpeg;
  outcome.source_width = 4000;
  outcome.source_height = 3000;
  outcome.output_format = ImageFormat::kPng;
  outcome.thumbnails = {{3, 20, 10, {5, 6}},
                        {4, 30, 10, {11, 6}, ImageFormat::kJpeg}};
  outcome.times = {Micros(1), Micros(2), Micros(3)};
  return result;
}

TEST(Messages, AWholeRecipeSurvivesTheWire) {
  Welcome welcome;
  welcome.worker = 5;
  welcome.recipe = FullRecipe();
  welcome.input_bytes = std::uint64_t{1} << 40;
  welcome.output_bytes = 4096;
  const Welcome again = Again(welcome);
  EXPECT_EQ(again.recipe, welcome.recipe);
  EXPECT_EQ(again.worker, 5u);
  EXPECT_EQ(again.input_bytes, welcome.input_bytes);
  EXPECT_EQ(again.output_bytes, welcome.output_bytes);
}

TEST(Messages, ATaskSurvivesTheWire) {
  TaskOrder order;
  order.task.id = 9;
  order.task.input = {123, 456};
  order.task.size_mask = ~std::uint64_t{0};
  order.task.peak_bytes = 789;
  order.task.output_capacity = 1000;
  order.task.time_limit = Millis(1234);
  order.output_offset = 77;
  const TaskOrder again = Again(order);
  EXPECT_EQ(again.task.id, 9u);
  EXPECT_EQ(again.task.input.offset, 123u);
  EXPECT_EQ(again.task.input.length, 456u);
  EXPECT_EQ(again.task.size_mask, ~std::uint64_t{0});
  EXPECT_EQ(again.task.peak_bytes, 789u);
  EXPECT_EQ(again.task.output_capacity, 1000u);
  EXPECT_EQ(again.task.time_limit, Millis(1234));
  EXPECT_EQ(again.output_offset, 77u);
}

TEST(Messages, AResultSurvivesTheWire) {
  const TaskResult again = Again(FullResult());
  EXPECT_EQ(again.id, 77u);
  EXPECT_TRUE(again.outcome.ok());
  EXPECT_EQ(again.outcome.message, "fine");
  EXPECT_EQ(again.outcome.warnings.size(), 2u);
  EXPECT_EQ(again.outcome.source_width, 4000u);
  EXPECT_EQ(again.outcome.output_format, ImageFormat::kPng);
  ASSERT_EQ(again.outcome.thumbnails.size(), 2u);
  EXPECT_EQ(again.outcome.thumbnails[0].bytes.length, 6u);
  EXPECT_EQ(again.outcome.FormatOf(again.outcome.thumbnails[0]),
            ImageFormat::kPng);
  EXPECT_EQ(again.outcome.FormatOf(again.outcome.thumbnails[1]),
            ImageFormat::kJpeg);
  EXPECT_EQ(again.outcome.times.encode, Micros(3));
}

TEST(Messages, AReasonTravelsAsItsWord) {
  TaskResult result;
  result.outcome.reason = Reason::kTooManyPixels;
  EXPECT_EQ(Again(result).outcome.reason, Reason::kTooManyPixels);
}

TEST(Messages, TextThatIsNotUtf8IsNotLost) {
  TaskResult result;
  result.outcome.reason = Reason::kCorrupt;
  result.outcome.message = "bad \xff\xfe bytes";
  EXPECT_EQ(Again(result).outcome.message, "bad \xff\xfe bytes");
}

TEST(Messages, LongTextsAreCutSoThatAMessageFits) {
  TaskResult result;
  result.outcome.message = std::string(1 << 20, 'x');
  result.outcome.warnings.assign(1000, std::string(10000, 'y'));
  result.outcome.thumbnails.resize(kMaxSizes);
  std::string frame;
  Encode(result, &frame);
  EXPECT_LE(frame.size(), kMaxMessageBytes);
  EXPECT_TRUE(Decode(AsBytes(frame)).has_value());
}

TEST(Messages, MessagesWithoutABodySurvive) {
  Again(Drain{});
  Again(Bye{});
  EXPECT_EQ(Again(Ready{42}).pid, 42u);
  EXPECT_EQ(Again(Heartbeat{43}).token, 43u);
}

TEST(Messages, AnotherVersionIsToldApartFromGarbage) {
  std::string frame;
  Encode(Ready{1}, &frame);
  frame[2] = 99;
  const auto decoded = Decode(AsBytes(frame));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, ErrorCode::kUsage);
  EXPECT_NE(decoded.error().what.find("99"), std::string::npos);
}

TEST(Messages, RefusesWhatIsNoMessage) {
  for (const std::string_view text : {"", "T", "TM\x01", "XM\x01\x01", "what?"})
    EXPECT_EQ(Decode(AsBytes(text)).error().code, ErrorCode::kBadData) << text;
}

TEST(Messages, RefusesUnknownKindsAndReasons) {
  EXPECT_FALSE(Decode(AsBytes("TM\x01\x63")).has_value());
  // A RESULT whose reason (field 2) is "zzz".
  EXPECT_FALSE(Decode(AsBytes("TM\x01\x04\x12\x03zzz")).has_value());
}

TEST(Messages, RefusesEnumeratorsThatDoNotExist) {
  // A RESULT whose source_format (field 6) is 99.
  EXPECT_FALSE(Decode(AsBytes("TM\x01\x04\x30\x63")).has_value());
}

TEST(Messages, NoChangedByteMakesDecodingFallOver) {
  std::string frame;
  Encode(FullResult(), &frame);
  std::mt19937 random(1);
  std::size_t refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string changed = frame;
    for (int j = 0; j < 3; ++j)
      changed[random() % changed.size()] = static_cast<char>(random());
    changed.resize(random() % (changed.size() + 1));
    refused += Decode(AsBytes(changed)).has_value() ? 0 : 1;
  }
  EXPECT_GT(refused, 1000u);
}

TEST(Messages, ARecipeNamesNoFormatThatCannotBeWritten) {
  for (const ImageFormatRow& row : ImageFormatRows()) {
    Welcome welcome;
    welcome.recipe = FullRecipe();
    welcome.recipe.format = row.format;
    std::string frame;
    Encode(welcome, &frame);
    EXPECT_EQ(Decode(AsBytes(frame)).has_value(), row.can_be_written)
        << row.name;
  }
}

TEST(Messages, EachFormatOfASourceIsRead) {
  for (const ImageFormatRow& row : ImageFormatRows()) {
    TaskResult result;
    result.outcome.source_format = row.format;
    EXPECT_EQ(Again(result).outcome.source_format, row.format) << row.name;
  }
}

}  // namespace
}  // namespace thumbmill
