// Links: tm_image
//
// Tests the cost of reading a header, even of a malicious file: the coordinator
// reads headers in its event loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <new>
#include <string>

#include "common/bytes.h"
#include "worker/thumbnailer.h"

namespace {

// Bytes allocated by this thread.
thread_local std::size_t allocated = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  allocated += size;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace thumbmill {
namespace {

using Text = std::string;

constexpr std::size_t kFileBytes = 24 << 20;

Text Be32(std::size_t value) {
  Text text;
  for (const int shift : {24, 16, 8, 0})
    text += static_cast<char>(value >> shift);
  return text;
}

Text Box(const Text& type, const Text& body) {
  return Be32(8 + body.size()) + type + body;
}

Text Repeated(const Text& part, std::size_t bytes = kFileBytes) {
  Text text;
  text.reserve(bytes + part.size());
  while (text.size() < bytes) text += part;
  return text;
}

Text Zeros(std::size_t count) { return Text(count, '\0'); }

Text Avif(const Text& meta) {
  return Box("ftyp", "avif" + Zeros(4) + "avifmif1") +
         Box("meta", Zeros(4) + Box("pitm", Zeros(5) + "\1") + meta);
}

Text AvifProperties(const Text& more, const Text& associations) {
  const Text extents = Box("ispe", Zeros(4) + Be32(64) + Be32(64));
  return Avif(Box(
      "iprp",
      Box("ipco", extents + Box("av1C", "\x81\1\1\1") + more) + associations));
}

Text Associations(const Text& group) {
  return Box("ipma", Zeros(4) + Be32(UINT32_MAX) + Repeated(group));
}

Text Webp(const Text& chunks) { return "RIFF\xF0\xF0\xF0\xF0WEBP" + chunks; }

struct Hostile {
  const char* name;
  Text (*make)();
};

const Hostile kHostile[] = {
    {"avif associations",
     [] {
       return AvifProperties(
           "", Associations(Zeros(1) + "\1\xFF" + Text(255, '\1')));
     }},
    {"avif empty associations",
     [] {
       return AvifProperties("", Associations(Zeros(1) + "\2" + Zeros(1)));
     }},
    {"avif association boxes",
     [] {
       return AvifProperties(
           "",
           Repeated(Box("ipma", Zeros(4) + Be32(1) + Zeros(1) + "\1\2\1\2")));
     }},
    {"avif properties",
     [] {
       return AvifProperties(Repeated(Box("ispe", "")),
                             Box("ipma", Zeros(4) + Be32(1) + Zeros(1) +
                                             "\1\xFF" + Text(255, '\x7F')));
     }},
    {"avif items",
     [] {
       return Avif(Box("iinf", Zeros(6) + Repeated(Box("infe", Zeros(12)))));
     }},
    {"avif boxes", [] { return Avif("") + Repeated(Box("free", "")); }},
    {"avif tracks",
     [] {
       return Box("ftyp", "avis" + Zeros(4)) +
              Box("moov", Repeated(Box("trak", "")));
     }},
    {"jpeg fill", [] { return "\xFF\xD8" + Text(kFileBytes, '\xFF'); }},
    {"jpeg markers", [] { return "\xFF\xD8" + Repeated("\xFF\1"); }},
    {"jpeg zeros", [] { return "\xFF\xD8" + Repeated(Text("\xFF\0", 2)); }},
    {"jpeg garbage", [] { return "\xFF\xD8" + Text(kFileBytes, 'x'); }},
    {"jpeg segments",
     [] { return "\xFF\xD8" + Repeated(Text("\xFF\xE5\0\2", 4)); }},
    {"jpeg profiles",
     [] {
       return "\xFF\xD8" +
              Repeated(Text("\xFF\xE2\0\x10ICC_PROFILE\0\1\xFF", 18));
     }},
    {"png chunks",
     [] {
       return "\x89PNG\r\n\x1a\n" +
              Text("\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0....", 25) +
              Repeated(Zeros(4) + "abCd....");
     }},
    {"webp chunks", [] { return Webp(Repeated("abcd" + Zeros(4))); }},
    {"webp chunks of a frame",
     [] {
       return Webp(Text("VP8X\x0A\0\0\0\2\0\0\0", 12) + Zeros(6) +
                   "ANMF\xF0\xF0\xF0\xF0" + Zeros(16) +
                   Repeated("abcd" + Zeros(4)));
     }},
    {"gif blocks",
     [] { return "GIF89a" + Zeros(7) + "\x21\xFE" + Repeated("\1x"); }},
    {"gif extensions",
     [] { return "GIF89a" + Zeros(7) + Repeated("\x21\xFE" + Zeros(1)); }},
};

// Returns the CPU time of this thread, which does not depend on other load.
double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) * 1e-9;
}

TEST(HeaderWalk, NeedsNoMemoryThatAFileDecides) {
  for (const Hostile& hostile : kHostile) {
    const Text file = hostile.make();
    allocated = 0;
    const auto header = PeekHeader(AsBytes(file));
    EXPECT_LE(allocated, 16u << 10) << hostile.name;
    // The walk gives up at its bound and marks the header instead of failing.
    ASSERT_TRUE(header) << hostile.name;
    EXPECT_TRUE(header->overlong) << hostile.name;
  }
}

TEST(HeaderWalk, HoldsTheLoopForMillisecondsOnly) {
  constexpr double kMost = 0.06;
  for (const Hostile& hostile : kHostile) {
    const Text file = hostile.make();
    double least = 1;
    // Take the better of two runs; the first may be slower for other reasons.
    for (int i = 0; i < 2; ++i) {
      const double start = CpuSeconds();
      ASSERT_TRUE(PeekHeader(AsBytes(file))) << hostile.name;
      least = std::min(least, CpuSeconds() - start);
    }
    EXPECT_LT(least, kMost) << hostile.name;
    RecordProperty(hostile.name, std::to_string(least));
  }
}

TEST(HeaderWalk, ReadsALongHeaderOfAnHonestFile) {
  const Text frame("\xFF\xC0\0\x0B\x08\0\x40\0\x30\1\1\x11\0", 13);
  const Text jpeg =
      "\xFF\xD8" + Repeated("\xFF\xE1\xFF\xFF" + Text(65533, 'x')) + frame;
  const auto header = PeekHeader(AsBytes(jpeg));
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->overlong);
  EXPECT_EQ(header->height, 64u);
  EXPECT_EQ(header->width, 48u);
}

TEST(HeaderWalk, TheThumbnailerRefusesWhatTheWalkDidNotRead) {
  Recipe recipe;
  recipe.sizes.push_back({.width = 64, .label = "64", .text = "64x"});
  Thumbnailer thumbnailer(recipe);
  std::string room(1 << 20, '\0');
  const Text gif = "GIF89a" + Zeros(7) + Repeated("\x21\xFE" + Zeros(1)) +
                   Text("\x2C\0\0\0\0\1\0\1\0\x80", 10) + Zeros(6) +
                   Text("\2\2\x44\1\0;", 6);
  const Text avif = AvifProperties(Repeated(Box("ispe", "")), "");
  for (const Text& file : {gif, avif})
    EXPECT_EQ(
        thumbnailer
            .Run(AsBytes(file), 1,
                 {reinterpret_cast<std::uint8_t*>(room.data()), room.size()})
            .reason,
        Reason::kTooCostly);
}

}  // namespace
}  // namespace thumbmill
