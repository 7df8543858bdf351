// Links: tm_engine
#include "coordinator/engine/quarantine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "common/hash.h"
#include "common/log.h"
#include "coordinator/engine/poison.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "coordinator/loop/memory_peak.h"
#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

class QuarantineTest : public testing::Test {
 protected:
  QuarantineTest() {
    (void)InitLog({LogLevel::kOff, "", false, "test"});
    pool_.emplace(1);
  }

  std::unique_ptr<Quarantine> Make(const std::string& folder) {
    return std::make_unique<Quarantine>(
        loop_.get(), &*pool_, &memory_, folder, [this](Event event) {
          examined_.push_back(std::get<Examined>(std::move(event)));
        });
  }
  ItemFailed Failed(Reason reason, const std::string& bytes) {
    ImageRef ref;
    ref.stem = "photo";
    ref.srcext = "jpg";
    auto item = std::make_shared<Item>(std::move(ref));
    item->slot = *arena_->Acquire();
    EXPECT_TRUE(item->slot.Grow(bytes.size() + 1));
    std::copy(bytes.begin(), bytes.end(), item->slot.data());
    item->length = bytes.size();
    return {std::move(item), reason, "why"};
  }
  void WaitForAnswer() {
    while (examined_.empty()) loop_->RunOnce(Millis(100));
  }

  MemoryBudget input_{8 << 20};
  std::unique_ptr<Arena> arena_ =
      *Arena::Create({4, 1 << 20, 4096, "test"}, &input_);
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  MemoryPeak memory_;
  std::optional<IoPool> pool_;
  TempDir dir_;
  std::vector<Examined> examined_;
};

std::size_t FilesIn(const std::string& folder) {
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file :
       std::filesystem::directory_iterator(folder))
    ++files;
  return files;
}

TEST_F(QuarantineTest, HashesAnInputWithoutKeepingIt) {
  const auto quarantine = Make(dir_ / "poison");
  quarantine->Take(Failed(Reason::kTruncated, "bytes"));
  EXPECT_TRUE(examined_.empty());  // nothing is hashed in this thread
  EXPECT_FALSE(quarantine->empty());
  WaitForAnswer();
  EXPECT_TRUE(quarantine->empty());
  EXPECT_EQ(
      examined_[0].item->sha256,
      ToHex(HashBytes(std::vector<std::uint8_t>{'b', 'y', 't', 'e', 's'})));
  EXPECT_EQ(examined_[0].reason, Reason::kTruncated);
  EXPECT_EQ(examined_[0].message, "why");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "poison"));
}

TEST_F(QuarantineTest, KeepsAnInputThatCostWorkers) {
  const auto quarantine = Make(dir_ / "poison");
  quarantine->Take(Failed(Reason::kCrash, "bytes"));
  WaitForAnswer();
  EXPECT_EQ(FilesIn(dir_ / "poison"), 1u);
  EXPECT_EQ(dir_.Read("poison/" +
                      PoisonName(examined_[0].item->sha256, "photo", "jpg")),
            "bytes");
}

TEST_F(QuarantineTest, KeepsNothingWithoutAFolder) {
  const auto quarantine = Make("");
  quarantine->Take(Failed(Reason::kCrash, "bytes"));
  WaitForAnswer();
  EXPECT_FALSE(examined_[0].item->sha256.empty());
}

TEST_F(QuarantineTest, AnswersAtOnceIfThereIsNoInput) {
  const auto quarantine = Make(dir_ / "poison");
  quarantine->Take(
      {std::make_shared<Item>(ImageRef{}), Reason::kDns, "unknown host"});
  ASSERT_EQ(examined_.size(), 1u);
  EXPECT_EQ(examined_[0].item->sha256, "");
  EXPECT_TRUE(quarantine->empty());
}

TEST_F(QuarantineTest, GivesNoAnswerAfterItsEnd) {
  auto quarantine = Make("");
  quarantine->Take(Failed(Reason::kTruncated, "bytes"));
  quarantine.reset();
  pool_.reset();  // waits for the thread
  loop_->RunOnce(Millis(0));
  EXPECT_TRUE(examined_.empty());
  EXPECT_EQ(arena_->held(), 0u);
}

}  // namespace
}  // namespace thumbmill
