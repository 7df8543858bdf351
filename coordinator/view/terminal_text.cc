#include "coordinator/view/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/printable.h"

namespace thumbmill {
namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool IsIn(const std::array<Range, N>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

// The common zero-width characters of Unicode 15: general categories Mn and Me,
// and zero-width spaces and joiners.
constexpr std::array kZeroWidth = {
    Range{0x300, 0x36F},   Range{0x483, 0x489},   Range{0x591, 0x5BD},
    Range{0x610, 0x61A},   Range{0x64B, 0x65F},   Range{0x900, 0x902},
    Range{0xE31, 0xE31},   Range{0xE34, 0xE3A},   Range{0xE47, 0xE4E},
    Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200D},
    Range{0x20D0, 0x20F0}, Range{0x302A, 0x302D}, Range{0x3099, 0x309A},
    Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xE0100, 0xE01EF}};
// The common characters with East_Asian_Width W or F.
constexpr std::array kWide = {
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2E80, 0x303E},
    Range{0x3041, 0x33FF},   Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},
    Range{0xA000, 0xA4CF},   Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},
    Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
    Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF},
    Range{0x1F900, 0x1FAFF}, Range{0x20000, 0x3FFFD}};
std::size_t WidthOf(const Character& character) {
  if (character.code < 0x300) return 1;
  if (IsIn(kZeroWidth, character.code)) return 0;
  return IsIn(kWide, character.code) ? 2 : 1;
}

// Returns the longest end of `text` that takes at most `cells` cells.
std::string_view TailOf(std::string_view text, std::size_t cells) {
  std::size_t left = CellsOf(text);
  while (left > cells) {
    const Character character = DecodeCharacter(text);
    left -= WidthOf(character);
    text.remove_prefix(character.bytes);
  }
  // Drop combining characters at the start: they belong to a character that was
  // cut off.
  while (!text.empty() && WidthOf(DecodeCharacter(text)) == 0)
    text.remove_prefix(DecodeCharacter(text).bytes);
  return text;
}

}  // namespace

std::string MakePrintable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const Character character = DecodeCharacter(text);
    if (character.valid && character.code == '\t') {
      shown += ' ';
    } else if (!character.valid || IsObeyed(character.code)) {
      shown += '?';
    } else {
      shown += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return shown;
}

std::size_t CellsOf(std::string_view text) {
  std::size_t cells = 0;
  while (!text.empty()) {
    const Character character = DecodeCharacter(text);
    cells += WidthOf(character);
    text.remove_prefix(character.bytes);
  }
  return cells;
}

std::string_view CutToCells(std::string_view text, std::size_t cells) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Character character = DecodeCharacter(text.substr(at));
    const std::size_t takes = WidthOf(character);
    if (takes > cells) break;
    cells -= takes;
    at += character.bytes;
  }
  return text.substr(0, at);
}

std::string ShortenToCells(std::string_view text, std::size_t cells) {
  if (CellsOf(text) <= cells) return std::string(text);
  if (cells < 3) return std::string(CutToCells(text, cells));
  const std::size_t tail = (cells - 1) / 2;
  return std::string(CutToCells(text, cells - 1 - tail))
      .append("…")
      .append(TailOf(text, tail));
}

}  // namespace thumbmill
