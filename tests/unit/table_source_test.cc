// Links: tm_source
#include "coordinator/source/table_source.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "coordinator/source/name_parts.h"
#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

Result<std::unique_ptr<Source>> OpenTable(std::string_view text, char delimiter,
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

// Returns the URLs, with "-" in place of a bad record.
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
  EXPECT_EQ(UrlsOf("\xef\xbb\xbf"
                   "link,n\nhttp://h/a,1\n",
                   ',', "link"),
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

TEST(CsvSource, TellsWhatSeparatesColumnsInstead) {
  const auto error = [](std::string_view text, char delimiter) {
    return OpenTable(text, delimiter, "url").error().what;
  };
  EXPECT_NE(error("id;url\n", ',').find("semicolons"), std::string::npos);
  EXPECT_NE(error("id\turl\n", ',').find("tsv"), std::string::npos);
  EXPECT_NE(error("id,url\n", '\t').find("csv"), std::string::npos);
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

TEST(TsvSource, HasNoQuoting) {
  EXPECT_EQ(UrlsOf("c\turl\n\"the house\thttp://h/a\n5\" \"x\"\thttp://h/b\n"
                   "\"\"\"\thttp://h/c\n",
                   '\t'),
            (Strings{"http://h/a", "http://h/b", "http://h/c"}));
}

TEST(TsvSource, TakesQuotationMarksOffAUrl) {
  EXPECT_EQ(UrlsOf("\"n\"\t\"url\"\n\"a, b\"\t\"http://h/a,b\"\n", '\t'),
            (Strings{"http://h/a,b"}));
}

TEST(TsvSource, KeepsEmptyColumnsAndReportsRaggedRows) {
  EXPECT_EQ(
      UrlsOf("a\tb\turl\n\t\thttp://h/a\n1\n\t\t\n1\t2\thttp://h/b\tx\n", '\t'),
      (Strings{"http://h/a", "-", "-", "http://h/b"}));
}

TEST(CsvSource, TakesAQuoteWithinAFieldForACharacter) {
  EXPECT_EQ(UrlsOf("c,url\na 5\" screen,http://h/a\n \"x\" y,http://h/b\n"
                   "\"the \"old\" house\",http://h/c\n\"d\" ,http://h/d\n"),
            (Strings{"http://h/a", "http://h/b", "http://h/c", "http://h/d"}));
}

TEST(CsvSource, FailsOnlyTheLineWhoseQuoteDoesNotEnd) {
  std::string text = "caption,url\n";
  for (int i = 0; i < 300; ++i)
    text += (i == 3 ? "\"the house" : "a house") +
            (",http://h/" + std::to_string(i)) + "\n";
  const Strings urls = UrlsOf(text);
  ASSERT_EQ(urls.size(), 300u);
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(urls[i], i == 3 ? "-" : "http://h/" + std::to_string(i));
}

TEST(CsvSource, FindsAForgottenQuoteThoughALaterOneClosesIt) {
  for (const std::string later :
       {"24\"", "\"a, b\"", "\"\"", "x \"\"", "it, \"s\""}) {
    const Strings urls = UrlsOf(
        "caption,url\n\"the old, red house,http://h/0\n"
        "a,http://h/1\n\n" +
        later + ",http://h/2\nb,http://h/3\n");
    ASSERT_EQ(urls.size(), 4u) << later;
    EXPECT_EQ(urls[0], "-") << later;
    EXPECT_EQ(urls[1], "http://h/1") << later;
    EXPECT_EQ(urls[3], "http://h/3") << later;
  }
}

TEST(CsvSource, FindsAForgottenQuoteBehindTheUrl) {
  EXPECT_EQ(UrlsOf("url,c\nhttp://h/a,\"the house\nhttp://h/b,24\"\n"
                   "http://h/c,x\n"),
            (Strings{"-", "http://h/b", "http://h/c"}));
}

TEST(CsvSource, KeepsAFieldOfAHundredLines) {
  std::string lines = "line";
  for (int i = 0; i < 100; ++i) lines += "\nline";
  EXPECT_EQ(UrlsOf("c,url\n\"" + lines + "\",http://h/a\n1,http://h/b\n"),
            (Strings{"http://h/a", "http://h/b"}));
  const Strings urls =
      UrlsOf("c,url\n\"" + lines + "\nline\",http://h/a\n1,http://h/b\n");
  EXPECT_EQ(urls.size(), 103u);
  EXPECT_EQ(urls.back(), "http://h/b");
}

TEST(CsvSource, KeepsAFieldOf64KiB) {
  const std::string half(30 << 10, 'x');
  const auto urls = [&](const std::string& more) {
    return UrlsOf("c,url\n\"" + half + "\n" + half + "\n" + more +
                  "\",http://h/a\n1,http://h/b\n");
  };
  EXPECT_EQ(urls("y"), (Strings{"http://h/a", "http://h/b"}));
  const Strings bad = urls(half + "\nz");
  EXPECT_EQ(bad.size(), 5u);
  EXPECT_EQ(bad.back(), "http://h/b");
}

TEST(CsvSource, BadRowsAreToldApart) {
  const auto source = OpenTable("a,url\n1\n2\n" + std::string(3000, 'x') +
                                    "1\n" + std::string(3000, 'x') + "2\n",
                                ',', "url");
  const auto items = ItemsOf(source->get());
  std::set<std::string> keys;
  for (const ImageRef& item : items) keys.insert(SourceKey(item));
  EXPECT_EQ(keys.size(), 4u);
  EXPECT_NE(items[1].message.find("line 3: "), std::string::npos)
      << items[1].message;
}

TEST(CsvSource, ShowsNoPasswordOfABadRow) {
  const auto source = OpenTable("url,a\n\"x,http://me:secret@h/\n", ',', "url");
  const auto items = ItemsOf(source->get());
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].message.find("secret"), std::string::npos);
  const auto none = OpenTable("http://me:secret@h/,b\n", ',', "url");
  EXPECT_EQ(none.error().what.find("secret"), std::string::npos);
}

TEST(CsvSource, TakesTheFirstOfTwoColumnsOfOneName) {
  EXPECT_EQ(UrlsOf("url,url\nhttp://h/a,http://h/b\n"),
            (Strings{"http://h/a"}));
}

// Makes rows of one line each, with random quotation marks; none may vanish.
void ExpectEachRowOnce(std::mt19937* random, char delimiter) {
  const auto any = [random](std::size_t below) { return (*random)() % below; };
  const std::size_t columns = 1 + any(4), column = any(columns);
  const auto caption = [&] {
    std::string text;
    for (std::size_t i = any(12); i > 0; --i)
      text += "\"\"a ,\t"[any(delimiter == ',' ? 5 : 4)];
    return text;
  };
  std::string text;
  for (std::size_t c = 0; c < columns; ++c)
    text += (c ? std::string(1, delimiter) : "") +
            (c == column ? "url" : "c" + std::to_string(c));
  const std::size_t rows = 1 + any(250);
  for (std::size_t row = 0; row < rows; ++row) {
    text += any(2) ? "\n" : "\r\n";
    for (std::size_t c = 0; c < columns; ++c)
      text += (c ? std::string(1, delimiter) : "") +
              (c == column ? "http://h/" + std::to_string(row) + ".jpg"
                           : (any(8) ? "x" : caption()));
  }
  if (any(2)) text += "\n";
  auto source = OpenTable(text, delimiter, "url");
  ASSERT_TRUE(source) << source.error().what;
  const auto items = ItemsOf(source->get());
  ASSERT_EQ(items.size(), rows) << text;
  for (std::size_t row = 0; row < rows; ++row)
    ASSERT_TRUE(items[row].reason != Reason::kNone ||
                items[row].uri == "http://h/" + std::to_string(row) + ".jpg")
        << items[row].uri << "\n"
        << text;
}

TEST(TableSources, LoseNoRowWhateverTheQuotationMarks) {
  std::mt19937 random(18);
  for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i)
    ExpectEachRowOnce(&random, i % 2 == 0 ? ',' : '\t');
}

// Writes a field as a program that follows RFC 4180 does.
std::string Quoted(const std::string& field, bool always) {
  if (!always && field.find_first_of(",\"\n") == std::string::npos)
    return field;
  std::string out = "\"";
  for (const char c : field) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

TEST(CsvSource, ReadsWhatIsWrittenByTheRules) {
  std::mt19937 random(4180);
  for (int round = 0; round < 200; ++round) {
    std::string text = "caption,url,note\r\n";
    Strings expected;
    for (int row = 0; row < 40; ++row) {
      std::string fields[2];
      for (std::string& field : fields)
        for (std::size_t i = random() % 20; i > 0; --i)
          field += "ab \",\n"[random() % 6];
      expected.push_back("http://h/" + std::to_string(row) + ",\"");
      const bool always = random() % 2 == 0;
      text += Quoted(fields[0], always) + "," +
              Quoted(expected.back(), always) + "," + Quoted(fields[1], true) +
              "\r\n";
    }
    ASSERT_EQ(UrlsOf(text), expected) << text;
  }
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
  for (int i = 0; i < 7; ++i) EXPECT_EQ(items[i].reason, Reason::kBadLine) << i;
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
  EXPECT_EQ(items[0].dir,
            "\xff"
            "a/b");
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
