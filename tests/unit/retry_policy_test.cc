// Links: tm_net
#include "coordinator/net/retry_policy.h"

#include <gtest/gtest.h>

#include <limits>

namespace thumbmill {
namespace {

constexpr std::uint64_t kRandom = 12345678901234567ULL;

TEST(RetryPolicy, AllowsAsManyRetriesAsAskedFor) {
  const RetryPolicy policy(RetryOptions{.retries = 3});
  EXPECT_TRUE(policy.NextDelay(1, Millis(0), kRandom));
  EXPECT_TRUE(policy.NextDelay(3, Millis(0), kRandom));
  EXPECT_FALSE(policy.NextDelay(4, Millis(0), kRandom));
}

TEST(RetryPolicy, NeverRetriesWhenRetriesAreZero) {
  const RetryPolicy policy(RetryOptions{.retries = 0});
  EXPECT_FALSE(policy.NextDelay(1, Millis(5000), kRandom));
}

TEST(RetryPolicy, DoublesWithinHalfToOneAndAHalf) {
  const RetryPolicy policy(RetryOptions{.retries = 10});
  Millis nominal{500};
  for (int tries = 1; tries <= 6; ++tries, nominal *= 2) {
    for (std::uint64_t random = 0; random < 3000; random += 7) {
      const Millis delay = *policy.NextDelay(tries, Millis(0), random);
      EXPECT_GE(delay, nominal / 2);
      EXPECT_LE(delay, nominal * 3 / 2);
    }
  }
}

TEST(RetryPolicy, JitterReachesBothEnds) {
  const RetryPolicy policy(RetryOptions{});
  EXPECT_EQ(*policy.NextDelay(1, Millis(0), 0), Millis(250));
  EXPECT_EQ(*policy.NextDelay(1, Millis(0), 500), Millis(750));
  EXPECT_EQ(*policy.NextDelay(1, Millis(0), 501), Millis(250));
}

TEST(RetryPolicy, NeverWaitsLongerThanItsMaximum) {
  const RetryPolicy policy(
      RetryOptions{.retries = std::numeric_limits<int>::max()});
  for (const int tries : {8, 20, 63, 64, 65, 1'000'000})
    EXPECT_LE(*policy.NextDelay(tries, Millis(0), 60'000), Millis(60'000));
}

TEST(RetryPolicy, NeverComesBackBeforeRetryAfter) {
  const RetryPolicy policy(RetryOptions{});
  for (std::uint64_t random = 0; random < 2000; random += 13) {
    const Millis delay = *policy.NextDelay(1, Millis(7000), random);
    EXPECT_GE(delay, Millis(7000));
    EXPECT_LE(delay, Millis(7500));
  }
}

TEST(RetryPolicy, KeepsItsOwnDelayWhenRetryAfterIsShorter) {
  const RetryPolicy policy(RetryOptions{.retries = 9, .base = Millis(4000)});
  EXPECT_GE(*policy.NextDelay(2, Millis(1), 0), Millis(4000));
}

TEST(RetryPolicy, BoundsAServerThatAsksForTooMuch) {
  const RetryPolicy policy(RetryOptions{});
  const Millis delay = *policy.NextDelay(1, std::chrono::hours(24), kRandom);
  EXPECT_GE(delay, Millis(300'000));
  EXPECT_LE(delay, Millis(300'500));
}

TEST(RetryPolicy, TakesANegativeRetryAfterForNone) {
  const RetryPolicy policy(RetryOptions{});
  EXPECT_EQ(*policy.NextDelay(1, Millis(-5), 0), Millis(250));
}

TEST(RetryPolicy, DoesNotWaitWithABaseOfZero) {
  const RetryPolicy policy(RetryOptions{.base = Millis(0)});
  EXPECT_EQ(*policy.NextDelay(3, Millis(0), kRandom), Millis(0));
}

}  // namespace
}  // namespace thumbmill
