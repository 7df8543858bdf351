#include "worker/image/codec/png_feed.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace thumbmill {
namespace {

constexpr std::size_t kSignature = 8, kHeaderChunk = 8 + 13 + 4;

// Stands for a check sum. libpng is told to ignore check sums.
constexpr std::array<std::uint8_t, 4> kNoSum{};

}  // namespace

PngFeed::PngFeed(ByteSpan png, const PngHead& head, DecodeWarnings* warnings)
    : warnings_(warnings),
      chunks_(png, head.first_data),
      next_chunk_at_(head.first_data) {
  // The signature and IHDR go through as they are: ReadPngHeader() has checked
  // them.
  Add(png.first(kSignature + kHeaderChunk));
  if (head.profile) Frame("iCCP", *head.profile);
  if (head.palette) Frame("PLTE", *head.palette);
  if (head.transparency) Frame("tRNS", *head.transparency);
}

void PngFeed::Frame(std::string_view type, ByteSpan data) {
  auto& head = heads_[head_count_++];
  for (std::size_t i = 0; i < 4; ++i)
    head[i] = static_cast<std::uint8_t>(data.size() >> (24 - 8 * i));
  std::memcpy(head.data() + 4, type.data(), 4);
  Add(head);
  Add(data);
  Add(kNoSum);
}

// Finds the next IDAT chunk, also after chunks of other types.
bool PngFeed::NextData() {
  bool between = false;
  while (const auto chunk = chunks_.Next()) {
    if (chunk->type == "IEND") return false;
    if (chunk->type != "IDAT") {
      between = true;
      continue;
    }
    if (!chunk->cut && !chunk->has_right_sum()) {
      damaged_ = true;
      warnings_->Add(Severity::kDamaged, "IDAT: CRC error");
    }
    if (between) {
      split_ = true;
      warnings_->Add(Severity::kMinor, "IDAT: split by other chunks");
    }
    data_ = chunk->data;
    next_chunk_at_ = chunks_.at();
    cut_ = chunk->cut;
    return true;
  }
  // No IEND was found. If other chunks or an illegal length follow the data,
  // the data are over. Otherwise the file may end within them.
  cut_ = !between && !chunks_.at_illegal_length();
  return false;
}

// Prepares the next chunk for libpng: data, or IEND after the last data.
// Returns false if there is none left.
bool PngFeed::FrameData() {
  head_count_ = part_count_ = part_ = 0;  // libpng has read all parts
  if (data_.empty() && !cut_ && !NextData() && !cut_) {
    if (ended_) return false;
    ended_ = true;
    Frame("IEND", {});
    return true;
  }
  if (data_.empty() && cut_) return false;
  const ByteSpan part = data_.first(std::min(data_.size(), kMostInFrame));
  data_ = data_.subspan(part.size());
  Frame("IDAT", part);
  return true;
}

bool PngFeed::Read(std::uint8_t* out, std::size_t size) {
  while (size > 0) {
    if (part_ == part_count_ && !FrameData()) return false;
    ByteSpan& part = parts_[part_];
    const std::size_t count = std::min(size, part.size());
    if (count > 0) std::memcpy(out, part.data(), count);
    part = part.subspan(count);
    if (part.empty()) ++part_;
    out += count;
    size -= count;
  }
  return true;
}

std::size_t PngFeed::unread() const {
  std::size_t bytes = data_.size();
  for (std::size_t i = part_; i < part_count_; ++i) bytes += parts_[i].size();
  return bytes;
}

}  // namespace thumbmill
