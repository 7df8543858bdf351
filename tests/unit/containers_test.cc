// Links: tm_containers
#include "tests/fuzz/containers.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace thumbmill::fuzz {
namespace {

namespace fs = std::filesystem;

class ContainersTest : public testing::Test {
 protected:
  static Bytes Seed(const std::string& name) {
    std::ifstream in(fs::path(THUMBMILL_SEEDS) / "header" / name,
                     std::ios::binary);
    Bytes bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_FALSE(bytes.empty()) << name;
    return bytes;
  }
  // Return the CRC of the PNG chunk at `at`: the correct one and the stored
  // one.
  static unsigned long ChunkSum(const Bytes& png, std::size_t at) {
    return crc32(0, png.data() + at + 4, LengthAt(png, at) + 4);
  }
  static unsigned long StoredSum(const Bytes& png, std::size_t at) {
    return LengthAt(png, at + 8 + LengthAt(png, at));
  }
  static unsigned LengthAt(const Bytes& png, std::size_t at) {
    return static_cast<unsigned>(png[at]) << 24 | png[at + 1] << 16 |
           png[at + 2] << 8 | png[at + 3];
  }
  static std::string Types(const std::vector<Part>& parts) {
    std::string types;
    for (const Part& part : parts) {
      types += part.type.empty() ? "-" : part.type;
      if (!part.boxes.empty()) types += "(" + Types(part.boxes) + ")";
      types += " ";
    }
    return types;
  }
  Below below_ = [this](std::size_t limit) { return random_() % limit; };
  ChangeBytes change_ = [this](Bytes* bytes, std::size_t most) {
    bytes->resize(below_(most + 1), 7);
    if (!bytes->empty())
      (*bytes)[below_(bytes->size())] = static_cast<std::uint8_t>(random_());
  };
  std::mt19937 random_{1};
};

constexpr const char* kSeeds[] = {
    "interlaced.png",   "progressive.jpg", "orientation.jpg", "lossless.webp",
    "lossy_alpha.webp", "interlaced.gif",  "plain.gif",       "plain.avif",
    "alpha10.avif",     "runs.bmp",        "masks.bmp"};

TEST_F(ContainersTest, WriteWhatTheyHaveRead) {
  for (const char* name : kSeeds) {
    const Bytes bytes = Seed(name);
    const File file = Parse(bytes);
    EXPECT_NE(file.container, Container::kNone) << name;
    EXPECT_GE(file.parts.size(), 1u) << name;
    EXPECT_EQ(Write(file), bytes) << name;
  }
}

TEST_F(ContainersTest, FindTheParts) {
  EXPECT_EQ(Types(Parse(Seed("interlaced.png")).parts).substr(0, 10),
            "IHDR eXIf ");
  EXPECT_NE(Types(Parse(Seed("plain.avif")).parts).find("iprp(ipco("),
            std::string::npos);
  EXPECT_EQ(Types(Parse(Seed("lossy_alpha.webp")).parts),
            "VP8X ALPH VP8  EXIF ");
}

TEST_F(ContainersTest, MakeLengthsAndSumsRight) {
  File png = Parse(Seed("interlaced.png"));
  png.parts[1].body.push_back(42);
  const Bytes written = Write(png);
  EXPECT_EQ(Types(Parse(written).parts), Types(png.parts));
  EXPECT_EQ(ChunkSum(written, 33), StoredSum(written, 33));

  File avif = Parse(Seed("plain.avif"));
  std::vector<Part>& boxes = avif.parts[1].boxes;
  const std::size_t before = Write(avif).size();
  const std::size_t dropped = boxes[0].body.size() + 8;
  boxes.erase(boxes.begin());
  EXPECT_EQ(Write(avif).size(), before - dropped);
  EXPECT_EQ(Types(Parse(Write(avif)).parts), Types(avif.parts));
}

TEST_F(ContainersTest, StayReadableHoweverTheyAreChanged) {
  const File other = Parse(Seed("interlaced.png"));
  int changed = 0;
  for (const char* name : kSeeds)
    for (int i = 0; i < 300; ++i) {
      File file = Parse(Seed(name));
      for (int n = 0; n < 3; ++n)
        changed += MutateParts(below_, change_, other, &file) ? 1 : 0;
      const Bytes once = Write(file);
      EXPECT_EQ(Write(Parse(once)), once) << name << " " << i;
    }
  EXPECT_GT(changed, 2000);
}

TEST_F(ContainersTest, TakeGarbageAsItIs) {
  for (const char* name : kSeeds) {
    const Bytes bytes = Seed(name);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_GE(Write(Parse(ByteSpan(bytes).first(size))).size(), size)
          << name << " " << size;
  }
  File none = Parse(AsBytes("no picture"));
  EXPECT_EQ(none.container, Container::kNone);
  EXPECT_FALSE(MutateParts(below_, change_, none, &none));
  EXPECT_EQ(AsText(Write(none)), "no picture");
}

}  // namespace
}  // namespace thumbmill::fuzz
