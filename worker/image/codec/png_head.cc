#include "worker/image/codec/png_head.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <string>
#include <utility>

#include "worker/image/codec/decoder.h"

namespace thumbmill {
namespace {

constexpr std::size_t kFirstChunk = 8;  // offset after the signature
constexpr std::size_t kHeadBytes = 8;   // bytes of length and type
constexpr std::size_t kSumBytes = 4;
constexpr std::uint32_t kMostBytes = 0x7FFFFFFF;
constexpr std::uint8_t kPaletteType = 3;
constexpr std::size_t kMostPalette = 768;
// The most bytes of data after the last row without a warning: a check sum,
// or an encoder's padding.
constexpr std::size_t kMaxUnread = 16 << 10;

std::uint32_t U32(const std::uint8_t* p) {
  return static_cast<std::uint32_t>(p[0]) << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

bool IsLegal(std::string_view type) {
  return std::all_of(type.begin(), type.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

// The first letter of a critical type is a capital.
bool IsCritical(std::string_view type) { return type[0] <= 'Z'; }

// Reads the chunks before the data.
class HeadReader {
 public:
  HeadReader(ByteSpan png, FailOn fail_on, DecodeWarnings* warnings)
      : png_(png), fail_on_(fail_on), warnings_(warnings) {}

  [[nodiscard]] ImageResult<PngHead> Read();

 private:
  [[nodiscard]] ImageResult<void> Walk();
  [[nodiscard]] ImageResult<void> Take(const PngChunk& chunk);
  [[nodiscard]] ImageResult<void> TakeCritical(const PngChunk& chunk);
  [[nodiscard]] ImageResult<void> TakePalette(const PngChunk& chunk);
  void TakeUnusedPalette(const PngChunk& chunk);
  void TakeAncillary(const PngChunk& chunk);
  [[nodiscard]] std::optional<ByteSpan>* PlaceOf(std::string_view type);
  void FitTransparency();

  void Warn(std::string_view type, std::string_view what,
            Severity severity = Severity::kMinor) {
    warnings_->Add(severity, std::string(type) + ": " + std::string(what));
  }

  const ByteSpan png_;
  const FailOn fail_on_;
  DecodeWarnings* const warnings_;
  PngHead head_;
  bool seen_header_ = false;
  bool seen_palette_ = false;
};

ImageResult<PngHead> HeadReader::Read() {
  const auto header = ReadPngHeader(png_);
  if (!header) return Refuse(Reason::kCorrupt, "no legal PNG header");
  head_.header = *header;
  if (auto ok = Walk(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  if (header->colour_type == kPaletteType && !head_.palette)
    return Refuse(Reason::kCorrupt, "PLTE is missing");
  FitTransparency();
  return head_;
}

// Takes each chunk before the first IDAT.
ImageResult<void> HeadReader::Walk() {
  PngChunks chunks(png_, kFirstChunk);
  while (true) {
    const std::size_t start = chunks.at();
    const auto chunk = chunks.Next();
    if (!chunk && chunks.at_illegal_length())
      return Refuse(Reason::kCorrupt, "a chunk's length is not legal");
    if (chunk && !IsLegal(chunk->type))
      return Refuse(Reason::kCorrupt, "a chunk's type is not legal");
    if (!chunk || (chunk->cut && chunk->type != "IDAT"))
      return Refuse(Reason::kTruncated, "the file ends before its picture");
    if (chunk->type == "IDAT") {
      head_.first_data = start;
      return warnings_->Judge(fail_on_);
    }
    if (auto ok = Take(*chunk); !ok) return ok;
  }
}

ImageResult<void> HeadReader::Take(const PngChunk& chunk) {
  if (chunk.type == "PLTE" && head_.header.colour_type != kPaletteType) {
    TakeUnusedPalette(chunk);
    return {};
  }
  if (IsCritical(chunk.type)) return TakeCritical(chunk);
  if (chunk.has_right_sum()) {
    TakeAncillary(chunk);
  } else {
    Warn(chunk.type, "CRC error");
  }
  return {};
}

ImageResult<void> HeadReader::TakeCritical(const PngChunk& chunk) {
  // A chunk with a wrong CRC may have a wrong type too. Its type is called
  // unknown only if the CRC is right.
  const bool known = chunk.type == "IHDR" || chunk.type == "PLTE";
  if (!chunk.has_right_sum()) {
    Warn(chunk.type, "CRC error", Severity::kDamaged);
    if (auto ok = warnings_->Judge(fail_on_); !ok) return ok;
  } else if (chunk.type == "IEND") {
    return Refuse(Reason::kCorrupt, "the PNG has no IDAT");
  } else if (!known) {
    return Refuse(Reason::kUnsupported, "critical chunk " +
                                            std::string(chunk.type) +
                                            " of the PNG is not known");
  }
  if (chunk.type == "PLTE") return TakePalette(chunk);
  if (!known || std::exchange(seen_header_, true))
    return Refuse(Reason::kCorrupt, std::string(chunk.type) + ": out of place");
  return {};
}

// Keeps the palette. If the length is not a multiple of 3, the whole colours
// are kept.
ImageResult<void> HeadReader::TakePalette(const PngChunk& chunk) {
  if (head_.palette) return Refuse(Reason::kCorrupt, "PLTE: duplicate");
  const std::size_t colours = chunk.data.size() / 3;
  if (colours < 1 || colours > 256)
    return Refuse(Reason::kCorrupt, "PLTE: invalid");
  if (chunk.data.size() % 3 != 0) Warn("PLTE", "invalid length");
  // No index of this depth reaches a later colour.
  const std::size_t shown = std::size_t{1} << head_.header.bits;
  head_.palette = chunk.data.first(3 * std::min(colours, shown));
  if (head_.transparency) Warn("tRNS", "out of place");
  return {};
}

// Checks the PLTE of a picture that has no palette: a suggestion for screens of
// few colours, or a mistake. No sample depends on it.
void HeadReader::TakeUnusedPalette(const PngChunk& chunk) {
  const bool coloured = (head_.header.colour_type & 2) != 0;
  const std::size_t size = chunk.data.size();
  if (!coloured) Warn("PLTE", "ignored in grayscale PNG");
  if (!chunk.has_right_sum()) {
    Warn("PLTE", "CRC error");
  } else if (coloured && (size % 3 != 0 || size < 3 || size > kMostPalette)) {
    Warn("PLTE", "invalid");
  }
  if (std::exchange(seen_palette_, true)) Warn("PLTE", "duplicate");
}

// Returns the member that keeps this type of chunk, or null.
std::optional<ByteSpan>* HeadReader::PlaceOf(std::string_view type) {
  const std::pair<std::string_view, std::optional<ByteSpan>*> places[] = {
      {"tRNS", &head_.transparency}, {"iCCP", &head_.profile},
      {"cICP", &head_.cicp},         {"sRGB", &head_.srgb},
      {"gAMA", &head_.gama},         {"cHRM", &head_.chrm},
      {"eXIf", &head_.exif}};
  for (const auto& [name, place] : places)
    if (name == type) return place;
  return nullptr;
}

void HeadReader::TakeAncillary(const PngChunk& chunk) {
  std::optional<ByteSpan>* place = PlaceOf(chunk.type);
  if (place == nullptr) return;
  if (place->has_value()) return Warn(chunk.type, "duplicate");
  // cICP must come before PLTE. The other colour chunks must too, but Chromium
  // reads them after it all the same.
  if (chunk.type == "cICP" && (head_.palette || seen_palette_))
    return Warn("cICP", "out of place");
  if (chunk.type == "iCCP" && chunk.data.size() > kMaxProfileBytes)
    return Warn("iCCP", "chunk data is too large");
  *place = chunk.data;
}

// Shortens tRNS to the palette, or drops it if it does not fit the colour type.
void HeadReader::FitTransparency() {
  if (!head_.transparency) return;
  ByteSpan& data = *head_.transparency;
  const std::uint8_t type = head_.header.colour_type;
  bool legal = type == 0 ? data.size() == 2 : data.size() == 6;
  if (type == kPaletteType) {
    const std::size_t colours = head_.palette->size() / 3;
    legal = !data.empty();
    if (data.size() > colours) Warn("tRNS", "longer than the palette");
    data = data.first(std::min(data.size(), colours));
  }
  if (legal && type <= kPaletteType) return;
  Warn("tRNS", type <= kPaletteType ? "invalid" : "invalid with alpha channel");
  head_.transparency.reset();
}

}  // namespace

bool PngChunk::has_right_sum() const {
  const auto* start = reinterpret_cast<const std::uint8_t*>(type.data());
  return !cut && crc32_gzip_refl(0, start, type.size() + data.size()) == sum;
}

std::optional<PngChunk> PngChunks::Next() {
  if (at_ > png_.size() || png_.size() - at_ < kHeadBytes) return std::nullopt;
  const std::uint32_t length = U32(png_.data() + at_);
  illegal_length_ = length > kMostBytes;
  if (illegal_length_) return std::nullopt;
  PngChunk chunk;
  chunk.type = AsText(png_.subspan(at_ + 4, 4));
  const ByteSpan rest = png_.subspan(at_ + kHeadBytes);
  chunk.data = rest.first(std::min<std::size_t>(length, rest.size()));
  chunk.cut = rest.size() - chunk.data.size() < kSumBytes;
  if (!chunk.cut) chunk.sum = U32(rest.data() + length);
  at_ += kHeadBytes + chunk.data.size() +
         std::min(kSumBytes, rest.size() - chunk.data.size());
  return chunk;
}

ImageResult<PngHead> ReadPngHead(ByteSpan png, FailOn fail_on,
                                 DecodeWarnings* warnings) {
  return HeadReader(png, fail_on, warnings).Read();
}

ByteSpan FindPngExif(ByteSpan png, const PngHead& head) {
  if (head.exif) return *head.exif;
  PngChunks chunks(png, head.first_data);
  while (const auto chunk = chunks.Next()) {
    if (chunk->type == "eXIf" && chunk->has_right_sum()) return chunk->data;
    if (chunk->type == "IEND") break;
  }
  return {};
}

void CheckPngTail(ByteSpan png, std::size_t at, std::size_t unread,
                  DecodeWarnings* warnings) {
  PngChunks chunks(png, at);
  const auto warn = [&](std::string_view type, const char* what) {
    warnings->Add(Severity::kMinor, std::string(type) + what);
  };
  bool ends = false;
  while (!ends) {
    const auto chunk = chunks.Next();
    if (!chunk || chunk->cut || !IsLegal(chunk->type)) break;
    const bool data = chunk->type == "IDAT";
    if (data) unread += chunk->data.size();
    if (!data && !chunk->has_right_sum()) warn(chunk->type, ": CRC error");
    ends = chunk->type == "IEND";
    if (ends && !chunk->data.empty()) warn(chunk->type, ": invalid");
    if (!ends && !data && IsCritical(chunk->type))
      warn(chunk->type, ": out of place");
  }
  if (!ends) warn("", "the end of the PNG misses");
  if (unread > kMaxUnread)
    warn("", "more image data than the picture has rows");
}

}  // namespace thumbmill
