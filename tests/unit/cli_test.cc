// Links: tm_engine
#include "coordinator/cli/cli.h"

#include <gtest/gtest.h>

#include "common/words.h"
#include "coordinator/cli/flags.h"

namespace thumbmill {
namespace {

Result<RunOptions> Parse(std::vector<std::string> words) {
  Result<Command> command = ParseCommandLine(words);
  if (!command) return tl::unexpected<Error>(command.error());
  return std::get<RunOptions>(*command);
}

std::vector<std::string> With(std::vector<std::string> more) {
  std::vector<std::string> words = {"-i", "l.txt", "-o", "out", "-s", "200"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string ErrorOf(std::vector<std::string> words) {
  const Result<RunOptions> options = Parse(std::move(words));
  return options ? "" : options.error().what;
}

TEST(Cli, TakesTheDefaultsOfTheContract) {
  const auto options = Parse(With({}));
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->downloads, 64u);
  EXPECT_EQ(options->per_host, 6u);
  EXPECT_EQ(options->uploads, 32u);
  EXPECT_EQ(options->retries, 3);
  EXPECT_EQ(options->attempts, 3);
  EXPECT_EQ(options->transfer.max_bytes, 100u << 20);
  EXPECT_EQ(options->transfer.min_speed_bytes, 10u << 10);
  EXPECT_EQ(options->recipe.limits.max_pixels, 268402689u);
  EXPECT_EQ(options->recipe.limits.max_output_pixels, 64000000u);
  EXPECT_EQ(options->recipe.jpeg_quality, 80);
  EXPECT_EQ(options->state_dir, "out/.thumbmill");
  EXPECT_EQ(options->report_file, "out/.thumbmill/report.json");
  EXPECT_GE(options->workers, 1u);
}

TEST(Cli, TakesPositionalSources) {
  const auto options = Parse({"a.txt", "b/", "-o", "out", "-s", "64"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->inputs, (std::vector<std::string>{"a.txt", "b/"}));
}

TEST(Cli, TakesSourcesRepeatedAndMixedWithFlags) {
  const auto options =
      Parse({"-i", "a", "-s", "64", "b", "-o", "out", "-i", "c", "d"});
  ASSERT_TRUE(options) << options.error().what;
  std::vector<std::string> inputs = options->inputs;
  std::sort(inputs.begin(), inputs.end());
  EXPECT_EQ(inputs, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(options->recipe.sizes.size(), 1u);
}

TEST(Cli, TakesHyphensAndUnderscoresAlike) {
  const auto options =
      Parse(With({"--per_host=3", "--max_bytes", "5M", "--retry_failed"}));
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->per_host, 3u);
  EXPECT_EQ(options->transfer.max_bytes, 5u << 20);
  EXPECT_TRUE(options->retry_failed);
}

TEST(Cli, UnderstandsTheNamesOfImg2dataset) {
  const auto options = Parse({"--url_list=urls.txt", "--output_folder=out",
                              "--processes_count=2", "--thread_count=16",
                              "--encode_quality=85", "--encode_format=jpg",
                              "--image_size=256", "--resize_mode=center_crop"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->workers, 2u);
  EXPECT_EQ(options->downloads, 16u);
  EXPECT_EQ(options->recipe.jpeg_quality, 85);
  EXPECT_EQ(options->recipe.sizes.at(0).fit, Fit::kCover);
}

TEST(Cli, NamesBothChoicesForImageSizeAlone) {
  const std::string error =
      ErrorOf({"-i", "l.txt", "-o", "out", "--image_size", "256"});
  EXPECT_NE(error.find("--resize-mode border"), std::string::npos) << error;
  EXPECT_NE(error.find("-s 256"), std::string::npos) << error;
}

TEST(Cli, TakesSizesRepeatedAndAsACommaList) {
  const auto options =
      Parse({"-i", "l", "-o", "out", "-s", "200x,64x", "-s", "32x"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->recipe.sizes.size(), 3u);
}

TEST(Cli, SaysWhatToTypeInstead) {
  EXPECT_NE(ErrorOf({"-o", "out", "-s", "200"}).find("-i"), std::string::npos);
  EXPECT_NE(ErrorOf({"-i", "l", "-s", "200"}).find("-o"), std::string::npos);
  EXPECT_NE(ErrorOf({"-i", "l", "-o", "out"}).find("-s 200x"),
            std::string::npos);
  EXPECT_NE(
      ErrorOf({"-i", "l", "-o", "http://h/p/", "-s", "200"}).find("--state"),
      std::string::npos);
  EXPECT_NE(ErrorOf(With({"--backend", "gpu"})).find("processes"),
            std::string::npos);
  EXPECT_NE(ErrorOf(With({"-s", "200x"})).find("both be named"),
            std::string::npos);
  EXPECT_NE(
      ErrorOf(With({"-s", "64", "--name", "{stem}.{ext}"})).find("{size}"),
      std::string::npos);
}

TEST(Cli, RefusesWhatMakesNoSense) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--downloads", "0"},
                                             {"--workers", "-1"},
                                             {"--retries", "-1"},
                                             {"--timeout", "0"},
                                             {"--max-bytes", "0"},
                                             {"--quality", "0"},
                                             {"--quality", "101"},
                                             {"--format", "bmp"},
                                             {"--filter", "sinc"},
                                             {"--memory", "120%"},
                                             {"--max-failures", "x"},
                                             {"--size", "0"},
                                             {"--no-such-flag"},
                                             {"--fsync", "sometimes"}})
    EXPECT_NE(ErrorOf(With(words)), "") << words[0];
}

TEST(Cli, TakesFailureBoundsAsCountAndShare) {
  EXPECT_EQ(Parse(With({"--max-failures", "10"}))->max_failures->count, 10u);
  EXPECT_EQ(Parse(With({"--max-failures", "5%"}))->max_failures->percent, 5.0);
}

TEST(Cli, KnowsTheCoursePreset) {
  const auto options = Parse({"-i", "l", "-o", "out", "--preset", "course"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->recipe.sizes.size(), 3u);
  EXPECT_TRUE(options->recipe.enlarge);
  EXPECT_EQ(options->name_template, "{stem}_{w}.{ext}");
}

TEST(Cli, LetsAnEmptyValueLeaveTheDefault) {
  const auto options = Parse(With({"--timeout", "", "--memory", ""}));
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->transfer.timeout, Millis(300000));
  EXPECT_GT(options->memory, 0u);
}

TEST(Cli, TakesASpeedWithItsWindow) {
  const auto options = Parse(With({"--min-speed", "2K/3s"}));
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->transfer.min_speed_bytes, 2048u);
  EXPECT_EQ(options->transfer.min_speed_window, Millis(3000));
  EXPECT_NE(ErrorOf(With({"--min-speed", "2K/0s"})), "");
}

TEST(Cli, NamesTheNearestFlagForAnUnknownOne) {
  EXPECT_NE(ErrorOf(With({"--sise", "8x"})).find("mean --size?"),
            std::string::npos);
  EXPECT_NE(ErrorOf(With({"--retry_faled"})).find("mean --retry-failed?"),
            std::string::npos);
  const std::string far = ErrorOf(With({"--nothing-like-it"}));
  EXPECT_EQ(far, "there is no flag --nothing-like-it");
}

TEST(Cli, RefusesAFlagGivenTwice) {
  const std::string error = ErrorOf(With({"--fit", "fill", "--fit", "cover"}));
  EXPECT_EQ(error, "--fit: given twice; give it once");
}

TEST(Cli, SaysWhichFlagLacksItsValue) {
  EXPECT_EQ(ErrorOf(With({"--timeout"})), "--timeout: needs a value");
}

TEST(Cli, ShowsHelpBesideAWrongValue) {
  const Result<Command> command = ParseCommandLine({"--timeout", "x", "-h"});
  ASSERT_TRUE(command);
  EXPECT_TRUE(std::holds_alternative<ShowHelp>(*command));
}

TEST(Cli, ShowsEachFlagAndCommandInItsHelp) {
  constexpr CommandRow kRows[] = {{"run", "ARGUMENTS", "runs", nullptr},
                                  {"verify", "STATE", "checks", nullptr}};
  const std::string help = HelpText(kRows);
  for (const char* text :
       {"[run] ARGUMENTS", "coordinator verify STATE", "  verify   checks\n"})
    EXPECT_NE(help.find(text), std::string::npos) << text;
  Draft draft;
  for (const FlagGroup& group : RunFlags(&draft))
    for (const Flag& flag : group.flags) {
      const std::vector<std::string> names = SplitCommas(flag.names);
      for (const std::string& name : names)
        EXPECT_NE(help.find(name), std::string::npos) << name;
      EXPECT_FALSE(flag.help.empty()) << flag.names;
    }
  for (std::size_t at = 0; at < help.size();) {
    const std::size_t end = help.find('\n', at);
    EXPECT_LE(end - at, 80u) << help.substr(at, end - at);
    at = end + 1;
  }
}

TEST(Cli, TakesAMisspeltCommandForNoSource) {
  constexpr CommandRow kRows[] = {{"compare", "", "", nullptr}};
  ASSERT_NE(NearestCommand(kRows, "comapre"), nullptr);
  EXPECT_EQ(NearestCommand(kRows, "comapre")->name, "compare");
  for (const char* word : {"comapre.txt", "./comapre", "photos", "-o"})
    EXPECT_EQ(NearestCommand(kRows, word), nullptr) << word;
}

}  // namespace
}  // namespace thumbmill
