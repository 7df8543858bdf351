// Links: tm_journal
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>

#include "tests/unit/journal_case.h"

namespace thumbmill {
namespace {

TEST(MemoryJournal, GivesAllNamesToOneOfTwoItemsThatRaceForThem) {
  auto journal = MemoryJournal().value();
  for (int round = 0; round < 50; ++round)
    ASSERT_EQ(WinnersOfARace(journal.get(), std::to_string(round)), 1);
}

TEST(MemoryJournal, KnowsTheClaimsOfThisRun) {
  auto journal = MemoryJournal().value();
  const std::vector<ClaimRequest> batch = {Request("a", "A"), Request("b", "A"),
                                           Request("a", "A"),
                                           Request("bad", "")};
  const auto verdicts = journal->Claim(batch).value();
  EXPECT_EQ(verdicts[0].kind, Kind::kFresh);
  EXPECT_EQ(verdicts[1].kind, Kind::kCollision);
  EXPECT_EQ(verdicts[2].kind, Kind::kDuplicate);
  EXPECT_EQ(verdicts[3].kind, Kind::kFresh);
  const std::vector<std::string> taken = {"C", "A"}, free = {"B"};
  const auto clash = journal->ClaimNames(taken, "b").value();
  ASSERT_TRUE(clash);
  EXPECT_EQ(clash->name, "A");
  EXPECT_FALSE(journal->ClaimNames(free, "b")->has_value());
}

TEST(MemoryJournal, IsBoundedInMemoryHoweverManyNamesAreClaimed) {
  auto journal = MemoryJournal().value();
  std::vector<ClaimRequest> batch(1000);
  const auto peak_kib = [] {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak_kib();
  for (int i = 0; i < 1000; ++i) {
    for (int k = 0; k < 1000; ++k) {
      const std::string name = std::to_string(i * 1000 + k);
      batch[static_cast<std::size_t>(k)] = Request("of " + name, name);
    }
    ASSERT_TRUE(journal->Claim(batch).has_value());
  }
  EXPECT_LT(peak_kib(), before + (40 << 10));
  // The names are not forgotten: the last batch is known.
  EXPECT_EQ(journal->Claim(batch).value().back().kind, Kind::kDuplicate);
}

TEST(MemoryJournal, LeavesNothingInTheFolderForTemporaryFiles) {
  const TempDir folder;
  ASSERT_EQ(setenv("TMPDIR", folder.path().c_str(), 1), 0);
  auto journal = MemoryJournal().value();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  const std::vector<ClaimRequest> batch = {Request("a", "A")};
  EXPECT_EQ(journal->Claim(batch).value()[0].kind, Kind::kFresh);
  unsetenv("TMPDIR");
}

TEST(MemoryJournal, DoesWithoutAFolderForTemporaryFiles) {
  ASSERT_EQ(setenv("TMPDIR", "/nonexistent", 1), 0);
  auto journal = MemoryJournal().value();
  const std::vector<ClaimRequest> batch = {Request("a", "A"),
                                           Request("b", "A")};
  EXPECT_EQ(journal->Claim(batch).value()[1].kind, Kind::kCollision);
  unsetenv("TMPDIR");
}

TEST(MemoryJournal, TellsDuplicatesWhoseNamesHoldTheirPosition) {
  auto journal = MemoryJournal().value();
  std::vector<ClaimRequest> batch = {Request("a", "1"), Request("a", "2")};
  for (ClaimRequest& request : batch) request.claim_varies = true;
  EXPECT_EQ(journal->Claim(batch)->at(1).kind, Kind::kDuplicate);
}

TEST(MemoryJournal, CountsOnly) {
  auto journal = MemoryJournal().value();
  const std::vector<ItemRecord> batch = {
      Done("a", "A", {"200x"}),
      NotDone("b", "B", ItemStatus::kFailed, Reason::kDns)};
  ASSERT_TRUE(journal->Commit(batch));
  EXPECT_EQ(journal->Counts()->done, 1u);
  EXPECT_EQ(journal->Counts()->failed, 1u);
}

}  // namespace
}  // namespace thumbmill
