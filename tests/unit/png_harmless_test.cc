// Links: tm_image tm_recipe tm_pictures
//
// Tests PNGs with faults that cost no sample: each gives the same thumbnail and
// a warning. docs/images.md has the table.
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <vector>

#include "tests/unit/png_faults.h"

namespace thumbmill {
namespace {

struct Fault {
  const char* name;
  std::function<void(Chunks*)> apply;
  friend void PrintTo(const Fault& fault, std::ostream* out) {
    *out << fault.name;
  }
};

const std::vector<Fault>& HarmlessFaults() {
  static const std::vector<Fault> faults = {
      {"no IEND", [](Chunks* c) { c->pop_back(); }},
      {"IEND's check sum", [](Chunks* c) { SpoilSum(&c->back()); }},
      {"IEND cut short",
       [](Chunks* c) { c->back().raw = {0, 0, 0, 0, 'I', 'E', 'N'}; }},
      {"IEND with data",
       [](Chunks* c) {
         c->back().data = {1, 2};
       }},
      {"the last check sum cut off", [](Chunks* c) { CutFile(c, 0); }},
      {"the last check sum cut short", [](Chunks* c) { CutFile(c, 3); }},
#ifdef PNG_IGNORE_ADLER32
      {"the stream's check sum wrong", SpoilStreamSum},
#endif
      {"the stream's check sum missing",
       [](Chunks* c) { ShortenStream(c, 4); }},
      {"the stream's check sum cut short",
       [](Chunks* c) { ShortenStream(c, 2); }},
      {"bytes behind the stream",
       [](Chunks* c) {
         Bytes stream = Stream(*c);
         stream.insert(stream.end(), 10, 7);
         ReplaceStream(c, {{"IDAT", stream}});
       }},
      {"text before the data",
       [](Chunks* c) { InsertBefore(c, "IDAT", WithWrongSum(kText)); }},
      {"text behind the data",
       [](Chunks* c) { InsertBefore(c, "IEND", WithWrongSum(kText)); }},
      {"text cut short",
       [](Chunks* c) {
         c->back().raw = {0, 0, 1, 0, 't', 'E', 'X', 't', 'a'};
       }},
      {"a length beyond all",
       [](Chunks* c) {
         c->back().raw = {255, 255, 255, 255, 't', 'E', 'X', 't'};
       }},
      {"rubbish behind the data",
       [](Chunks* c) { c->back().raw = Bytes(100, 9); }},
      {"IHDR behind the data",
       [](Chunks* c) { InsertBefore(c, "IEND", Find(c, "IHDR")); }},
      {"unknown critical chunk behind the data",
       [](Chunks* c) {
         InsertBefore(c, "IEND", {"ABCD", {1}});
       }},
      {"text between the data", [](Chunks* c) { SplitStreamBy(c, kText); }},
      {"damaged text between the data",
       [](Chunks* c) { SplitStreamBy(c, WithWrongSum(kText)); }},
      {"a damaged profile",
       [](Chunks* c) {
         InsertBefore(c, "IDAT", WithWrongSum({"iCCP", {'x', 0, 0}}));
       }},
      {"gamma of nought",
       [](Chunks* c) {
         InsertBefore(c, "IDAT", {"gAMA", {0, 0, 0, 0}});
       }},
  };
  return faults;
}

class HarmlessPngFault : public ::testing::TestWithParam<Fault> {};

TEST_P(HarmlessPngFault, GivesTheSameThumbnailAndAWarning) {
  for (const Source& source : Sources()) {
    SCOPED_TRACE(source.name);
    Chunks chunks = SplitChunks(source.png);
    GetParam().apply(&chunks);
    const Bytes fault = Join(chunks);
    ExpectWhole(fault, source.png);
    EXPECT_FALSE(Make(fault).outcome.warnings.empty());
    EXPECT_FALSE(Make(fault, FailOn::kWarning).outcome.ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, HarmlessPngFault,
                         ::testing::ValuesIn(HarmlessFaults()));

// ---- no faults ----------------------------------------------------------

TEST(Png, EmptyAndTinyDataChunksAndBytesBehindTheEndAreNoFault) {
  for (const Source& source : Sources()) {
    SCOPED_TRACE(source.name);
    Chunks chunks = SplitChunks(source.png);
    std::vector<Chunk> tiny = {{"IDAT", {}}};
    for (const std::uint8_t byte : Stream(chunks))
      tiny.push_back({"IDAT", {byte}});
    tiny.push_back({"IDAT", {}});
    ReplaceStream(&chunks, tiny);
    chunks.push_back({"", {}, Bytes(20, 'x')});
    ExpectWhole(Join(chunks), source.png);
    EXPECT_TRUE(Make(Join(chunks)).outcome.warnings.empty());
  }
}

}  // namespace
}  // namespace thumbmill
