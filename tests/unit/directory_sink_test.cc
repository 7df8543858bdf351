// Links: tm_sink
#include "coordinator/sink/directory_sink.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/own_files.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "coordinator/sink/null_sink.h"
#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;
using ItemPtr = std::shared_ptr<StoreItem>;
using Files = std::vector<std::pair<std::string, std::string>>;

ItemPtr ItemOf(const Files& files) {
  auto item = std::make_shared<StoreItem>();
  for (const auto& [name, text] : files) {
    StoreItem::File file;
    file.name = name;
    file.bytes.assign(text.begin(), text.end());
    item->files.push_back(std::move(file));
  }
  return item;
}

// The loop and the pool that a run has around its sink.
struct Bench {
  Bench(const std::string& target, FsyncPolicy fsync)
      : sink(MakeDirectorySink(loop.get(), &pool, {target, fsync})) {}

  // Puts an item and waits for the answer.
  StoreResult Put(const ItemPtr& item) {
    std::optional<StoreResult> answer;
    sink->Put(item, [&](const ItemPtr& same, StoreResult result) {
      EXPECT_EQ(same, item);
      answer = std::move(result);
    });
    while (!answer) loop->RunOnce(Millis(1000));
    return *answer;
  }
  Status Publish(const std::vector<ItemPtr>& batch) {
    failed.clear();
    ASSIGN_OR_RETURN(const std::vector<Unpublished> alone,
                     sink->Publish(batch));
    for (const Unpublished& one : alone) failed[batch.at(one.index)] = one;
    return {};
  }

  std::unique_ptr<EventLoop> loop = EventLoop::Create().value();
  std::unique_ptr<Sink> sink;
  std::map<ItemPtr, Unpublished> failed;  // of the last Publish()
  IoPool pool{2};                         // declared last, so destroyed first
};

class DirectorySinkTest : public testing::Test {
 protected:
  DirectorySinkTest() : target_(dir_ / "new/target") {}
  std::unique_ptr<Bench> Start(FsyncPolicy fsync = FsyncPolicy::kBatch) {
    auto bench = std::make_unique<Bench>(target_, fsync);
    const Status prepared = bench->sink->Prepare();
    EXPECT_TRUE(prepared) << prepared.error().what;
    return bench;
  }
  std::string Stored(std::string_view name) {
    return dir_.Read("new/target/" + std::string(name));
  }
  bool Exists(std::string_view name) {
    return fs::exists(target_ + "/" + std::string(name));
  }
  std::size_t Leftovers() {
    const fs::recursive_directory_iterator all(target_ + "/.thumbmill/tmp");
    return static_cast<std::size_t>(std::count_if(
        begin(all), end(all),
        [](const auto& entry) { return entry.is_regular_file(); }));
  }

  TempDir dir_;
  std::string target_;
};

TEST_F(DirectorySinkTest, ShowsAFileOnlyOnceItIsPublished) {
  auto bench = Start();
  const ItemPtr item = ItemOf({{"a/b/x_200.jpg", "bytes"}, {"y.jpg", ""}});
  EXPECT_EQ(bench->Put(item).outcome, StoreOutcome::kStored);
  EXPECT_FALSE(Exists("a"));
  EXPECT_FALSE(Exists("y.jpg"));
  ASSERT_TRUE(bench->Publish({item}));
  EXPECT_EQ(Stored("a/b/x_200.jpg"), "bytes");
  EXPECT_TRUE(Exists("y.jpg"));
  EXPECT_EQ(Leftovers(), 0u);
  EXPECT_FALSE(bench->failed.contains(item));
}

TEST_F(DirectorySinkTest, PublishesUnderEveryPolicyFewFilesAndMany) {
  for (const FsyncPolicy fsync :
       {FsyncPolicy::kNever, FsyncPolicy::kBatch, FsyncPolicy::kEach}) {
    auto bench = Start(fsync);
    const std::string folder = "p" + std::to_string(static_cast<int>(fsync));
    for (const int count : {1, 60}) {
      std::vector<ItemPtr> batch;
      for (int i = 0; i < count; ++i) {
        batch.push_back(ItemOf({{folder + "/" + std::to_string(count) + "/" +
                                     std::to_string(i) + "/x.jpg",
                                 std::to_string(i)}}));
        EXPECT_EQ(bench->Put(batch.back()).outcome, StoreOutcome::kStored);
      }
      ASSERT_TRUE(bench->Publish(batch));
      EXPECT_EQ(Stored(batch.back()->files[0].name), std::to_string(count - 1));
    }
  }
}

TEST_F(DirectorySinkTest, ReplacesAFileOfThatName) {
  auto bench = Start();
  dir_.Write("new/target/x.jpg", "old and longer");
  const ItemPtr item = ItemOf({{"x.jpg", "new"}});
  bench->Put(item);
  ASSERT_TRUE(bench->Publish({item}));
  EXPECT_EQ(Stored("x.jpg"), "new");
}

TEST_F(DirectorySinkTest, RemovesWhatAKilledRunLeft) {
  Start().reset();
  dir_.Write("new/target/.thumbmill/tmp/17", "half");
  auto bench = Start();
  EXPECT_EQ(Leftovers(), 0u);
}

TEST_F(DirectorySinkTest, KeepsItsTemporaryFilesToItself) {
  auto bench = Start();
  struct stat st;
  ASSERT_EQ(stat((target_ + "/.thumbmill/tmp").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0700u);
}

TEST_F(DirectorySinkTest, FailsTheItemWhoseNameIsAFolder) {
  auto bench = Start();
  fs::create_directories(target_ + "/taken.jpg");
  const ItemPtr bad = ItemOf({{"taken.jpg", "x"}});
  const ItemPtr good = ItemOf({{"good.jpg", "x"}});
  bench->Put(bad);
  bench->Put(good);
  ASSERT_TRUE(bench->Publish({bad, good}));
  EXPECT_TRUE(bench->failed.contains(bad));
  EXPECT_FALSE(bench->failed.contains(good));
  EXPECT_EQ(Stored("good.jpg"), "x");
  EXPECT_EQ(Leftovers(), 0u);
}

TEST_F(DirectorySinkTest, ShowsNoSizeOfAnItemWhoseSecondNameIsAFolder) {
  auto bench = Start();
  fs::create_directories(target_ + "/b.jpg");
  const ItemPtr item = ItemOf({{"a.jpg", "x"}, {"b.jpg", "y"}, {"c.jpg", "z"}});
  bench->Put(item);
  ASSERT_TRUE(bench->Publish({item}));
  EXPECT_TRUE(bench->failed.contains(item));
  EXPECT_FALSE(fs::exists(target_ + "/a.jpg"));
  EXPECT_FALSE(fs::exists(target_ + "/c.jpg"));
  EXPECT_EQ(Leftovers(), 0u);
}

TEST_F(DirectorySinkTest, FailsTheItemThatNeedsAFolderWhereAFileIs) {
  auto bench = Start();
  dir_.Write("new/target/file", "x");
  const ItemPtr deep = ItemOf({{"file/a/b.jpg", "x"}});
  const ItemPtr flat = ItemOf({{"file/b.jpg", "x"}});
  bench->Put(deep);
  bench->Put(flat);
  ASSERT_TRUE(bench->Publish({deep, flat}));
  EXPECT_TRUE(bench->failed.contains(deep));
  EXPECT_TRUE(bench->failed.contains(flat));
  EXPECT_EQ(Stored("file"), "x");
}

TEST_F(DirectorySinkTest, FailsTheItemWhosePathIsTooLong) {
  auto bench = Start();
  std::string name;
  for (int i = 0; i < 30; ++i) name += std::string(200, 'd') + "/";
  const ItemPtr item = ItemOf({{name + "x.jpg", "x"}});
  bench->Put(item);
  ASSERT_TRUE(bench->Publish({item}));
  EXPECT_TRUE(bench->failed.contains(item));
}

TEST_F(DirectorySinkTest, FailsTheItemWhoseFolderIsALinkAndNoOther) {
  auto bench = Start();
  fs::create_directories(dir_ / "elsewhere");
  fs::create_directories(target_ + "/real");
  fs::create_symlink("loop", target_ + "/loop");
  fs::create_symlink("nowhere", target_ + "/dangling");
  fs::create_symlink(dir_ / "elsewhere", target_ + "/outside");
  fs::create_symlink("real", target_ + "/inside");
  // A link below a real folder must not escape notice.
  fs::create_symlink(dir_ / "elsewhere", target_ + "/real/deep");
  const std::vector<std::string> bad = {"loop/x",      "dangling/x",
                                        "outside/x",   "inside/x",
                                        "real/deep/x", "outside/new/x"};
  std::vector<ItemPtr> batch;
  for (const std::string& name : bad) {
    batch.push_back(ItemOf({{name, "x"}}));
    batch.push_back(ItemOf({{"good/" + name, "x"}}));
  }
  for (const ItemPtr& item : batch) bench->Put(item);
  ASSERT_TRUE(bench->Publish(batch));
  for (std::size_t i = 0; i < batch.size(); i += 2) {
    EXPECT_EQ(bench->failed[batch[i]].reason, Reason::kUpload) << bad[i / 2];
    EXPECT_NE(bench->failed[batch[i]].message.find("link"), std::string::npos);
    EXPECT_FALSE(bench->failed.contains(batch[i + 1])) << bad[i / 2];
    EXPECT_TRUE(Exists("good/" + bad[i / 2]));
  }
  EXPECT_TRUE(fs::is_empty(dir_ / "elsewhere"));
  EXPECT_EQ(Leftovers(), 0u);
}

TEST_F(DirectorySinkTest, PlacesAFileWhereALinkHasItsName) {
  auto bench = Start();
  dir_.Write("treasure", "of the user");
  fs::create_symlink(dir_ / "treasure", target_ + "/x.jpg");
  const ItemPtr item = ItemOf({{"x.jpg", "new"}});
  bench->Put(item);
  ASSERT_TRUE(bench->Publish({item}));
  EXPECT_EQ(Stored("x.jpg"), "new");
  EXPECT_EQ(dir_.Read("treasure"), "of the user");
}

TEST_F(DirectorySinkTest, StopsTheRunWhenTheTargetIsGone) {
  auto bench = Start();
  const ItemPtr item = ItemOf({{"a/x.jpg", "x"}});
  bench->Put(item);
  fs::remove_all(target_);
  EXPECT_FALSE(bench->Publish({item}));
}

TEST_F(DirectorySinkTest, MakesAFolderAgainThatSomebodyRemoved) {
  auto bench = Start();
  const ItemPtr one = ItemOf({{"d/e/1.jpg", "x"}});
  bench->Put(one);
  ASSERT_TRUE(bench->Publish({one}));
  fs::remove_all(target_ + "/d");
  const ItemPtr two = ItemOf({{"d/e/2.jpg", "y"}});
  bench->Put(two);
  ASSERT_TRUE(bench->Publish({two}));
  EXPECT_EQ(Stored("d/e/2.jpg"), "y");
}

TEST_F(DirectorySinkTest, HoldsTheTargetAloneAndNamesTheProcess) {
  auto bench = Start();
  Bench other(target_, FsyncPolicy::kBatch);
  const Status prepared = other.sink->Prepare();
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, ErrorCode::kUsage);
  EXPECT_NE(prepared.error().what.find("process " + std::to_string(getpid())),
            std::string::npos);
}

TEST_F(DirectorySinkTest, RefusesATargetThatIsAFile) {
  dir_.Write("new/target", "x");
  Bench bench(target_, FsyncPolicy::kBatch);
  EXPECT_FALSE(bench.sink->Prepare());
}

TEST_F(DirectorySinkTest, AnswersNothingAfterAbort) {
  auto bench = Start();
  bool answered = false;
  bench->sink->Put(ItemOf({{"x.jpg", "x"}}),
                   [&](const ItemPtr&, StoreResult) { answered = true; });
  bench->sink->Abort();
  // A job that enters the pool after the put, and posts to the loop, gives an
  // answer of the put time to arrive.
  bool later = false;
  bench->pool.Submit([&] { bench->loop->Post([&] { later = true; }); });
  while (!later) bench->loop->RunOnce(Millis(1000));
  bench->loop->RunOnce(Millis(0));
  EXPECT_FALSE(answered);
}

// Fills a file system of its own that holds 300 KB. Returns 0 if the sink
// behaves as promised, 1 if not, 2 if this system allows no such mount.
int FillADisk(const std::string& target) {
  const uid_t user = geteuid();
  if (unshare((user == 0 ? 0 : CLONE_NEWUSER) | CLONE_NEWNS) != 0) return 2;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", target.c_str(), "tmpfs", 0, "size=300k") != 0)
    return 2;
  Bench bench(target, FsyncPolicy::kBatch);
  if (!bench.sink->Prepare()) return 1;
  const std::string text(100 << 10, 'x');
  for (int i = 0; i < 10; ++i) {
    const ItemPtr item = ItemOf({{std::to_string(i), text}});
    const StoreResult result = bench.Put(item);
    if (result.outcome == StoreOutcome::kStored) continue;
    const bool as_told = result.outcome == StoreOutcome::kFatal &&
                         result.message.find("No space") != std::string::npos;
    const fs::recursive_directory_iterator left(target + "/.thumbmill/tmp");
    const auto files = std::count_if(
        begin(left), end(left),
        [](const auto& entry) { return entry.is_regular_file(); });
    // The disk must hold one file or more before it is full. Of the file that
    // did not fit, nothing is left.
    return as_told && files == i && i > 0 ? 0 : 1;
  }
  return 1;
}

TEST_F(DirectorySinkTest, StopsTheRunWhenTheDiskIsFull) {
  fs::create_directories(target_);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(FillADisk(target_));
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(MakeFolders, MakesAllThatIsMissing) {
  const TempDir dir;
  EXPECT_TRUE(MakeFolders(dir / "a/b//c/"));
  EXPECT_TRUE(fs::is_directory(dir / "a/b/c"));
  EXPECT_TRUE(MakeFolders(dir / "a/b"));
  EXPECT_TRUE(MakeFolders("/"));
  dir.Write("file", "x");
  EXPECT_FALSE(MakeFolders(dir / "file"));
  EXPECT_FALSE(MakeFolders(dir / "file/below"));
}

TEST(NullSink, AnswersFromTheLoop) {
  auto loop = EventLoop::Create().value();
  auto sink = MakeNullSink(loop.get());
  ASSERT_TRUE(sink->Prepare());
  bool answered = false;
  const ItemPtr item = ItemOf({{"x", "y"}});
  sink->Put(item, [&](const ItemPtr& same, const StoreResult& result) {
    answered = same == item && result.outcome == StoreOutcome::kStored;
  });
  EXPECT_FALSE(answered);
  loop->RunOnce(Millis(1000));
  EXPECT_TRUE(answered);
  EXPECT_TRUE(sink->Publish(std::vector<ItemPtr>{item}));
}

}  // namespace
}  // namespace thumbmill
