#include "worker/image/codec/bmp_rle.h"

#include <algorithm>

namespace thumbmill {

BmpRle::BmpRle(const BmpLayout& layout)
    : data_(layout.data),
      halves_(layout.coding == BmpCoding::kRle4),
      width_(layout.width),
      height_(layout.height),
      starts_(layout.height) {
  Walk();
}

BmpRle::Code BmpRle::CodeAt(std::size_t at) const {
  using Kind = Code::Kind;
  Code code;
  const std::size_t left = data_.size() - at;
  if (left < 2) return code;
  const std::uint8_t first = data_[at], second = data_[at + 1];
  code.bytes = 2;
  if (first > 0) {
    code.kind = Kind::kRun;
    code.count = first;
    code.value = second;
    return code;
  }
  switch (second) {
    case 0:
      code.kind = Kind::kEndOfRow;
      return code;
    case 1:
      code.kind = Kind::kEnd;
      return code;
    case 2:
      if (left < 4) return code;
      code.kind = Kind::kMove;
      code.dx = data_[at + 2];
      code.dy = data_[at + 3];
      code.bytes = 4;
      return code;
    default:
      break;
  }
  // The indices themselves, padded to an even number of bytes. The padding at
  // the end of the file may be missing.
  const std::size_t pixels = halves_ ? (second + 1) / 2 : second;
  if (left - 2 < pixels) return code;
  code.kind = Kind::kPixels;
  code.count = second;
  code.pixels = at + 2;
  code.bytes = 2 + std::min(left - 2, pixels + pixels % 2);
  return code;
}

std::uint8_t BmpRle::IndexOf(const Code& code, unsigned i) const {
  const bool run = code.kind == Code::Kind::kRun;
  const std::uint8_t byte =
      run ? code.value : data_[code.pixels + (halves_ ? i / 2 : i)];
  if (!halves_) return byte;
  return i % 2 == 0 ? byte >> 4 : byte & 15;
}

// Follows Chromium: a row ends only by a code. Pixels of a run beyond the row
// are ignored; a list of pixels or a move beyond it is a fault.
void BmpRle::Walk() {
  using Kind = Code::Kind;
  std::size_t at = 0;
  std::uint32_t x = 0, row = 0;
  starts_[0] = {0, 0};
  const auto complete = [&] {
    return row >= height_ || (row == height_ - 1 && x == width_);
  };
  const auto stop = [&](Reason reason) {
    lacks_end_ = complete();
    skips_ |= !lacks_end_;
    if (!lacks_end_) fault_ = reason;
  };
  while (true) {
    const Code code = CodeAt(at);
    if (code.kind == Kind::kCut) return stop(Reason::kTruncated);
    if (code.kind == Kind::kEnd) {
      skips_ |= !complete();
      return;
    }
    if (row >= height_) return stop(Reason::kCorrupt);
    std::uint32_t rows = 0;
    switch (code.kind) {
      case Kind::kRun:
        x = std::min(x + code.count, width_);
        break;
      case Kind::kPixels:
        if (code.count > width_ - x) return stop(Reason::kCorrupt);
        x += code.count;
        break;
      case Kind::kEndOfRow:
        skips_ |= x < width_;
        x = 0;
        rows = 1;
        break;
      case Kind::kMove:
        skips_ |= code.dx > 0 || code.dy > 0;
        if (code.dx > width_ - x || code.dy >= height_ - row)
          return stop(Reason::kCorrupt);
        x += code.dx;
        rows = code.dy;
        break;
      case Kind::kEnd:
      case Kind::kCut:
        break;
    }
    at += code.bytes;
    if (rows == 0) continue;
    row += rows;
    if (row < height_) starts_[row] = {at, x};
  }
}

void BmpRle::ReadRow(std::uint32_t row, std::uint16_t* out) const {
  using Kind = Code::Kind;
  std::fill_n(out, width_, kSkipped);
  std::size_t at = starts_[row].at;
  if (at == kNowhere) return;
  for (std::uint32_t x = starts_[row].x; x <= width_;) {
    const Code code = CodeAt(at);
    switch (code.kind) {
      case Kind::kRun:
      case Kind::kPixels: {
        const std::uint32_t count =
            std::min<std::uint32_t>(code.count, width_ - x);
        // Walk() has stopped at this fault.
        if (code.kind == Kind::kPixels && count < code.count) return;
        for (unsigned i = 0; i < count; ++i) out[x + i] = IndexOf(code, i);
        x += count;
        break;
      }
      case Kind::kMove:
        if (code.dy > 0) return;
        x += code.dx;
        break;
      case Kind::kEndOfRow:
      case Kind::kEnd:
      case Kind::kCut:
        return;
    }
    at += code.bytes;
  }
}

}  // namespace thumbmill
