// Links: tm_source
#include "coordinator/source/list_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "coordinator/source/list_entry.h"
#include "coordinator/source/name_parts.h"
#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

std::vector<ImageRef> ItemsOf(std::string_view text) {
  const TempDir dir;
  ListSource source(LineReader::Open(dir.Write("list", text), -1).value());
  std::vector<ImageRef> items;
  while (true) {
    auto item = source.Next();
    EXPECT_TRUE(item) << item.error().what;
    if (!item || !*item) return items;
    items.push_back(std::move(**item));
  }
}

TEST(ListSource, SkipsCommentsAndEmptyLinesAndTrims) {
  const auto items = ItemsOf("# one\n\n  \t\n  http://ex.org/a.jpg \r\n#\n");
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].uri, "http://ex.org/a.jpg");
  EXPECT_TRUE(items[0].is_url);
  EXPECT_EQ(items[0].origin, Origin::kList);
  EXPECT_EQ(items[0].reason, Reason::kNone);
  EXPECT_EQ(items[0].host, "ex.org");
}

TEST(ListSource, ReportsALineThatIsTooLong) {
  const auto items = ItemsOf("http://ex.org/" + std::string(70'000, 'a') +
                             "\nhttp://ex.org/b.jpg\n");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].reason, Reason::kBadLine);
  EXPECT_LT(items[0].uri.size(), 1000u);
  EXPECT_EQ(items[1].reason, Reason::kNone);
}

TEST(ListSource, ReportsANulByte) {
  const auto items = ItemsOf(std::string_view("http://ex.org/a\0.jpg\n", 21));
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].reason, Reason::kBadLine);
}

TEST(ListEntry, OfAnotherSchemeIsABadLine) {
  for (const char* entry :
       {"ftp://ex.org/a.jpg", "s3://bucket/a.jpg", "javascript://x", "http://",
        "http:///a.jpg", "http://ex.org:99999/", "not a url"})
    EXPECT_EQ(FromListEntry(entry, Origin::kList).reason, Reason::kBadLine)
        << entry;
}

TEST(ListEntry, HidesPasswordsOfABadLine) {
  const ImageRef ref =
      FromListEntry("ftp://user:secret@ex.org/a.jpg", Origin::kList);
  EXPECT_EQ(ref.message.find("secret"), std::string::npos);
}

TEST(ListEntry, OfAFileHasItsStampAndSize) {
  const TempDir dir;
  const std::string file = dir.Write("d/a.jpg", "12345");
  const ImageRef ref = FromListEntry(file, Origin::kList);
  EXPECT_EQ(ref.reason, Reason::kNone);
  EXPECT_FALSE(ref.is_url);
  EXPECT_EQ(ref.uri, file);
  EXPECT_EQ(ref.path, AbsolutePath(file));
  EXPECT_EQ(ref.size_bytes, 5u);
  EXPECT_TRUE(ref.stamp.starts_with("5:")) << ref.stamp;
  EXPECT_GT(ref.stamp.size(), 15u);
  EXPECT_EQ(ref.stem, "a");
  EXPECT_TRUE(ref.dir.ends_with("/d"));
}

TEST(ListEntry, HasAnotherStampOnceTheFileIsTouched) {
  const TempDir dir;
  const std::string file = dir.Write("a.jpg", "12345");
  const std::string before = FromListEntry(file, Origin::kList).stamp;
  const timespec times[2] = {{1, 0}, {1, 5}};
  ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  EXPECT_NE(FromListEntry(file, Origin::kList).stamp, before);
  EXPECT_EQ(FromListEntry(file, Origin::kList).stamp, "5:1000000005");
}

TEST(ListEntry, OfAFileUrlIsALocalPath) {
  const TempDir dir;
  const std::string file = dir.Write("\xff b.jpg", "x");
  for (const std::string start : {"file://", "file://localhost"}) {
    const ImageRef ref =
        FromListEntry(start + dir.path() + "/%ff%20b.jpg", Origin::kList);
    EXPECT_EQ(ref.reason, Reason::kNone) << ref.message;
    EXPECT_EQ(ref.path, AbsolutePath(file));
  }
}

TEST(ListEntry, IsFoundAgainByItsListableUri) {
  const TempDir dir;
  const std::string file = dir.Write("\xff#.jpg", "x");
  EXPECT_EQ(FromListEntry(ListableUri(file), Origin::kList).path,
            FromListEntry(file, Origin::kList).path);
}

TEST(ListEntry, OfAFileUrlNamesNoOtherHostAndHoldsNoNul) {
  for (const char* entry : {"file://elsewhere/a.jpg", "file://a.jpg", "file://",
                            "file:///etc/passwd%00.jpg"})
    EXPECT_EQ(FromListEntry(entry, Origin::kList).reason, Reason::kBadLine)
        << entry;
}

TEST(ListEntry, ThatCannotBeReadSaysSo) {
  const TempDir dir;
  const ImageRef missing = FromListEntry(dir / "none.jpg", Origin::kList);
  EXPECT_EQ(missing.reason, Reason::kRead);
  EXPECT_FALSE(missing.message.empty());
  EXPECT_EQ(FromListEntry(dir.path(), Origin::kList).reason, Reason::kRead);
  EXPECT_EQ(FromListEntry("/dev/null", Origin::kList).reason, Reason::kRead);
}

TEST(ListEntry, IsOneSourceHoweverItIsWritten) {
  const std::string key = SourceKey(FromListEntry("some/a.jpg", Origin::kList));
  for (const std::string& entry :
       {std::string("./some//a.jpg"), AbsolutePath("some/a.jpg")})
    EXPECT_EQ(SourceKey(FromListEntry(entry, Origin::kList)), key) << entry;
}

TEST(Excerpts, AreBoundedAndPrintable) {
  EXPECT_EQ(Excerpt("a\x01\x7f\nb"), "a???b");
  EXPECT_LT(Excerpt(std::string(10'000, 'a')).size(), 300u);
}

// A list from the network must not choose files of this machine.
TEST(ListEntry, TakesOnlyUrlsFromARemoteList) {
  const TempDir dir;
  const std::string file = dir.Write("a.jpg", "bytes");
  for (const std::string& entry :
       {file, "file://" + file, "FILE://" + file, "file:" + file,
        std::string("/dev/null"), std::string("http:/a.jpg"),
        std::string("a.jpg"), std::string("data:image/png,x")}) {
    const ImageRef ref = FromListEntry(entry, Origin::kRemoteList);
    EXPECT_EQ(ref.reason, Reason::kBadLine) << entry;
    EXPECT_EQ(ref.path, "") << entry;
    EXPECT_FALSE(ref.is_url) << entry;
  }
  EXPECT_NE(FromListEntry(file, Origin::kRemoteList)
                .message.find("may not name local files"),
            std::string::npos);
  const ImageRef url = FromListEntry("http://h/a.jpg", Origin::kRemoteList);
  EXPECT_EQ(url.reason, Reason::kNone);
  EXPECT_EQ(url.origin, Origin::kRemoteList);
}

}  // namespace
}  // namespace thumbmill
