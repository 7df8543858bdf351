// Links: tm_journal
#include "coordinator/journal/journal_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/unit/journal_case.h"

namespace thumbmill {
namespace {

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

}  // namespace
}  // namespace thumbmill
