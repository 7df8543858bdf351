// Links: tm_engine
#include "coordinator/cli/flag_table.h"

#include <gtest/gtest.h>

#include "coordinator/cli/flag_fields.h"

namespace thumbmill {
namespace {

struct Fields {
  bool fast = false, rotate = true;
  int verbose = 0, count = 7;
  std::string name = "standard";
  std::vector<std::string> sources;
};

FlagTable TableOf(Fields* fields) {
  return {
      {"First",
       {{"-f,--fast", "", "", "does it fast", Switch(&fields->fast)},
        {"--no-rotate", "", "", "does not rotate", SwitchOff(&fields->rotate)},
        {"-v,--verbose", "", "", "says more", Count(&fields->verbose)}}},
      {"Second",
       {{"-n,--number", "--number-of-things", "N", "how many",
         Number(&fields->count, 1, 100)},
        {"--name", "", "TEXT",
         "a name that is so long that its text needs a second line to end",
         Text(&fields->name)},
        {"-i,--input", "", "SRC", "a source", Texts(&fields->sources)}}}};
}

std::string ErrorOf(const std::vector<std::string>& arguments) {
  Fields fields;
  const FlagTable table = TableOf(&fields);
  const auto given = GivenFlags::Read(table, arguments, true);
  if (!given) return given.error().what;
  if (Status known = given->CheckKnown(); !known) return known.error().what;
  const Status stored = given->Store();
  return stored ? "" : stored.error().what;
}

TEST(FlagTable, StoresTheValueOfEachRow) {
  Fields fields;
  const FlagTable table = TableOf(&fields);
  const auto given = GivenFlags::Read(table,
                                      {"-fvv", "--number_of_things=9", "-i",
                                       "a", "--no-rotate", "b", "-i", "c"},
                                      true);
  ASSERT_TRUE(given) << given.error().what;
  EXPECT_EQ(fields.count, 7) << "Read() must not store";
  EXPECT_TRUE(given->Has("--number"));
  EXPECT_FALSE(given->Has("--name"));
  ASSERT_TRUE(given->Store());
  EXPECT_TRUE(fields.fast);
  EXPECT_FALSE(fields.rotate);
  EXPECT_EQ(fields.verbose, 2);
  EXPECT_EQ(fields.count, 9);
  EXPECT_EQ(fields.name, "standard");
  EXPECT_EQ(fields.sources, (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(given->words(), (std::vector<std::string>{"b"}));
}

TEST(FlagTable, TakesWordsAfterTheMarkThatLookLikeFlags) {
  Fields fields;
  const FlagTable table = TableOf(&fields);
  const auto given = GivenFlags::Read(table, {"-f", "--", "--fast.jpg"}, true);
  ASSERT_TRUE(given) << given.error().what;
  EXPECT_TRUE(given->CheckKnown());
  EXPECT_EQ(given->words(), (std::vector<std::string>{"--fast.jpg"}));
}

TEST(FlagTable, TakesBracesAndBracketsAsPlainText) {
  Fields fields;
  const FlagTable table = TableOf(&fields);
  const auto given =
      GivenFlags::Read(table, {"--name", "{}", "-i", "[a,b]"}, true);
  ASSERT_TRUE(given && given->Store());
  EXPECT_EQ(fields.name, "{}");
  EXPECT_EQ(fields.sources, (std::vector<std::string>{"[a,b]"}));
}

TEST(FlagTable, NamesTheFlagInEachError) {
  EXPECT_EQ(ErrorOf({"-n", "x"}), "--number: 'x' is not a whole number");
  EXPECT_EQ(ErrorOf({"-n", "0"}), "--number: 0 is too small; the least is 1");
  EXPECT_EQ(ErrorOf({"-n", "101"}),
            "--number: 101 is too large; the most is 100");
  EXPECT_EQ(ErrorOf({"-n", "99999999999999999999"}),
            "--number: '99999999999999999999' is not a whole number");
  EXPECT_EQ(ErrorOf({"-n"}), "--number: needs a value");
  EXPECT_EQ(ErrorOf({"--nmae", "x"}),
            "there is no flag --nmae; did you mean --name?");
  EXPECT_EQ(ErrorOf({"-x"}), "there is no flag -x");
}

TEST(FlagTable, KeepsUnknownArgumentsInOrderForAnotherProgram) {
  Fields fields;
  const FlagTable table = TableOf(&fields);
  const auto given =
      GivenFlags::Read(table, {"--other", "5", "-f", "--more=6"}, false);
  ASSERT_TRUE(given) << given.error().what;
  EXPECT_EQ(given->unknown(),
            (std::vector<std::string>{"--other", "5", "--more=6"}));
}

TEST(FlagTable, FindsAFlagByAnyOfItsNames) {
  Fields fields;
  const FlagTable table = TableOf(&fields);
  for (const char* name : {"-n", "-n5", "--number", "--number=5",
                           "--number_of_things", "--number-of-things=5"}) {
    const Flag* flag = FindFlag(table, name);
    ASSERT_NE(flag, nullptr) << name;
    EXPECT_EQ(flag->names, "-n,--number");
  }
  for (const char* name : {"n", "-x", "--numbers", "", "-"})
    EXPECT_EQ(FindFlag(table, name), nullptr) << name;
}

TEST(FlagTable, PrintsARowForEachFlag) {
  Fields fields;
  EXPECT_EQ(HelpOf(TableOf(&fields)), R"(First
  -f, --fast               does it fast
      --no-rotate          does not rotate
  -v, --verbose            says more

Second
  -n, --number N           how many
      --name TEXT          a name that is so long that its text needs a second
                           line to end
  -i, --input SRC          a source
)");
}

}  // namespace
}  // namespace thumbmill
