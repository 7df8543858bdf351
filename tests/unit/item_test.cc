// Links: tm_engine
#include "coordinator/engine/item.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using S = ItemState;

TEST(Item, WalksFromListedToFinal) {
  Item item{ImageRef{}};
  for (const S next : {S::kFetching, S::kReady, S::kLeased, S::kMade,
                       S::kStoring, S::kStored, S::kFinal})
    item.Move(next);
  EXPECT_EQ(item.state(), S::kFinal);
}

TEST(Item, GoesBackForAnotherTryOrAnotherWorker) {
  EXPECT_TRUE(IsLegalMove(S::kFetching, S::kListed));
  EXPECT_TRUE(IsLegalMove(S::kLeased, S::kReady));
  EXPECT_TRUE(IsLegalMove(S::kStoring, S::kMade));
}

TEST(Item, NeverLeavesFinalAndNeverSkipsAStep) {
  for (int to = 0; to <= static_cast<int>(S::kFinal); ++to)
    EXPECT_FALSE(IsLegalMove(S::kFinal, static_cast<S>(to)));
  EXPECT_FALSE(IsLegalMove(S::kListed, S::kReady));
  EXPECT_FALSE(IsLegalMove(S::kReady, S::kMade));
  EXPECT_FALSE(IsLegalMove(S::kMade, S::kStored));
  EXPECT_FALSE(IsLegalMove(S::kStored, S::kStoring));
}

TEST(ItemDeathTest, StopsOnAMoveThatIsNotLegal) {
  EXPECT_DEATH(
      {
        Item item{ImageRef{}};
        item.Move(S::kStored);
      },
      "broken invariant");
}

}  // namespace
}  // namespace thumbmill
