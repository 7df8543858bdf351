// Links: tm_journal
#include "coordinator/journal/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

using Kind = ClaimVerdict::Kind;

ClaimRequest Request(std::string key, std::string claim,
                     std::string stamp = "1:1") {
  return {std::move(key), std::move(claim), std::move(stamp)};
}

ItemRecord Done(const std::string& key, const std::string& claim,
                const std::vector<std::string>& sizes,
                std::string stamp = "1:1") {
  ItemRecord record;
  record.source_key = record.uri = key;
  record.claim = claim;
  record.stamp = std::move(stamp);
  record.status = ItemStatus::kDone;
  for (const std::string& size : sizes)
    record.outputs.push_back({size, key + "_" + size, 1, 1, 10, "00"});
  return record;
}

ItemRecord NotDone(const std::string& key, const std::string& claim,
                   ItemStatus status, Reason reason,
                   std::string stamp = "1:1") {
  ItemRecord record = Done(key, claim, {}, std::move(stamp));
  record.status = status;
  record.reason = reason;
  return record;
}

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    options_.state_dir = dir_.path();
    options_.recipe = R"({"quality":80,"format":"same"})";
    options_.sizes = {"200x", "64x"};
  }
  // Opens the journal as a new run does, after closing the old one.
  Journal& Restart() {
    journal_.reset();
    Result<std::unique_ptr<Journal>> opened = OpenJournal(options_);
    EXPECT_TRUE(opened) << opened.error().what;
    journal_ = std::move(*opened);
    return *journal_;
  }
  ClaimVerdict Claim(const ClaimRequest& request) {
    const auto verdicts = journal_->Claim({&request, 1});
    EXPECT_TRUE(verdicts) << verdicts.error().what;
    return verdicts->at(0);
  }
  Kind ClaimKind(const std::string& key, const std::string& claim,
                 const std::string& stamp = "1:1") {
    return Claim(Request(key, claim, stamp)).kind;
  }
  // Returns the owner of the name, or an empty text if it is `key` now.
  std::string LateOwner(const std::string& name, const std::string& key) {
    const auto taken = journal_->ClaimNames({&name, 1}, key);
    EXPECT_TRUE(taken) << taken.error().what;
    return *taken ? (*taken)->owner : std::string();
  }
  void Commit(const ItemRecord& record) {
    const Status status = journal_->Commit({&record, 1});
    EXPECT_TRUE(status) << status.error().what;
  }
  Error OpenError() {
    journal_.reset();
    auto opened = OpenJournal(options_);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }

  TempDir dir_;
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
};

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

// Returns how many of two items, which claim the same names in opposite orders
// in two threads, get them.
int WinnersOfARace(Journal* journal, const std::string& round) {
  std::vector<std::string> names(64), reversed;
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = round + "-" + std::to_string(i);
  reversed.assign(names.rbegin(), names.rend());
  std::latch start(2);
  std::atomic<int> winners{0};
  const auto race = [&](const std::vector<std::string>& order,
                        const std::string& key) {
    start.arrive_and_wait();
    const auto taken = journal->ClaimNames(order, key);
    if (taken && !taken->has_value()) ++winners;
  };
  std::thread other([&] { race(reversed, "b" + round); });
  race(names, "a" + round);
  other.join();
  return winners;
}

TEST_F(JournalTest, GivesAllNamesToOneOfTwoItemsThatRaceForThem) {
  Restart();
  for (int round = 0; round < 50; ++round)
    ASSERT_EQ(WinnersOfARace(journal_.get(), std::to_string(round)), 1);
}

TEST(MemoryJournal, GivesAllNamesToOneOfTwoItemsThatRaceForThem) {
  auto journal = MemoryJournal().value();
  for (int round = 0; round < 50; ++round)
    ASSERT_EQ(WinnersOfARace(journal.get(), std::to_string(round)), 1);
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
  std::vector<ItemRecord> seen;
  ASSERT_TRUE(journal_->ForEachFailed(
      [&](const ItemRecord& record) { seen.push_back(record); }));
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

TEST_F(JournalTest, IsHeldByOneRunWhoseProcessIsNamed) {
  Restart();
  const auto second = OpenJournal(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUsage);
  EXPECT_NE(second.error().what.find("process " + std::to_string(getpid())),
            std::string::npos)
      << second.error().what;
}

TEST_F(JournalTest, RefusesAFileThatIsNoJournal) {
  dir_.Write("journal.sqlite", std::string(8192, 'x'));
  const Error error = OpenError();
  EXPECT_EQ(error.code, ErrorCode::kBadData);
  EXPECT_NE(error.what.find("journal.sqlite"), std::string::npos);
}

TEST_F(JournalTest, RefusesADamagedJournal) {
  Restart();
  for (int i = 0; i < 200; ++i)
    Commit(Done("key" + std::to_string(i), "c" + std::to_string(i), {"200x"}));
  journal_.reset();
  std::string bytes = dir_.Read("journal.sqlite");
  ASSERT_GT(bytes.size(), 8192u);
  // Keep the first 100 bytes, the header of SQLite, so that the file opens.
  for (std::size_t i = 100; i < bytes.size(); ++i) bytes[i] = 'x';
  dir_.Write("journal.sqlite", bytes);
  EXPECT_EQ(OpenError().code, ErrorCode::kBadData);
}

TEST_F(JournalTest, RefusesAnEmptyFileAndLeavesItAlone) {
  dir_.Write("journal.sqlite", "");
  EXPECT_EQ(OpenError().code, ErrorCode::kBadData);
  EXPECT_EQ(dir_.Read("journal.sqlite"), "");
}

TEST_F(JournalTest, RefusesTheDatabaseOfAnotherProgram) {
  Restart();
  journal_.reset();
  std::string bytes = dir_.Read("journal.sqlite");
  for (std::size_t at; (at = bytes.find("items")) != std::string::npos;)
    // Renames the table: a sound database, but not ours.
    bytes[at] = 'x';
  dir_.Write("journal.sqlite", bytes);
  EXPECT_EQ(OpenError().code, ErrorCode::kBadData);
}

TEST_F(JournalTest, RefusesAJournalCutShortAtAnyPage) {
  Restart();
  for (int i = 0; i < 200; ++i)
    Commit(Done("key" + std::to_string(i), "c" + std::to_string(i), {"200x"}));
  journal_.reset();
  const std::string bytes = dir_.Read("journal.sqlite");
  for (std::size_t kept = 0; kept < bytes.size(); kept += 4096) {
    dir_.Write("journal.sqlite", bytes.substr(0, kept));
    EXPECT_EQ(OpenError().code, ErrorCode::kBadData) << kept;
    EXPECT_EQ(dir_.Read("journal.sqlite").size(), kept);
  }
}

TEST_F(JournalTest, DoesNotStartAnewBesideWhatWasNotYetWrittenIntoIt) {
  dir_.Write("journal.sqlite-wal", "x");
  EXPECT_EQ(OpenError().code, ErrorCode::kBadData);
  EXPECT_EQ(dir_.Read("journal.sqlite-wal"), "x");
}

TEST_F(JournalTest, FailsWhereItCannotWrite) {
  dir_.Write("file", "x");
  options_.state_dir = dir_ / "file/state";
  EXPECT_EQ(OpenError().code, ErrorCode::kIo);
}

// Runs SQL on the journal, as another program could.
void Tamper(const std::string& folder, const std::string& sql) {
  const std::string command =
      "/usr/bin/python3 -c \"import sqlite3, sys; d = "
      "sqlite3.connect(sys.argv[1]"
      "); d.executescript(sys.argv[2]); d.commit()\" '" +
      folder + "/journal.sqlite' \"" + sql + "\"";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

TEST_F(JournalTest, RefusesASchemaThatIsNotOurs) {
  for (const char* sql :
       {"CREATE TRIGGER x AFTER INSERT ON items BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT 1", "CREATE TABLE more(a)",
        "CREATE INDEX i ON items(uri)",
        "DROP INDEX failed; CREATE INDEX failed ON items(idx)",
        "DROP TABLE names; CREATE VIEW names AS SELECT 1 AS name, 2 AS key",
        "DROP TABLE meta;"
        " CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT CHECK(1))",
        "DROP TABLE names; CREATE VIRTUAL TABLE names USING fts5(name, key)"}) {
    Restart();
    journal_.reset();
    Tamper(dir_.path(), sql);
    EXPECT_EQ(OpenError().code, ErrorCode::kBadData) << sql;
    std::filesystem::remove(dir_ / "journal.sqlite");
  }
}

TEST_F(JournalTest, RefusesARecipeWithoutBounds) {
  for (const char* value :
       {"printf('%s', replace(hex(zeroblob(200000)), '00', '['))",
        "zeroblob(70000)", "zeroblob(8000000)"}) {
    Restart();
    journal_.reset();
    Tamper(dir_.path(), std::string("UPDATE meta SET value = ") + value +
                            " WHERE key = 'recipe'");
    EXPECT_EQ(OpenError().code, ErrorCode::kBadData) << value;
    std::filesystem::remove(dir_ / "journal.sqlite");
  }
}

TEST_F(JournalTest, LivesWithRowsThatItDidNotWrite) {
  for (const char* change :
       {"status = NULL", "status = 7", "status = x'00ff'", "outputs = NULL",
        "outputs = zeroblob(3000000)", "stamp = NULL", "reason = 'none such'",
        "bounds = '- - -'", "width = -1, attempts = -5, signal = 1e300",
        "outputs = '200x' || char(9) || '../../x' || char(9) || '-1' || char(9)"
        " || '-1' || char(9) || '-1' || char(9)"}) {
    Restart();
    Commit(Done("a", "A", {"200x", "64x"}));
    journal_.reset();
    Tamper(dir_.path(), std::string("UPDATE items SET ") + change);
    Restart();
    // Any verdict will do; the journal only has to go on.
    (void)ClaimKind("a", "A");
    Commit(Done("a", "A", {"200x", "64x"}));
    EXPECT_EQ(ClaimKind("b", "B"), Kind::kFresh) << change;
    EXPECT_TRUE(journal_->Counts());
    Restart();
    EXPECT_EQ(ClaimKind("a", "A"), Kind::kDone) << change;
    journal_.reset();
    std::filesystem::remove(dir_ / "journal.sqlite");
  }
}

TEST_F(JournalTest, StopsAQueryWhenItIsTold) {
  std::atomic<bool> stop{false};
  options_.stop = &stop;
  Restart();
  std::vector<ItemRecord> many;
  for (int i = 0; i < 2000; ++i)
    many.push_back(Done(std::to_string(i), std::to_string(i), {"200x"}));
  ASSERT_TRUE(journal_->Commit(many));
  stop = true;
  const auto counts = journal_->Counts();
  ASSERT_FALSE(counts);
  EXPECT_EQ(counts.error().code, ErrorCode::kCancelled);
  stop = false;
  EXPECT_TRUE(journal_->Counts());
}

TEST_F(JournalTest, LeavesNothingOfItsClaimsBehind) {
  Restart();
  EXPECT_FALSE(std::filesystem::exists(dir_ / "claims.sqlite"));
  EXPECT_EQ(ClaimKind("a", "A"), Kind::kFresh);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "claims.sqlite"));
}

// Commits until it is killed; writes a byte for each durable batch.
[[noreturn]] void CommitForever(const JournalOptions& options, int out) {
  auto journal = OpenJournal(options);
  if (!journal) _exit(3);
  for (int batch = 0;; ++batch) {
    std::vector<ItemRecord> records;
    for (int i = 0; i < 10; ++i) {
      const std::string key = std::to_string(batch * 10 + i);
      records.push_back(Done(key, "claim " + key, {"200x", "64x"}));
    }
    if (!(*journal)->Commit(records) || write(out, "x", 1) != 1) _exit(4);
  }
}

TEST_F(JournalTest, LosesNothingThatWasCommittedBeforeKill) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) CommitForever(options_, ends[1]);
  close(ends[1]);
  int batches = 0;
  char byte;
  while (batches < 7 && read(ends[0], &byte, 1) == 1) ++batches;
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  while (read(ends[0], &byte, 1) == 1) ++batches;
  close(ends[0]);

  Restart();  // the lock must be free, too
  const std::uint64_t done = journal_->Counts()->done;
  EXPECT_GE(done, static_cast<std::uint64_t>(batches) * 10);
  EXPECT_EQ(done % 10, 0u) << "a batch is there in whole or not at all";
  EXPECT_EQ(ClaimKind("0", "claim 0"), Kind::kDone);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "claims.sqlite"));
}

// Fills a file system of its own that holds 400 KB. Returns 0 if kNoSpace came,
// 1 if not, 2 if this system allows no such mount.
int FillADisk(JournalOptions options) {
  const uid_t user = geteuid();
  if (unshare((user == 0 ? 0 : CLONE_NEWUSER) | CLONE_NEWNS) != 0) return 2;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", options.state_dir.c_str(), "tmpfs", 0,
            "size=400k,mode=700") != 0)
    return 2;
  auto journal = OpenJournal(options);
  if (!journal) return 1;
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = std::to_string(i) + std::string(200, 'k');
    const ItemRecord record = Done(key, key, {"200x"});
    const Status status = (*journal)->Commit({&record, 1});
    if (!status) return status.error().code == ErrorCode::kNoSpace ? 0 : 1;
  }
  return 1;
}

TEST_F(JournalTest, TellsThatTheDiskIsFull) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(FillADisk(options_));
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
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
