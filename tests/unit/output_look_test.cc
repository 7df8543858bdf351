// Links: tm_sink
#include "coordinator/sink/output_look.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

TEST(OutputLook, FindsWhatIsThereWithItsSize) {
  const TempDir dir;
  dir.Write("a/b/x_8.jpg", "12345");
  dir.Write("y.jpg", "");
  OutputLook look(dir.path());
  EXPECT_TRUE(look.IsThere("a/b/x_8.jpg", 5));
  EXPECT_TRUE(look.IsThere("y.jpg", 0));
  EXPECT_FALSE(look.IsThere("a/b/x_8.jpg", 4));
  EXPECT_FALSE(look.IsThere("a/b/z_8.jpg", 5));
  EXPECT_FALSE(look.IsThere("a/c/x_8.jpg", 5));
  EXPECT_FALSE(look.IsThere("a/b", 5));
}

TEST(OutputLook, FindsNothingInATargetThatIsNotThere) {
  const TempDir dir;
  OutputLook look(dir / "nowhere");
  EXPECT_FALSE(look.IsThere("x.jpg", 0));
}

TEST(OutputLook, GoesThroughNoLinkAndNotOutside) {
  const TempDir dir;
  dir.Write("secret/x.jpg", "12345");
  dir.Write("target/real/x.jpg", "12345");
  fs::create_symlink(dir / "secret", dir / "target/folder");
  fs::create_symlink(dir / "secret/x.jpg", dir / "target/link.jpg");
  ASSERT_EQ(mkfifo((dir / "target/fifo").c_str(), 0600), 0);
  OutputLook look(dir / "target");
  EXPECT_TRUE(look.IsThere("real/x.jpg", 5));
  for (const char* name :
       {"folder/x.jpg", "link.jpg", "../secret/x.jpg",
        "real/../../secret/x.jpg", "fifo", "real/..", "", "/", "real/"})
    EXPECT_FALSE(look.IsThere(name, 5)) << name;
  EXPECT_FALSE(look.IsThere(dir / "secret/x.jpg", 5));
}

TEST(OutputLook, ListsEachFolderOnceHoweverMuchIsAsked) {
  const TempDir dir;
  for (int i = 0; i < 200; ++i)
    dir.Write(std::to_string(i % 4) + "/" + std::to_string(i), "x");
  OutputLook look(dir.path());
  for (int i = 0; i < 200; ++i)
    EXPECT_TRUE(
        look.IsThere(std::to_string(i % 4) + "/" + std::to_string(i), 1));
  EXPECT_LE(look.listed(), 210u);  // counts "." and ".." too
}

// Each folder has one output among many foreign files.
TEST(OutputLook, StopsListingWhatIsMostlyNotOurs) {
  const TempDir dir;
  std::uint64_t most = 0;
  for (int folder = 0; folder < 90; ++folder) {
    const std::string name = std::to_string(folder);
    fs::create_directories(dir / name);
    for (int i = 0; i < 1000; ++i)
      fs::create_symlink("x", dir / (name + "/" + std::to_string(i)));
    dir.Write(name + "/ours", "x");
    most += 1001;
  }
  OutputLook look(dir.path());
  for (int folder = 0; folder < 90; ++folder)
    EXPECT_TRUE(look.IsThere(std::to_string(folder) + "/ours", 1));
  EXPECT_LT(look.listed(), most);
}

TEST(OutputLook, SaysYesToAllOnceItIsStopped) {
  const TempDir dir;
  OutputLook look(dir.path());
  EXPECT_FALSE(look.IsThere("x", 1));
  look.Stop();
  EXPECT_TRUE(look.IsThere("x", 1));
}

}  // namespace
}  // namespace thumbmill
