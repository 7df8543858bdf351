// tests/unit/png_faults.h: takes PNGs apart into chunks, spoils them and puts
// them together again, for the tests of PNGs with faults.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/pictures.h"
#include "tests/tools/raw_png.h"
#include "tests/tools/thumbnails.h"

namespace thumbmill {

using testing::Bytes;
using testing::Kind;
using testing::MakeChunk;
using testing::MakePicture;

struct Chunk {
  std::string type;
  Bytes data;
  Bytes raw = {};  // if set, written instead of type and data
};
using Chunks = std::vector<Chunk>;

inline Chunks SplitChunks(const Bytes& png) {
  Chunks chunks;
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t size =
        png[at] << 24 | png[at + 1] << 16 | png[at + 2] << 8 | png[at + 3];
    const auto from = png.begin() + static_cast<std::ptrdiff_t>(at);
    const auto data = from + 8, end = data + static_cast<std::ptrdiff_t>(size);
    chunks.push_back({{from + 4, data}, {data, end}});
    at += 12 + size;
  }
  return chunks;
}

inline Bytes Written(const Chunk& chunk) {
  return chunk.raw.empty() ? MakeChunk(chunk.type, chunk.data) : chunk.raw;
}

inline Bytes Join(const Chunks& chunks) {
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  for (const Chunk& chunk : chunks) {
    const Bytes bytes = Written(chunk);
    png.insert(png.end(), bytes.begin(), bytes.end());
  }
  return png;
}

inline Chunk& Find(Chunks* chunks, std::string_view type) {
  return *std::find_if(chunks->begin(), chunks->end(),
                       [&](const Chunk& c) { return c.type == type; });
}

inline void SpoilSum(Chunk* chunk) {
  chunk->raw = Written(*chunk);
  chunk->raw.back() ^= 1;
}

inline void InsertBefore(Chunks* chunks, std::string_view type,
                         const Chunk& chunk) {
  const Chunk copy = chunk;
  chunks->insert(chunks->begin() + (&Find(chunks, type) - chunks->data()),
                 copy);
}

inline const Chunk kText = {"tEXt", {'a', 0, 'b'}};

inline Chunk WithWrongSum(Chunk chunk) {
  SpoilSum(&chunk);
  return chunk;
}

// ---- pictures ------------------------------------------------------------

inline Bytes Interlaced() {
  return testing::WritePng(MakePicture(Kind::kPhoto, 61, 43, 3, 5),
                           {.interlaced = true});
}

inline Bytes Plain(int channels, bool deep = false) {
  return testing::WritePng(MakePicture(Kind::kPhoto, 60, 43, channels, 5),
                           {.deep = deep});
}

inline Bytes Palette() {
  Chunks chunks = SplitChunks(testing::WritePng(
      MakePicture(Kind::kPhoto, 60, 43, 3, 5), {.palette = true}));
  InsertBefore(&chunks, "IDAT", {"tRNS", {0, 128, 255, 3}});
  return Join(chunks);
}

struct Source {
  const char* name;
  Bytes png;
};

inline const std::vector<Source>& Sources() {
  static const std::vector<Source> sources = {
      {"grey", Plain(1)},     {"colour", Plain(3)},
      {"alpha", Plain(4)},    {"16 bits", Plain(3, true)},
      {"palette", Palette()}, {"interlaced", Interlaced()}};
  return sources;
}

struct Made {
  Outcome outcome;
  Bytes thumbnail;
};

inline Made Make(const Bytes& png, FailOn fail_on = FailOn::kError) {
  Recipe recipe = testing::PngRecipe("32x");
  recipe.fail_on = fail_on;
  testing::Made made = testing::Make(png, recipe, 1, 1 << 16);
  if (made.outcome.ok()) made.output.resize(made.Encoded().size());
  return {made.outcome, made.output};
}

inline void ExpectWhole(const Bytes& fault, const Bytes& whole) {
  const Made expected = Make(whole), actual = Make(fault);
  ASSERT_TRUE(expected.outcome.ok()) << expected.outcome.message;
  EXPECT_TRUE(expected.outcome.warnings.empty());
  ASSERT_TRUE(actual.outcome.ok()) << actual.outcome.message;
  EXPECT_EQ(actual.thumbnail, expected.thumbnail);
}

inline Bytes Stream(const Chunks& chunks) {
  Bytes stream;
  for (const Chunk& chunk : chunks)
    if (chunk.type == "IDAT")
      stream.insert(stream.end(), chunk.data.begin(), chunk.data.end());
  return stream;
}

inline void ReplaceStream(Chunks* chunks, const std::vector<Chunk>& with) {
  const auto first =
      std::find_if(chunks->begin(), chunks->end(),
                   [](const Chunk& c) { return c.type == "IDAT"; });
  const auto at = chunks->insert(first, with.begin(), with.end());
  chunks->erase(std::remove_if(at + static_cast<std::ptrdiff_t>(with.size()),
                               chunks->end(),
                               [](const Chunk& c) { return c.type == "IDAT"; }),
                chunks->end());
}

// Replaces the stream by one chunk that lacks its last `by` bytes.
inline void ShortenStream(Chunks* chunks, std::size_t by) {
  Bytes stream = Stream(*chunks);
  stream.resize(stream.size() - by);
  ReplaceStream(chunks, {{"IDAT", stream}});
}

inline void CutFile(Chunks* chunks, std::size_t behind_stream) {
  ReplaceStream(chunks, {{"IDAT", Stream(*chunks)}});
  Chunk& data = Find(chunks, "IDAT");
  data.raw = Written(data);
  data.raw.resize(data.raw.size() + behind_stream - 4);
  chunks->pop_back();
}

inline void SplitStreamBy(Chunks* chunks, const Chunk& between) {
  const Bytes stream = Stream(*chunks);
  const auto middle =
      stream.begin() + static_cast<std::ptrdiff_t>(stream.size() / 2);
  ReplaceStream(chunks, {{"IDAT", {stream.begin(), middle}},
                         between,
                         {"IDAT", {middle, stream.end()}}});
}

inline void SpoilStreamSum(Chunks* chunks) {
  Bytes stream = Stream(*chunks);
  stream.back() ^= 1;
  ReplaceStream(chunks, {{"IDAT", stream}});
}

}  // namespace thumbmill
