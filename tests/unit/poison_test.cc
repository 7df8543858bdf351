// Links: tm_engine tm_sink tm_common
#include "coordinator/engine/poison.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t ModeOf(const std::string& path) {
  struct stat st {};
  EXPECT_EQ(stat(path.c_str(), &st), 0) << path;
  return st.st_mode & 0777;
}

class PoisonTest : public testing::Test {
 protected:
  Status Keep(const std::string& name, std::string_view bytes) {
    return KeepPoison(folder_, name, AsBytes(bytes));
  }
  std::size_t Files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), {}));
  }
  TempDir dir_;
  std::string folder_ = dir_.path() + "/a/poison";
};

TEST_F(PoisonTest, IsKeptWholeAndForItsOwnerOnly) {
  ASSERT_TRUE(Keep("1-x.jpg", "bytes"));
  EXPECT_EQ(ReadAll(folder_ + "/1-x.jpg"), "bytes");
  EXPECT_EQ(ModeOf(folder_ + "/1-x.jpg"), 0600u);
  EXPECT_EQ(ModeOf(folder_), 0700u);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(PoisonTest, ReplacesNothing) {
  ASSERT_TRUE(Keep("1-x.jpg", "first"));
  ASSERT_TRUE(Keep("1-x.jpg", "second"));
  EXPECT_EQ(ReadAll(folder_ + "/1-x.jpg"), "first");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(PoisonTest, FollowsNoLinkToWrite) {
  fs::create_directories(folder_);
  fs::create_symlink(dir_.path() + "/other", folder_ + "/1-x.jpg");
  ASSERT_TRUE(Keep("1-x.jpg", "bytes"));
  EXPECT_FALSE(fs::exists(dir_.path() + "/other"));
}

TEST_F(PoisonTest, WhatCannotBeWrittenIsAnErrorAndLeavesNothing) {
  std::ofstream(dir_.path() + "/a") << "a file, where a folder should be";
  const Status kept = Keep("1-x.jpg", "bytes");
  ASSERT_FALSE(kept);
  EXPECT_NE(kept.error().what.find(dir_.path() + "/a"), std::string::npos);
}

TEST(PoisonName, IsSafeInEveryFolder) {
  const std::string sha = std::string(64, 'a');
  const std::string mark = std::string(16, 'a') + "-";
  EXPECT_EQ(PoisonName(sha, "photo", "jpg"), mark + "photo.jpg");
  EXPECT_EQ(PoisonName(sha, "../../etc/p\n", "jp/g"),
            mark + ".._.._etc_p_.jp_g");
  EXPECT_EQ(PoisonName(sha, "", ""), mark);
  EXPECT_EQ(PoisonName(sha, std::string(400, 'x'), "jpg").size(), 121u);
}

}  // namespace
}  // namespace thumbmill
