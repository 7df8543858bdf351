// Links: tm_source
#include "coordinator/source/open_sources.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

class OpenSourcesTest : public testing::Test {
 protected:
  std::vector<ImageRef> Items(const std::vector<std::string>& inputs) {
    auto opened = OpenSources(inputs, options_);
    EXPECT_TRUE(opened) << opened.error().what;
    std::vector<ImageRef> items;
    while (opened) {
      auto item = opened->source->Next();
      EXPECT_TRUE(item) << item.error().what;
      if (!item || !*item) break;
      items.push_back(std::move(**item));
    }
    return items;
  }
  void ExpectUsage(const std::string& input) {
    const auto opened = OpenSources({input}, options_);
    ASSERT_FALSE(opened) << input;
    EXPECT_EQ(opened.error().code, ErrorCode::kUsage) << input;
    EXPECT_FALSE(opened.error().what.empty());
  }

  TempDir dir_;
  SourceOptions options_;
};

TEST_F(OpenSourcesTest, NumbersItemsOverAllInputs) {
  dir_.Write("folder/a.jpg", "x");
  const auto items = Items({dir_.Write("l.txt", "http://h/1\nhttp://h/2\n"),
                            dir_ / "folder", "http://h/3"});
  ASSERT_EQ(items.size(), 4u);
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i].index, i);
  EXPECT_EQ(items[0].origin, Origin::kList);
  EXPECT_EQ(items[2].origin, Origin::kDirectory);
  EXPECT_EQ(items[3].origin, Origin::kArgument);
}

TEST_F(OpenSourcesTest, KeepsThePositionThatARecordTells) {
  const std::string file = dir_.Write(
      "failed.jsonl",
      R"({"url":"http://h/a","status":"failed","reason":"dns","host":"h",)"
      R"("dir":"","stem":"a","srcext":"","index":41})");
  const auto opened = OpenSources({file}, options_);
  EXPECT_TRUE(opened->retry_failed);
  EXPECT_EQ((**opened->source->Next()).index, 41u);
}

TEST_F(OpenSourcesTest, TellsListsByTheirSuffix) {
  EXPECT_EQ(Items({dir_.Write("l.csv", "url\nhttp://h/c\n")}).at(0).uri,
            "http://h/c");
  EXPECT_EQ(Items({dir_.Write("l.tsv", "n\turl\n1\thttp://h/t\n")}).at(0).uri,
            "http://h/t");
  EXPECT_EQ(
      Items({dir_.Write("l.jsonl", "{\"url\":\"http://h/j\"}")}).at(0).uri,
      "http://h/j");
  EXPECT_EQ(Items({dir_.Write("l", "http://h/p")}).at(0).uri, "http://h/p");
}

TEST_F(OpenSourcesTest, TakesTheFormatThatIsGiven) {
  options_.input_format = "csv";
  options_.url_column = "link";
  EXPECT_EQ(Items({dir_.Write("l.txt", "link\nhttp://h/c\n")}).at(0).uri,
            "http://h/c");
  options_.input_format = "xml";
  ExpectUsage(dir_ / "l.txt");
}

TEST_F(OpenSourcesTest, TellsAnImageByItsBytesOrItsName) {
  const auto by_bytes = Items({dir_.Write("photo", "\xff\xd8\xff\xe0...")});
  ASSERT_EQ(by_bytes.size(), 1u);
  EXPECT_EQ(by_bytes[0].origin, Origin::kArgument);
  EXPECT_EQ(by_bytes[0].stem, "photo");
  EXPECT_EQ(by_bytes[0].dir, "");
  const auto by_name = Items({dir_.Write("d/empty.jpg", "")});
  ASSERT_EQ(by_name.size(), 1u);
  EXPECT_EQ(by_name[0].stem, "empty");
  // A TIFF is a picture that we cannot read; it must not be taken for a list.
  EXPECT_EQ(
      Items({dir_.Write("t.tif", std::string_view("II*\0\x08\0\0\0\n", 9))})
          .size(),
      1u);
}

TEST_F(OpenSourcesTest, NamesSeveralFoldersByTheirRoots) {
  dir_.Write("one/a.jpg", "x");
  dir_.Write("two/a.jpg", "x");
  const auto several = Items({dir_ / "one/", dir_ / "./two/."});
  ASSERT_EQ(several.size(), 2u);
  EXPECT_EQ(several[0].dir, "one");
  EXPECT_EQ(several[1].dir, "two");
  EXPECT_EQ(Items({dir_ / "one"}).at(0).dir, "");
}

TEST_F(OpenSourcesTest, RefusesWhatIsNotThere) {
  ExpectUsage(dir_ / "none");
  ExpectUsage("file://" + dir_ / "none.jpg");
  ExpectUsage("s3://bucket/prefix");
  ExpectUsage("ftp://h/a.jpg");
  ExpectUsage("http://");
}

TEST_F(OpenSourcesTest, KnowsItsProgressWhenEveryPartDoes) {
  const std::string one = dir_.Write("1.txt", "http://h/1\n");
  const std::string two = dir_.Write("2.txt", "http://h/2\n");
  auto opened = OpenSources({one, two}, options_).value();
  EXPECT_EQ(opened.source->progress(), 0.0);
  (void)opened.source->Next();
  EXPECT_EQ(opened.source->progress(), 0.5);
  auto mixed = OpenSources({one, dir_.path()}, options_).value();
  EXPECT_EQ(mixed.source->progress(), 0.0);
}

TEST(OpenSources, TakesAUrlForAListByThePathOrTheFormat) {
  for (const char* url :
       {"http://h/a.txt", "https://h/a.csv?x=1.jpg", "http://h/a.tsv.gz",
        "http://h/a.jsonl", "http://h/a.urls", "http://h/d/a.gz"})
    EXPECT_TRUE(IsUrlList(url, "")) << url;
  for (const char* url : {"http://h/a.jpg", "http://h/list", "http://h/?a.txt",
                          "http://h/", "a.txt", "ftp://h/a.txt", "-"})
    EXPECT_FALSE(IsUrlList(url, "")) << url;
  EXPECT_TRUE(IsUrlList("http://h/list", "csv"));
  EXPECT_FALSE(IsUrlList("list", "csv"));
}

}  // namespace
}  // namespace thumbmill
