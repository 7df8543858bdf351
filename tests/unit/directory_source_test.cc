// Links: tm_source
#include "coordinator/source/directory_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

class DirectorySourceTest : public testing::Test {
 protected:
  DirectorySourceTest() {
    options_.root = dir_ / "root";
    fs::create_directories(options_.root);
  }
  std::vector<ImageRef> Items() {
    auto source = DirectorySource::Open(options_);
    EXPECT_TRUE(source) << source.error().what;
    std::vector<ImageRef> items;
    while (source) {
      auto item = (*source)->Next();
      EXPECT_TRUE(item) << item.error().what;
      if (!item || !*item) break;
      items.push_back(std::move(**item));
    }
    return items;
  }
  // Returns the names relative to the root, with the reason if there is one.
  Strings Names() {
    Strings names;
    for (const ImageRef& item : Items()) {
      names.push_back(item.uri.substr(options_.root.size() + 1));
      if (item.reason != Reason::kNone)
        names.back() += ":" + std::string(ToString(item.reason));
    }
    return names;
  }
  void Add(std::string_view name) {
    dir_.Write("root/" + std::string(name), "x");
  }
  void Link(const std::string& to, std::string_view name) {
    fs::create_symlink(to, options_.root + "/" + std::string(name));
  }

  TempDir dir_;
  DirectoryOptions options_;
};

TEST_F(DirectorySourceTest, WalksInBytewiseOrderOfEachFolder) {
  for (const char* name : {"b.jpg", "a/z.jpg", "a.jpg", "B.jpg", "a/b/c.jpg",
                           "\xc3\xa4.jpg", "\x01.jpg"})
    Add(name);
  EXPECT_EQ(Names(), (Strings{"\x01.jpg", "B.jpg", "a/b/c.jpg", "a/z.jpg",
                              "a.jpg", "b.jpg", "\xc3\xa4.jpg"}));
}

TEST_F(DirectorySourceTest, TellsHowMuchOfTheTreeItHasSeen) {
  for (const char* name : {"a.png", "b/1.png", "b/2.png", "c.png"}) Add(name);
  auto source = DirectorySource::Open(options_).value();
  std::vector<double> seen;
  do {
    seen.push_back(source->progress().value());
  } while (source->Next().value());
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_EQ(seen.front(), 0);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_NEAR(seen[1], 1.0 / 3, 1e-9);
  EXPECT_NEAR(seen[2], 0.5, 1e-9);
  EXPECT_EQ(source->progress(), 1.0);
}

TEST_F(DirectorySourceTest, TellsPartsOfNamesRelativeToTheRoot) {
  Add("d/e/photo.JPG");
  const auto items = Items();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].dir, "d/e");
  EXPECT_EQ(items[0].stem, "photo");
  EXPECT_EQ(items[0].srcext, "JPG");
  EXPECT_EQ(items[0].origin, Origin::kDirectory);
  EXPECT_EQ(items[0].size_bytes, 1u);
  EXPECT_FALSE(items[0].stamp.empty());
}

TEST_F(DirectorySourceTest, PutsAPrefixBeforeThem) {
  Add("photo.jpg");
  options_.prefix = "root/";
  EXPECT_EQ(Items().at(0).dir, "root");
}

TEST_F(DirectorySourceTest, SkipsHiddenNamesAndWhatIsNoFile) {
  Add("a.jpg");
  Add(".hidden.jpg");
  Add(".folder/b.jpg");
  ASSERT_EQ(mkfifo((options_.root + "/pipe.jpg").c_str(), 0600), 0);
  EXPECT_EQ(Names(), Strings{"a.jpg"});
}

TEST_F(DirectorySourceTest, FollowsLinksToFilesInsideTheRootOnly) {
  Add("sub/a.jpg");
  dir_.Write("outside.jpg", "x");
  dir_.Write("root-twin/b.jpg", "x");
  Link("sub/a.jpg", "in.jpg");
  Link("../outside.jpg", "out.jpg");
  Link(dir_ / "root-twin/b.jpg", "twin.jpg");
  Link("sub", "folder");
  EXPECT_EQ(Names(), (Strings{"in.jpg", "sub/a.jpg"}));
}

TEST_F(DirectorySourceTest, DoesNotRunInCirclesOverLinks) {
  Add("a.jpg");
  Link(".", "self");
  Link("loop2", "loop1");
  Link("loop1", "loop2");
  const Strings names = Names();
  EXPECT_EQ(names, (Strings{"a.jpg", "loop1:read", "loop2:read"}));
}

TEST_F(DirectorySourceTest, NeverEntersWhatItMustNot) {
  Add("a.jpg");
  Add("out/b.jpg");
  options_.never_enter = {options_.root + "/./out"};
  EXPECT_EQ(Names(), Strings{"a.jpg"});
}

TEST_F(DirectorySourceTest, NeverEntersAnOutputMadeAfterItWasOpened) {
  Add("sub/a.jpg");
  options_.never_enter = {options_.root + "/sub/out"};
  auto source = DirectorySource::Open(options_).value();
  Add("sub/out/b.jpg");
  EXPECT_EQ((**source->Next()).stem, "a");
  EXPECT_FALSE(*source->Next());
}

TEST_F(DirectorySourceTest, RefusesTheOutputItselfAsInput) {
  options_.never_enter = {options_.root};
  const auto source = DirectorySource::Open(options_);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kUsage);
}

TEST_F(DirectorySourceTest, FiltersByIncludeAndExclude) {
  for (const char* name : {"a.jpg", "a.png", "sub/b.jpg", "old/c.jpg"})
    Add(name);
  options_.include = {"*.jpg"};
  options_.exclude = {"old/*"};
  EXPECT_EQ(Names(), (Strings{"a.jpg", "a.png:filtered", "old/c.jpg:filtered",
                              "sub/b.jpg"}));
}

TEST_F(DirectorySourceTest, ReportsAFolderThatCannotBeReadAndGoesOn) {
  Add("a/x.jpg");
  Add("b.jpg");
  fs::permissions(options_.root + "/a", fs::perms::none);
  fs::permissions(dir_.path(), fs::perms(0755));
  const bool root = geteuid() == 0;  // root can read every folder
  if (root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  EXPECT_EQ(Names(), (Strings{"a/:read", "b.jpg"}));
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  fs::permissions(options_.root + "/a", fs::perms::owner_all);
}

TEST_F(DirectorySourceTest, ReportsWhatVanishedAfterItWasListed) {
  Add("a.jpg");
  Add("b.jpg");
  auto source = DirectorySource::Open(options_).value();
  fs::remove(options_.root + "/a.jpg");
  EXPECT_EQ((**source->Next()).reason, Reason::kRead);
  EXPECT_EQ((**source->Next()).reason, Reason::kNone);
  EXPECT_FALSE(*source->Next());
}

TEST_F(DirectorySourceTest, ReadsAFolderOnlyWhenItGetsThere) {
  Add("a.jpg");
  fs::create_directory(options_.root + "/b");
  auto source = DirectorySource::Open(options_).value();
  Add("b/late.jpg");
  (void)source->Next();
  EXPECT_EQ((**source->Next()).stem, "late");
}

TEST_F(DirectorySourceTest, FailsToOpenWhatIsNotThere) {
  options_.root = dir_ / "none";
  EXPECT_FALSE(DirectorySource::Open(options_));
}

}  // namespace
}  // namespace thumbmill
