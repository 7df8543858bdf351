// Links: tm_compare
#include <gtest/gtest.h>

#include "coordinator/compare/options.h"

namespace thumbmill {
namespace {

Result<CompareOptions> Parse(std::vector<std::string> more) {
  std::vector<std::string> words = {"-i", "photos", "-s", "64x"};
  words.insert(words.end(), more.begin(), more.end());
  Result<CompareCommand> command = ParseCompare(words);
  if (!command) return tl::unexpected<Error>(command.error());
  return std::get<CompareOptions>(*command);
}

TEST(CompareOptions, KeepsItsOwnFlagsAndPassesOnTheOthers) {
  const auto options =
      Parse({"--workers", "2,1,2", "--quality", "90", "--repeat=3", "-v"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->workers, (std::vector<unsigned>{1, 2}));
  EXPECT_EQ(options->repeat, 3u);
  EXPECT_EQ(options->sizes, "64x");
  EXPECT_EQ(options->passed_on,
            (std::vector<std::string>{"--quality", "90", "-v"}));
}

// Each run gets these flags from compare, whatever name or spelling they have.
TEST(CompareOptions, RefusesFlagsThatItSetsItself) {
  for (const char* flag :
       {"-o=x", "-ox", "--output=x", "--output_folder=x", "--output-folder=x",
        "--processes_count=2", "--processes-count=2", "--state=x",
        "--backend=serial", "--overwrite", "--dry_run", "--crash-probe",
        "--name=x", "-Pnone", "--progress=none"})
    EXPECT_FALSE(Parse({flag})) << flag;
}

TEST(CompareOptions, ChecksFlagsOfRunBeforeTheFirstRun) {
  const auto options = Parse({"--qualty", "90"});
  ASSERT_FALSE(options);
  EXPECT_NE(options.error().what.find("--quality"), std::string::npos)
      << options.error().what;
}

TEST(CompareOptions, NamesWrongWordsAndNumbers) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--backends", "gpu"},
                                             {"--sets", ","},
                                             {"--workers", "0"},
                                             {"--repeat", "0"},
                                             {"--repeat", "1001"},
                                             {"-i", "-"}})
    EXPECT_FALSE(Parse(words)) << words[1];
}

}  // namespace
}  // namespace thumbmill
