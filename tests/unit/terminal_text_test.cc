// Links: tm_engine
#include "coordinator/view/terminal_text.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(TerminalText, WhatATerminalObeysIsReplaced) {
  EXPECT_EQ(MakePrintable("a\x1b[2Jb\rc\x7f"), "a?[2Jb?c?");
  EXPECT_EQ(MakePrintable("a\tb"), "a b");
  EXPECT_EQ(MakePrintable("\xc2\x9b"
                          "31m"),
            "?31m");  // CSI in one byte
  EXPECT_EQ(MakePrintable("gpj.\xe2\x80\xae"
                          "exe"),
            "gpj.?exe");  // U+202E
}

TEST(TerminalText, BytesThatAreNoUtf8AreReplacedOneByOne) {
  EXPECT_EQ(MakePrintable("a\xff"
                          "b"),
            "a?b");
  EXPECT_EQ(MakePrintable("\xc3"), "?");
  EXPECT_EQ(MakePrintable("\xe2\x82"
                          "x"),
            "??x");
  EXPECT_EQ(MakePrintable("\xc0\xaf"), "??");            // overlong
  EXPECT_EQ(MakePrintable("\xed\xa0\x80"), "???");       // a surrogate
  EXPECT_EQ(MakePrintable("\xf4\x90\x80\x80"), "????");  // beyond Unicode
}

TEST(TerminalText, OtherCharactersStay) {
  const std::string text = "Grüße, 写真, e\xcc\x81, 🙂";
  EXPECT_EQ(MakePrintable(text), text);
}

TEST(TerminalText, CountsCellsNotBytes) {
  EXPECT_EQ(CellsOf("abc"), 3u);
  EXPECT_EQ(CellsOf("äöü"), 3u);
  EXPECT_EQ(CellsOf("写真"), 4u);
  EXPECT_EQ(CellsOf("e\xcc\x81"), 1u);
  EXPECT_EQ(CellsOf("🙂"), 2u);
}

TEST(TerminalText, IsCutBetweenCharacters) {
  EXPECT_EQ(CutToCells("äöü", 2), "äö");
  EXPECT_EQ(CutToCells("写真", 3), "写");
  EXPECT_EQ(CutToCells("e\xcc\x81x", 1), "e\xcc\x81");
  EXPECT_EQ(CutToCells("abc", 9), "abc");
  EXPECT_EQ(CutToCells("abc", 0), "");
}

TEST(TerminalText, ShorteningKeepsBothEnds) {
  EXPECT_EQ(ShortenToCells("photos.example.org", 18), "photos.example.org");
  EXPECT_EQ(ShortenToCells("photos.example.org", 9), "phot….org");
  EXPECT_EQ(ShortenToCells("写真写真写真", 7), "写…真");
  EXPECT_EQ(ShortenToCells("abcdef", 2), "ab");
  for (std::size_t cells = 0; cells < 20; ++cells)
    EXPECT_LE(CellsOf(ShortenToCells("写e\xcc\x81真x写y真", cells)), cells);
}

}  // namespace
}  // namespace thumbmill
