// Links: tm_journal
#include "coordinator/journal/records.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>

#include "tests/unit/journal_case.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

class RecordsTest : public JournalTest {
 protected:
  std::unique_ptr<Records> Open() {
    auto opened = OpenRecords(options_.state_dir, nullptr);
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? std::move(*opened) : nullptr;
  }
  Error OpenFails() {
    auto opened = OpenRecords(options_.state_dir, nullptr);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  // Commits a done, a skipped and a failed record, and closes the journal.
  void LeaveThree() {
    Restart();
    Commit(Done("a", "A", {"200x", "64x"}));
    Commit(NotDone("b", "B", ItemStatus::kSkipped, Reason::kNotImage));
    Commit(NotDone("c", "C", ItemStatus::kFailed, Reason::kCrash));
    journal_.reset();
  }
  // Returns all about the folder that a reader could change: names, bytes,
  // modes, and times of change. Some file systems set the times of a run that
  // writes only later.
  std::map<std::string, std::string> Look(bool with_times = true) const {
    std::map<std::string, std::string> look;
    for (const auto& file : fs::directory_iterator(dir_.path())) {
      struct stat st;
      EXPECT_EQ(lstat(file.path().c_str(), &st), 0);
      if (!with_times) st.st_ctim = {};
      look[file.path().filename()] =
          std::to_string(st.st_mode) + " " + std::to_string(st.st_ctim.tv_sec) +
          "." + std::to_string(st.st_ctim.tv_nsec) + " " +
          std::to_string(std::hash<std::string>()(
              dir_.Read(file.path().filename().string())));
    }
    return look;
  }
};

TEST_F(RecordsTest, WalksTheRecordsThatTheFilterAsksFor) {
  LeaveThree();
  const auto records = Open();
  EXPECT_EQ(Walked(records.get(), {}).size(), 3u);
  EXPECT_EQ(Walked(records.get(), {true, false, false}).at(0).uri, "a");
  EXPECT_EQ(Walked(records.get(), {false, true, false}).at(0).uri, "b");
  EXPECT_EQ(Walked(records.get(), kFailedOnly).at(0).uri, "c");
  EXPECT_EQ(Walked(records.get(), {true, false, true}).size(), 2u);
  EXPECT_TRUE(Walked(records.get(), {false, false, false}).empty());
  EXPECT_EQ(records->Counts()->done, 1u);
  EXPECT_EQ(records->Counts()->failed_by_reason.at("crash"), 1u);
}

TEST_F(RecordsTest, ReadsEachFieldOfARecordBack) {
  Restart();
  ItemRecord record = Done("key", "claim", {"200x", "64x"}, "7:8");
  record.index = 41;
  record.uri = "uri\xff";
  record.message = "message";
  record.warnings = {"one", "two"};
  record.attempts = 2;
  record.signal = 9;
  record.phase = "decode";
  record.width = 640;
  record.height = 480;
  record.bytes_in = 123;
  record.sha256 = "abc";
  record.host = "h";
  record.dir = "d";
  record.stem = "s";
  record.srcext = "jpg";
  record.outputs[1] = {"64x", "name 64", 64, 48, 999, "def"};
  Commit(record);
  journal_.reset();
  const ItemRecord read = Walked(Open().get(), {}).at(0);
  EXPECT_EQ(read.index, 41u);
  EXPECT_EQ(read.uri, "uri\xff");
  EXPECT_EQ(read.claim, "claim");
  EXPECT_EQ(read.stamp, "7:8");
  EXPECT_EQ(read.status, ItemStatus::kDone);
  EXPECT_EQ(read.reason, Reason::kNone);
  EXPECT_EQ(read.message, "message");
  EXPECT_EQ(read.warnings, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(read.attempts, 2u);
  EXPECT_EQ(read.signal, 9);
  EXPECT_EQ(read.phase, "decode");
  EXPECT_EQ(read.width, 640u);
  EXPECT_EQ(read.height, 480u);
  EXPECT_EQ(read.bytes_in, 123u);
  EXPECT_EQ(read.sha256, "abc");
  EXPECT_EQ(read.host + read.dir + read.stem + read.srcext, "hdsjpg");
  ASSERT_EQ(read.outputs.size(), 2u);
  EXPECT_EQ(read.outputs[1].size, "64x");
  EXPECT_EQ(read.outputs[1].name, "name 64");
  EXPECT_EQ(read.outputs[1].width, 64u);
  EXPECT_EQ(read.outputs[1].height, 48u);
  EXPECT_EQ(read.outputs[1].bytes, 999u);
  EXPECT_EQ(read.outputs[1].sha256, "def");
}

// Commits `count` failed records whose positions are in reverse order, two at
// each position.
void CommitFailures(Journal* journal, int count) {
  std::vector<ItemRecord> batch;
  for (int i = 0; i < count; ++i) {
    const std::string key = std::to_string(i);
    batch.push_back(NotDone(key, key, ItemStatus::kFailed, Reason::kDns));
    batch.back().index = static_cast<std::uint64_t>((count - i) / 2);
  }
  ASSERT_TRUE(journal->Commit(batch));
}

TEST_F(RecordsTest, WalksInBatchesAndPassesEachRecordOnce) {
  Restart();
  CommitFailures(journal_.get(), 1001);
  journal_.reset();
  const auto records = Open();
  for (const RecordFilter& filter : {kFailedOnly, RecordFilter{}}) {
    std::set<std::string> uris;
    std::size_t passed = 0, batches = 0, last = 0;
    bool in_order = true;
    const auto visit = [&](std::span<const ItemRecord> batch) -> Status {
      ++batches;
      passed += batch.size();
      for (const ItemRecord& record : batch) {
        uris.insert(record.uri);
        in_order &= record.index >= last;
        last = record.index;
      }
      return {};
    };
    ASSERT_TRUE(records->Walk(filter, visit));
    EXPECT_EQ(passed, 1001u);
    EXPECT_EQ(uris.size(), 1001u);
    EXPECT_GE(batches, 3u);
    // Only failures alone come in the order of the list.
    EXPECT_EQ(in_order, !filter.done);
  }
}

TEST_F(RecordsTest, EndsAWalkWithTheErrorOfItsVisitor) {
  Restart();
  CommitFailures(journal_.get(), 600);
  int calls = 0;
  const auto refuse = [&](std::span<const ItemRecord>) -> Status {
    ++calls;
    return Fail(ErrorCode::kNoSpace, "full");
  };
  const Status walked = journal_->Walk({}, refuse);
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().what, "full");
  EXPECT_EQ(calls, 1);
}

TEST_F(RecordsTest, LetsARunRecordItemsDuringAWalk) {
  Restart();
  CommitFailures(journal_.get(), 600);
  std::size_t seen = 0;
  const auto visit = [&](std::span<const ItemRecord> batch) -> Status {
    if (seen == 0) Commit(Done("later", "L", {"200x"}));
    seen += batch.size();
    return {};
  };
  ASSERT_TRUE(journal_->Walk({}, visit));
  EXPECT_EQ(seen, 601u);
}

TEST_F(RecordsTest, EndsOnRowsThatItDidNotWrite) {
  for (const char* change :
       {"idx = NULL", "idx = 'x'", "idx = 0.5", "idx = -1e300", "idx = x'00'",
        "status = 'other'", "outputs = zeroblob(3000000)",
        "reason = 7, warnings = zeroblob(3000000), width = -1",
        "idx = -9223372036854775808"}) {
    Restart();
    // The blobs of all these rows together exceed one batch.
    CommitFailures(journal_.get(), 12);
    journal_.reset();
    Tamper(dir_.path(), std::string("UPDATE items SET ") + change);
    const auto records = Open();
    EXPECT_LE(Walked(records.get(), kFailedOnly).size(), 12u) << change;
    EXPECT_LE(Walked(records.get(), {}).size(), 12u) << change;
    fs::remove(dir_ / "journal.sqlite");
  }
}

TEST_F(RecordsTest, StopsWhenItIsTold) {
  Restart();
  CommitFailures(journal_.get(), 2000);
  journal_.reset();
  std::atomic<bool> stop{true};
  const auto opened = OpenRecords(options_.state_dir, &stop);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCancelled);
}

TEST_F(RecordsTest, ChangesNothing) {
  LeaveThree();
  ASSERT_EQ(chmod((dir_ / "journal.sqlite").c_str(), 0644), 0);
  const auto before = Look();
  {
    const auto records = Open();
    EXPECT_EQ(Walked(records.get(), {}).size(), 3u);
    EXPECT_EQ(records->Counts()->done, 1u);
    EXPECT_EQ(Look(), before);
  }
  EXPECT_EQ(Look(), before);
}

TEST_F(RecordsTest, ReadsAStateInAFolderThatNobodyMayWriteTo) {
  LeaveThree();
  ASSERT_EQ(chmod(dir_.path().c_str(), 0500), 0);
  EXPECT_EQ(Walked(Open().get(), {}).size(), 3u);
  ASSERT_EQ(chmod(dir_.path().c_str(), 0700), 0);
}

TEST_F(RecordsTest, ReadsACopyWithoutALock) {
  LeaveThree();
  fs::remove(dir_ / "lock");
  EXPECT_EQ(Walked(Open().get(), {}).size(), 3u);
  EXPECT_FALSE(fs::exists(dir_ / "lock"));
}

TEST_F(RecordsTest, FindsNoJobAndMakesNone) {
  EXPECT_EQ(OpenFails().code, ErrorCode::kNotFound);
  EXPECT_TRUE(fs::is_empty(dir_.path()));
  options_.state_dir = dir_ / "absent";
  EXPECT_EQ(OpenFails().code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(options_.state_dir));
  options_.state_dir = dir_.Write("file", "x");
  EXPECT_FALSE(OpenRecords(options_.state_dir, nullptr));
}

TEST_F(RecordsTest, RefusesADamagedJournal) {
  Restart();
  CommitFailures(journal_.get(), 400);
  journal_.reset();
  const std::string whole = dir_.Read("journal.sqlite");
  std::string damaged = whole;
  for (std::size_t i = 100; i < damaged.size(); ++i) damaged[i] = 'x';
  for (const std::string& bytes : {damaged, whole.substr(0, whole.size() / 2),
                                   std::string(), std::string(8192, 'x')}) {
    dir_.Write("journal.sqlite", bytes);
    const auto before = Look();
    const Error error = OpenFails();
    EXPECT_EQ(error.code, ErrorCode::kBadData) << error.what;
    EXPECT_NE(error.what.find("journal.sqlite"), std::string::npos);
    EXPECT_EQ(Look(), before);
  }
}

TEST_F(RecordsTest, RefusesALogWithoutItsJournal) {
  LeaveThree();
  fs::rename(dir_ / "journal.sqlite", dir_ / "journal.sqlite-wal");
  EXPECT_EQ(OpenFails().code, ErrorCode::kBadData);
}

TEST_F(RecordsTest, RefusesASchemaThatIsNotOurs) {
  LeaveThree();
  Tamper(dir_.path(),
         "CREATE TRIGGER x AFTER INSERT ON items BEGIN SELECT 1; END");
  EXPECT_EQ(OpenFails().code, ErrorCode::kBadData);
}

TEST_F(RecordsTest, NamesANewerVersionAlsoIfItsTablesDiffer) {
  LeaveThree();
  Tamper(dir_.path(), "UPDATE meta SET value = '2' WHERE key = 'version'");
  EXPECT_EQ(OpenFails().code, ErrorCode::kUsage);
  Tamper(dir_.path(), "ALTER TABLE items ADD COLUMN node TEXT");
  const Error error = OpenFails();
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  EXPECT_NE(error.what.find("another version"), std::string::npos);
  // A run refuses it in the same way.
  EXPECT_EQ(OpenError().code, ErrorCode::kUsage);
}

TEST_F(RecordsTest, RefusesAFileThatAnotherUserMayHaveMade) {
  LeaveThree();
  fs::create_symlink("journal.sqlite", dir_ / "journal.sqlite-wal");
  EXPECT_EQ(OpenFails().code, ErrorCode::kUsage);
}

TEST_F(RecordsTest, KeepsRunsAwayUntilItIsClosed) {
  LeaveThree();
  {
    const auto records = Open(), more = Open();
    EXPECT_EQ(OpenError().code, ErrorCode::kUsage);
  }
  Restart();
}

// A process that works on the state: it commits a record for each byte that it
// is sent, and answers with a byte.
class OtherRun {
 public:
  explicit OtherRun(const JournalOptions& options) {
    EXPECT_EQ(pipe(to_), 0);
    EXPECT_EQ(pipe(from_), 0);
    child_ = fork();
    if (child_ != 0) return;
    auto journal = OpenJournal(options);
    char byte = 0;
    for (int i = 0; journal && read(to_[0], &byte, 1) == 1 && byte == '+';
         ++i) {
      const std::string key = std::to_string(i);
      const ItemRecord record = Done(key, key, {"200x"});
      if (!(*journal)->Commit({&record, 1}) || write(from_[1], "x", 1) != 1)
        break;
    }
    journal = nullptr;
    _exit(0);
  }
  ~OtherRun() { Kill(); }
  void Commit() {
    char byte = 0;
    ASSERT_EQ(write(to_[1], "+", 1), 1);
    ASSERT_EQ(read(from_[0], &byte, 1), 1);
  }
  void End() {
    EXPECT_EQ(write(to_[1], "-", 1), 1);
    Reap();
  }
  void Kill() {
    if (child_ > 0) kill(child_, SIGKILL);
    Reap();
  }

 private:
  void Reap() {
    if (child_ > 0) waitpid(child_, nullptr, 0);
    child_ = 0;
    for (const int fd : {to_[0], to_[1], from_[0], from_[1]}) close(fd);
  }
  int to_[2], from_[2];
  pid_t child_ = 0;
};

TEST_F(RecordsTest, ReadsAStateThatARunWorksOn) {
  OtherRun run(options_);
  run.Commit();
  run.Commit();
  const auto before = Look(false);
  const auto records = Open();
  EXPECT_EQ(Walked(records.get(), {}).size(), 2u);
  EXPECT_EQ(Look(false), before);
  // The run goes on, and the next walk sees its new record.
  run.Commit();
  EXPECT_EQ(Walked(records.get(), {}).size(), 3u);
  EXPECT_EQ(records->Counts()->done, 3u);
  run.End();
  EXPECT_EQ(Walked(records.get(), {}).size(), 3u);
}

TEST_F(RecordsTest, ReadsTheLogOfARunThatWasKilled) {
  {
    OtherRun run(options_);
    for (int i = 0; i < 3; ++i) run.Commit();
    run.Kill();
  }
  ASSERT_GT(dir_.Read("journal.sqlite-wal").size(), 0u);
  for (const bool keep_index : {true, false}) {
    if (!keep_index) fs::remove(dir_ / "journal.sqlite-shm");
    const auto before = Look();
    EXPECT_EQ(Walked(Open().get(), {}).size(), 3u);
    EXPECT_EQ(Look(), before);
  }
  // Nothing is lost for the next run.
  Restart();
  EXPECT_EQ(journal_->Counts()->done, 3u);
}

TEST_F(RecordsTest, AsksToTryAgainWhileARunOpensTheJournal) {
  LeaveThree();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Holds the lock, but has not opened the journal.
    const std::string command = "exec flock '" + (dir_ / "lock") + "' sleep 60";
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(1);
  }
  Error error;
  for (int i = 0; i < 500 && error.code != ErrorCode::kUnavailable; ++i) {
    usleep(10'000);
    const auto opened = OpenRecords(options_.state_dir, nullptr);
    if (!opened) error = opened.error();
  }
  EXPECT_EQ(error.code, ErrorCode::kUnavailable) << error.what;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(MemoryJournal, HasNoRecordsToWalk) {
  auto journal = MemoryJournal().value();
  const ItemRecord record = Done("a", "A", {"200x"});
  ASSERT_TRUE(journal->Commit({&record, 1}));
  EXPECT_TRUE(Walked(journal.get(), {}).empty());
}

}  // namespace
}  // namespace thumbmill
