// Saves the last two pictures that a failing test compared, and their
// difference, as PNGs, and prints where. SAVE_IMAGES=1 puts them into
// saved-images/, SAVE_IMAGES=FOLDER into FOLDER. Every test that links
// tm_pictures compiles this file.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/tools/pictures.h"

namespace thumbmill::testing {
namespace {

const char* Wanted() { return std::getenv("SAVE_IMAGES"); }

// Returns grey where the pictures are equal; a difference of one level shows as
// eight.
Picture DifferenceOf(const Picture& a, const Picture& b) {
  Picture difference = a;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    const int levels = 128 + 8 * (a.samples[i] - b.samples[i]);
    difference.samples[i] = static_cast<std::uint8_t>(levels < 0     ? 0
                                                      : levels > 255 ? 255
                                                                     : levels);
  }
  return difference;
}

class SaveImages final : public ::testing::EmptyTestEventListener {
 public:
  static SaveImages& Instance() {
    static auto* listener = new SaveImages;  // gtest deletes it
    return *listener;
  }
  void Remember(const Picture& a, const Picture& b) {
    a_ = a;
    b_ = b;
  }
  // Stores the name of the test here: while gtest reports a result it holds its
  // own lock, and a question to it would block.
  void OnTestStart(const ::testing::TestInfo& test) override {
    a_ = b_ = {};
    name_ = std::string(test.test_suite_name()) + "." + test.name();
    for (char& c : name_) c = c == '/' ? '_' : c;
  }
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!result.failed() || a_.samples.empty()) return;
    const std::string folder =
        std::string(Wanted()) == "1" ? "saved-images" : Wanted();
    std::filesystem::create_directories(folder);
    const std::string stem =
        folder + "/" + name_ + "-" + std::to_string(++saved_);
    Save(stem + "-a.png", a_);
    Save(stem + "-b.png", b_);
    Save(stem + "-difference.png", DifferenceOf(a_, b_));
    std::printf("saved: %s-{a,b,difference}.png\n", stem.c_str());
  }

 private:
  static void Save(const std::string& file, const Picture& picture) {
    const Bytes png = WritePng(picture);
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(png.data()),
               static_cast<std::streamsize>(png.size()));
  }

  std::string name_;
  Picture a_, b_;
  int saved_ = 0;
};

[[maybe_unused]] const bool kListens = [] {
  if (Wanted() == nullptr) return false;
  ::testing::UnitTest::GetInstance()->listeners().Append(
      &SaveImages::Instance());
  OnCompared([](const Picture& a, const Picture& b) {
    SaveImages::Instance().Remember(a, b);
  });
  return true;
}();

}  // namespace
}  // namespace thumbmill::testing
