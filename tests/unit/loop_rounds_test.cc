// Links: tm_engine
// The loop never blocks: no round of it takes long, however large the inputs
// are that fail.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/engine_parts.h"
#include "tests/unit/round_watch.h"

namespace thumbmill {
namespace {

constexpr std::uint64_t kInputBytes = 100 << 20;
constexpr int kInputs = 4;

class LoopRounds : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    options_.transfer.max_bytes = kInputBytes;
    arena_ =
        *Arena::Create({8, kInputBytes + (1 << 20), 4096, "test"}, &large_);
  }
  // Returns files of 100 MB that take no room on the disk.
  std::vector<ImageRef> LargeFiles() {
    std::vector<ImageRef> refs;
    for (int i = 0; i < kInputs; ++i) {
      refs.push_back(File("large" + std::to_string(i), "\xff\xd8"));
      std::filesystem::resize_file(refs.back().path, kInputBytes);
      refs.back().size_bytes = kInputBytes;
    }
    return refs;
  }
  // Runs the files and returns the number of long rounds.
  int LongRounds() {
    const RoundWatch watch(loop_.get());
    const RunEnd end = Run(LargeFiles());
    EXPECT_EQ(end.kind, RunEnd::Kind::kFinished);
    EXPECT_EQ(stats_.failed, static_cast<std::uint64_t>(kInputs));
    EXPECT_GT(watch.rounds(), kInputs);
    return watch.long_rounds();
  }

  MemoryBudget large_{std::uint64_t{1} << 30};
};

TEST_F(LoopRounds, AreShortWhileLargeImagesFail) {
  executor_->finishing = [](Finished* finished) {
    finished->outcome = Outcome{};
    finished->outcome.reason = Reason::kCorrupt;
    finished->outcome.message = "as scripted";
    finished->outputs.clear();
  };
  EXPECT_LE(LongRounds(), kLongByChance);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kCorrupt],
            static_cast<std::uint64_t>(kInputs));
}

TEST_F(LoopRounds, AreShortWhileLargeImagesCostWorkersAndAreKept) {
  options_.keep_poison = dir_ + "/poison";
  executor_->lose = 1000;
  EXPECT_LE(LongRounds(), kLongByChance);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kCrash],
            static_cast<std::uint64_t>(kInputs));
  std::filesystem::remove_all(options_.keep_poison);
}

}  // namespace
}  // namespace thumbmill
