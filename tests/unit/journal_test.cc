// Links: tm_journal
#include "coordinator/journal/journal.h"

#include "tests/unit/journal_case.h"

namespace thumbmill {
namespace {

TEST_F(JournalTest, GivesANameToTheFirstThatClaimsIt) {
  Restart();
  const std::vector<ClaimRequest> batch = {
      Request("a.jpg", "a_{size}.jpg"), Request("b.jpg", "b_{size}.jpg"),
      Request("a.png", "a_{size}.jpg"), Request("a.jpg", "a_{size}.jpg")};
  const auto verdicts = journal_->Claim(batch).value();
  EXPECT_EQ(verdicts[0].kind, Kind::kFresh);
  EXPECT_EQ(verdicts[1].kind, Kind::kFresh);
  EXPECT_EQ(verdicts[2].kind, Kind::kCollision);
  EXPECT_EQ(verdicts[2].owner, "a.jpg");
  EXPECT_EQ(verdicts[3].kind, Kind::kDuplicate);
  EXPECT_EQ(ClaimKind("b.jpg", "b_{size}.jpg"), Kind::kDuplicate);
}

TEST_F(JournalTest, TellsDuplicatesWhoseNamesHoldTheirPosition) {
  Restart();
  ClaimRequest one = Request("a.jpg", "1.jpg"), two = Request("a.jpg", "2.jpg");
  // A name with the position differs for each line, so only the key tells a
  // duplicate.
  one.claim_varies = two.claim_varies = true;
  EXPECT_EQ(Claim(one).kind, Kind::kFresh);
  EXPECT_EQ(Claim(two).kind, Kind::kDuplicate);
}

TEST_F(JournalTest, GivesNoNameToWhatNeedsNone) {
  Restart();
  EXPECT_EQ(ClaimKind("bad line", ""), Kind::kFresh);
  EXPECT_EQ(ClaimKind("worse line", ""), Kind::kFresh);
}

TEST_F(JournalTest, RemembersWhatIsDone) {
  Restart();
  EXPECT_EQ(ClaimKind("a", "A"), Kind::kFresh);
  Commit(Done("a", "A", {"200x", "64x"}));
  Restart();
  EXPECT_EQ(ClaimKind("a", "A"), Kind::kDone);
  EXPECT_EQ(ClaimKind("b", "B"), Kind::kFresh);
}

TEST_F(JournalTest, ForgetsTheClaimsOfARun) {
  Restart();
  EXPECT_EQ(ClaimKind("a", "A"), Kind::kFresh);
  Restart();
  EXPECT_EQ(ClaimKind("b", "A"), Kind::kFresh);
}

TEST_F(JournalTest, MakesOnlySizesThatWereAdded) {
  Restart();
  Commit(Done("a", "A", {"64x"}));
  options_.sizes = {"200x", "64x", "32x"};
  Restart();
  const ClaimVerdict verdict = Claim(Request("a", "A"));
  EXPECT_EQ(verdict.kind, Kind::kPartly);
  // Bits follow the order of the sizes: 200x and 32x are missing.
  EXPECT_EQ(verdict.missing_mask, 0b101u);
  Commit(Done("a", "A", {"200x", "32x"}));
  Restart();
  EXPECT_EQ(ClaimKind("a", "A"), Kind::kDone);
}

TEST_F(JournalTest, MakesAChangedFileAgainInAllSizes) {
  Restart();
  Commit(Done("a", "A", {"200x", "64x"}, "5:7"));
  Restart();
  const ClaimVerdict verdict = Claim(Request("a", "A", "5:8"));
  EXPECT_EQ(verdict.kind, Kind::kAgain);
  EXPECT_EQ(verdict.missing_mask & 3, 3u);
  Commit(Done("a", "A", {"64x"}, "5:8"));
  Restart();
  // Sizes made from the old bytes do not count.
  EXPECT_EQ(Claim(Request("a", "A", "5:8")).missing_mask, 0b01u);
}

TEST_F(JournalTest, TriesTransientFailuresAgainAndPermanentOnesNot) {
  Restart();
  Commit(NotDone("t", "T", ItemStatus::kFailed, Reason::kTimeout));
  Commit(NotDone("p", "P", ItemStatus::kFailed, Reason::kCorrupt));
  Commit(NotDone("s", "S", ItemStatus::kSkipped, Reason::kNotImage));
  Commit(NotDone("f", "F", ItemStatus::kSkipped, Reason::kFiltered));
  Commit(NotDone("n", "N", ItemStatus::kFailed, Reason::kNameCollision));
  Restart();
  EXPECT_EQ(ClaimKind("t", "T"), Kind::kAgain);
  EXPECT_EQ(ClaimKind("p", "P"), Kind::kFailedBefore);
  EXPECT_EQ(ClaimKind("s", "S"), Kind::kSkippedBefore);
  EXPECT_EQ(ClaimKind("f", "F"), Kind::kAgain);
  EXPECT_EQ(ClaimKind("n", "N"), Kind::kAgain);
}

TEST_F(JournalTest, TellsWhyItFailedBefore) {
  Restart();
  Commit(NotDone("p", "P", ItemStatus::kFailed, Reason::kCorrupt));
  Restart();
  EXPECT_EQ(Claim(Request("p", "P")).reason, Reason::kCorrupt);
}

TEST_F(JournalTest, TriesPermanentFailuresAgainWhenAsked) {
  Restart();
  Commit(NotDone("p", "P", ItemStatus::kFailed, Reason::kCorrupt));
  Commit(NotDone("s", "S", ItemStatus::kSkipped, Reason::kNotImage));
  options_.retry_failed = true;
  Restart();
  EXPECT_EQ(ClaimKind("p", "P"), Kind::kAgain);
  EXPECT_EQ(ClaimKind("s", "S"), Kind::kSkippedBefore);
}

TEST_F(JournalTest, TriesAChangedFileAgainThatFailed) {
  Restart();
  Commit(NotDone("p", "P", ItemStatus::kFailed, Reason::kCorrupt, "1:1"));
  Restart();
  EXPECT_EQ(ClaimKind("p", "P", "1:2"), Kind::kAgain);
}

TEST_F(JournalTest, TriesWhatWasTooCostlyUnderALargerBound) {
  options_.cost_bounds = {100, 100, 100};
  Restart();
  Commit(NotDone("c", "C", ItemStatus::kFailed, Reason::kTooCostly));
  Restart();
  EXPECT_EQ(ClaimKind("c", "C"), Kind::kFailedBefore);
  // A smaller bound gives the image no new chance.
  options_.cost_bounds = {50, 100, 100};
  Restart();
  EXPECT_EQ(ClaimKind("c", "C"), Kind::kFailedBefore);
  // One larger bound may be enough.
  options_.cost_bounds = {100, 100, 101};
  Restart();
  EXPECT_EQ(ClaimKind("c", "C"), Kind::kAgain);
}

TEST_F(JournalTest, AsksForUrlsAgainOnlyToRevalidate) {
  Restart();
  Commit(Done("http://h/a", "U", {"200x", "64x"}, ""));
  Commit(Done("/a.jpg", "L", {"200x", "64x"}, "1:1"));
  Restart();
  EXPECT_EQ(ClaimKind("http://h/a", "U", ""), Kind::kDone);
  options_.revalidate = true;
  Restart();
  EXPECT_EQ(ClaimKind("http://h/a", "U", ""), Kind::kAgain);
  EXPECT_EQ(ClaimKind("/a.jpg", "L", "1:1"), Kind::kDone);
}

TEST_F(JournalTest, KeepsNoSizesOfTheOldBytesOfAUrl) {
  Restart();
  Commit(Done("http://h/a", "U", {"200x", "64x"}, ""));
  options_.revalidate = true;
  options_.sizes = {"64x"};
  Restart();
  Commit(Done("http://h/a", "U", {"64x"}, ""));
  options_.revalidate = false;
  options_.sizes = {"200x", "64x"};
  Restart();
  EXPECT_EQ(Claim(Request("http://h/a", "U", "")).missing_mask, 0b01u);
}

TEST_F(JournalTest, LeavesANameToWhatWasDoneUnderIt) {
  Restart();
  Commit(Done("a", "N", {"200x", "64x"}));
  Restart();
  const ClaimVerdict verdict = Claim(Request("b", "N"));
  EXPECT_EQ(verdict.kind, Kind::kCollision);
  EXPECT_EQ(verdict.owner, "a");
  EXPECT_EQ(ClaimKind("a", "N"), Kind::kDone);
}

TEST_F(JournalTest, LeavesNoNameToWhatFailedUnderIt) {
  Restart();
  Commit(NotDone("a", "N", ItemStatus::kFailed, Reason::kCorrupt));
  Restart();
  EXPECT_EQ(ClaimKind("b", "N"), Kind::kFresh);
}

TEST_F(JournalTest, GivesLateNamesLikeEarlyOnes) {
  Restart();
  EXPECT_EQ(ClaimKind("a", "A"), Kind::kFresh);
  EXPECT_EQ(LateOwner("late", "a"), "");
  EXPECT_EQ(LateOwner("late", "a"), "");
  EXPECT_EQ(LateOwner("late", "b"), "a");
  // The name claimed early counts for late claims too, and the other way round.
  EXPECT_EQ(LateOwner("A", "b"), "a");
  EXPECT_EQ(ClaimKind("c", "late"), Kind::kCollision);
}

TEST_F(JournalTest, NamesTheFirstLateNameThatIsTaken) {
  Restart();
  EXPECT_EQ(ClaimKind("a", "A"), Kind::kFresh);
  EXPECT_EQ(LateOwner("two", "a"), "");
  const std::vector<std::string> names = {"one", "two", "three"};
  const auto taken = journal_->ClaimNames(names, "b").value();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->name, "two");
  EXPECT_EQ(taken->owner, "a");
}

TEST_F(JournalTest, GivesAllNamesToOneOfTwoItemsThatRaceForThem) {
  Restart();
  for (int round = 0; round < 50; ++round)
    ASSERT_EQ(WinnersOfARace(journal_.get(), std::to_string(round)), 1);
}

TEST_F(JournalTest, RemembersLateNamesOverARestart) {
  Restart();
  EXPECT_EQ(LateOwner("a_200x", "a"), "");
  Commit(Done("a", "A", {"200x"}));
  Restart();
  EXPECT_EQ(LateOwner("a_200x", "b"), "a");
  EXPECT_EQ(LateOwner("a_200x", "a"), "");
}

TEST_F(JournalTest, RefusesAnotherRecipeAndNamesWhatDiffers) {
  Restart();
  options_.recipe = R"({"quality":90,"format":"same"})";
  const Error error = OpenError();
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  EXPECT_NE(error.what.find("quality (was 80, is 90)"), std::string::npos)
      << error.what;
  EXPECT_EQ(error.what.find("format"), std::string::npos) << error.what;
}

TEST_F(JournalTest, RefusesARecipeThatLacksAKey) {
  Restart();
  options_.recipe = R"({"quality":80})";
  EXPECT_NE(OpenError().what.find("format"), std::string::npos);
}

TEST_F(JournalTest, TakesTheSameRecipeInAnotherOrder) {
  Restart();
  options_.recipe = R"({"format": "same", "quality": 80})";
  Restart();
}

TEST_F(JournalTest, ForgetsEverythingToOverwrite) {
  Restart();
  EXPECT_EQ(LateOwner("a_200x", "a"), "");
  Commit(Done("a", "A", {"200x", "64x"}));
  options_.recipe = R"({"quality":90,"format":"same"})";
  options_.overwrite = true;
  Restart();
  EXPECT_EQ(ClaimKind("b", "A"), Kind::kFresh);
  EXPECT_EQ(LateOwner("a_200x", "b"), "");
  EXPECT_EQ(journal_->Counts()->done, 0u);
  options_.overwrite = false;
  Restart();  // the new recipe now belongs to the job
}

TEST_F(JournalTest, CountsWhatItHolds) {
  Restart();
  Commit(Done("a", "A", {"200x"}));
  Commit(NotDone("b", "B", ItemStatus::kFailed, Reason::kDns));
  Commit(NotDone("c", "C", ItemStatus::kFailed, Reason::kDns));
  Commit(NotDone("d", "D", ItemStatus::kSkipped, Reason::kNotImage));
  Restart();
  Commit(Done("b", "B", {"200x"}));  // replaces its failure
  const JournalCounts counts = journal_->Counts().value();
  EXPECT_EQ(counts.done, 2u);
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.skipped, 1u);
  EXPECT_EQ(counts.failed_by_reason.at("dns"), 1u);
  EXPECT_EQ(counts.skipped_by_reason.at("not_image"), 1u);
}

TEST_F(JournalTest, ListsFailuresInListOrderWithAllThatNamesNeed) {
  Restart();
  ItemRecord second = NotDone("k2", "C2", ItemStatus::kFailed, Reason::kCrash);
  second.index = 2;
  // Bytes that are no UTF-8, and a zero, must come back unchanged.
  second.uri = std::string("/x\xff\0y", 5);
  second.message = "it broke";
  second.signal = 11;
  second.phase = "decode";
  second.attempts = 3;
  second.dir = "d\xff";
  second.stem = "s";
  second.srcext = "jpg";
  second.bytes_in = std::uint64_t{1} << 40;
  ItemRecord first = NotDone("k1", "C1", ItemStatus::kFailed, Reason::kDns);
  first.index = 1;
  // Committed in the other order than listed.
  Commit(second);
  Commit(first);
  Commit(Done("k3", "C3", {"200x"}));
  const std::vector<ItemRecord> seen = Walked(journal_.get(), kFailedOnly);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].index, 1u);
  EXPECT_EQ(seen[1].uri, second.uri);
  EXPECT_EQ(seen[1].message, "it broke");
  EXPECT_EQ(seen[1].signal, 11);
  EXPECT_EQ(seen[1].phase, "decode");
  EXPECT_EQ(seen[1].attempts, 3u);
  EXPECT_EQ(seen[1].dir, "d\xff");
  EXPECT_EQ(seen[1].stem, "s");
  EXPECT_EQ(seen[1].srcext, "jpg");
  EXPECT_EQ(seen[1].claim, "C2");
  EXPECT_EQ(seen[1].bytes_in, second.bytes_in);
}

}  // namespace
}  // namespace thumbmill
