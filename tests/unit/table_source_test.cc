// Links: tm_source
#include "coordinator/source/table_source.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

Result<std::unique_ptr<Source>> OpenTable(std::string_view text,
                                          char delimiter,
                                          const std::string& column) {
  const TempDir dir;
  auto lines = LineReader::Open(dir.Write("list", text), -1).value();
  return DelimitedSource::Open(std::move(lines), delimiter, column);
}

std::vector<ImageRef> ItemsOf(Source* source) {
  std::vector<ImageRef> items;
  while (true) {
    auto item = source->Next();
    EXPECT_TRUE(item) << item.error().what;
    if (!item || !*item) return items;
    items.push_back(std::move(**item));
  }
}

// The URLs, or "-" in the place of a bad record.
std::vector<std::string> UrlsOf(std::string_view text, char delimiter = ',',
                                const std::string& column = "url") {
  auto source = OpenTable(text, delimiter, column);
  EXPECT_TRUE(source) << source.error().what;
  std::vector<std::string> urls;
  for (const ImageRef& item : ItemsOf(source->get()))
    urls.push_back(item.reason == Reason::kBadLine ? "-" : item.uri);
  return urls;
}

std::vector<ImageRef> JsonItems(std::string_view text,
                                const std::string& key = "url") {
  const TempDir dir;
  JsonLinesSource source(LineReader::Open(dir.Write("list", text), -1).value(),
                         key);
  return ItemsOf(&source);
}

using Strings = std::vector<std::string>;

TEST(CsvSource, TakesTheColumnByItsName) {
  EXPECT_EQ(UrlsOf("id,url\r\n1,http://h/a\r\n2,http://h/b\r\n"),
            (Strings{"http://h/a", "http://h/b"}));
  EXPECT_EQ(UrlsOf("\xef\xbb\xbf" "link,n\nhttp://h/a,1\n", ',', "link"),
            (Strings{"http://h/a"}));
}

TEST(CsvSource, ReadsQuotesDoubledQuotesAndLineBreaksWithin) {
  EXPECT_EQ(UrlsOf("\"caption\",\"url\"\n"
                   "\"a, \"\"b\"\"\nmore, lines\",\"http://h/a,b\"\n"
                   "\"\",http://h/c\n"),
            (Strings{"http://h/a,b", "http://h/c"}));
}

TEST(TsvSource, SeparatesByTabs) {
  EXPECT_EQ(UrlsOf("url\tcaption\nhttp://h/a,b\tx, y\n", '\t'),
            (Strings{"http://h/a,b"}));
}

TEST(CsvSource, SkipsEmptyLinesAndEndsWithoutOne) {
  EXPECT_EQ(UrlsOf("url\n\n\nhttp://h/a\n\nhttp://h/b"),
            (Strings{"http://h/a", "http://h/b"}));
}

TEST(CsvSource, OfAnEmptyFileIsEmpty) { EXPECT_EQ(UrlsOf(""), Strings{}); }

TEST(CsvSource, NamesTheColumnsItHasInsteadOfTheOneItHasNot) {
  const auto source = OpenTable("id,link\n1,http://h/a\n", ',', "url");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kUsage);
  EXPECT_NE(source.error().what.find("id, link"), std::string::npos);
  EXPECT_NE(source.error().what.find("--url-col"), std::string::npos);
}

TEST(CsvSource, ReportsRecordsWithoutTheColumn) {
  EXPECT_EQ(UrlsOf("id,url\n1\n2,\n3,http://h/c\n"),
            (Strings{"-", "-", "http://h/c"}));
}

TEST(CsvSource, ReportsAQuoteThatDoesNotEnd) {
  EXPECT_EQ(UrlsOf("url\nhttp://h/a\n\"http://h/b\n"),
            (Strings{"http://h/a", "-"}));
}

TEST(CsvSource, BoundsARecordWhoseQuoteDoesNotEnd) {
  std::string text = "url\n\"x\n" + std::string(3 << 20, '\n');
  text += "http://h/last\n";
  const Strings urls = UrlsOf(text);
  ASSERT_EQ(urls.size(), 2u);
  EXPECT_EQ(urls[0], "-");
  EXPECT_EQ(urls[1], "http://h/last");
}

TEST(JsonLinesSource, TakesTheUrlByItsKey) {
  const auto items = JsonItems(
      "{\"url\": \"http://h/a\", \"n\": 1}\n\n{\"url\":\"http://h/b\"}\n");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].uri, "http://h/a");
  EXPECT_EQ(items[1].uri, "http://h/b");
  EXPECT_EQ(JsonItems("{\"u\":\"http://h/c\"}", "u").at(0).uri, "http://h/c");
}

TEST(JsonLinesSource, ReportsLinesThatDoNotParse) {
  const auto items = JsonItems(
      "{\"url\":\n[1]\n{\"url\": 5}\n{}\nnull\n{\"url\":\"\"}\n"
      "{\"url\":\"http://h/\xff\"}\n{\"url\":\"http://h/a\"}\n");
  ASSERT_EQ(items.size(), 8u);
  for (int i = 0; i < 7; ++i)
    EXPECT_EQ(items[i].reason, Reason::kBadLine) << i;
  EXPECT_EQ(items[7].reason, Reason::kNone);
}

TEST(JsonLinesSource, SurvivesDeepNesting) {
  const auto items = JsonItems(std::string(60'000, '[') + "\n");
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].reason, Reason::kBadLine);
}

TEST(JsonLinesSource, TakesNamesFromARecordOfOurs) {
  const auto items = JsonItems(
      R"({"url":"/x/q.jpg","status":"failed","reason":"read","host":"",)"
      R"("dir":"percent-encoded:%FFa/b","stem":"s","srcext":"JPG",)"
      R"("index":41})");
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].dir, "\xff" "a/b");
  EXPECT_EQ(items[0].stem, "s");
  EXPECT_EQ(items[0].srcext, "JPG");
  EXPECT_TRUE(items[0].has_index);
  EXPECT_EQ(items[0].index, 41u);
}

TEST(JsonLinesSource, TakesNoNamesFromAnotherList) {
  const auto items = JsonItems(
      R"({"url":"http://h/d/q.jpg","host":"cdn","dir":"z","stem":"s"})");
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].host, "h");
  EXPECT_EQ(items[0].dir, "d");
  EXPECT_EQ(items[0].stem, "q");
  EXPECT_FALSE(items[0].has_index);
}

}  // namespace
}  // namespace thumbmill
