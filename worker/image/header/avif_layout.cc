#include "worker/image/header/avif_layout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "worker/image/header/box_walker.h"

namespace thumbmill {
namespace {

constexpr std::size_t kFullBox = BoxWalker::kFullBox;
// The number of a property in an association has 15 bits.
constexpr std::size_t kMaxNumber = 0x7FFF;

// The numbers of the properties of one item, in the item's order. Has room for
// as many as one entry of the file can hold.
class Associations {
 public:
  void Add(std::size_t number) {
    if (count_ < numbers_.size())
      numbers_[count_++] = static_cast<std::uint16_t>(number);
  }
  // Returns the index of `number`, or count() if the item does not have it.
  [[nodiscard]] std::size_t RankOf(std::size_t number) const {
    if (number > kMaxNumber) return count_;
    const auto end = numbers_.begin() + static_cast<std::ptrdiff_t>(count_);
    return static_cast<std::size_t>(std::find(numbers_.begin(), end, number) -
                                    numbers_.begin());
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::array<std::uint16_t, 255> numbers_{};
  std::size_t count_ = 0;
};

// Among the properties of one type, keeps the one that the item names first.
struct First {
  std::size_t rank = SIZE_MAX;
  ByteSpan body;

  void Offer(std::size_t its_rank, ByteSpan its_body) {
    if (its_rank >= rank) return;
    rank = its_rank;
    body = its_body;
  }
};

class AvifWalker {
 public:
  [[nodiscard]] AvifLayout Walk(ByteSpan bytes);

 private:
  void ReadMeta(ByteSpan body);
  void ReadItems(ByteSpan body);
  void ReadReferences(ByteSpan body);
  void ReadProperties(ByteSpan body);
  void ReadAssociations(ByteSpan body);
  void ReadMovie(ByteSpan body);
  void ReadTrack(ByteSpan body);
  void Apply();
  void ReadCodecConfiguration(ByteSpan body);

  WalkBudget budget_;
  AvifLayout layout_;
  std::uint32_t primary_ = 0;
  Associations of_primary_;
  First extents_, configuration_, profile_;
};

// Reads depth and chroma format. Source: AV1 Codec ISO Media File Format
// Binding, 2.3.3.
void AvifWalker::ReadCodecConfiguration(ByteSpan body) {
  if (body.size() < 4) return;
  const std::uint8_t flags = body[2];
  const bool high = (flags & 0x40) != 0, twelve = (flags & 0x20) != 0;
  layout_.bits = !high ? 8 : twelve ? 12 : 10;
  layout_.monochrome = (flags & 0x10) != 0;
  layout_.halved_x = (flags & 0x08) != 0;
  layout_.halved_y = (flags & 0x04) != 0;
}

void AvifWalker::Apply() {
  if (extents_.body.size() >= 12) {
    layout_.width = BoxU32(extents_.body, 4);
    layout_.height = BoxU32(extents_.body, 8);
  }
  ReadCodecConfiguration(configuration_.body);
  if (profile_.body.size() > 4)
    layout_.icc_bytes = static_cast<std::uint32_t>(
        std::min<std::size_t>(profile_.body.size() - 4, UINT32_MAX));
}

bool IsProfile(ByteSpan colr) {
  return colr.size() > 4 && AsText(colr.first(4)) != "nclx";
}

void AvifWalker::ReadProperties(ByteSpan body) {
  std::size_t number = 0;  // numbers start at 1
  for (BoxWalker box(body, &budget_); box.Next();) {
    const std::string_view type = box.type();
    const std::size_t rank = of_primary_.RankOf(++number);
    const bool named = rank < of_primary_.count();
    if (named && type == "ispe") extents_.Offer(rank, box.body());
    if (named && type == "colr" && IsProfile(box.body()))
      profile_.Offer(rank, box.body());
    // A grid has no `av1C` of its own. Properties that the item does not name
    // share one rank, so the first `av1C` of a tile is kept. An encoder writes
    // the properties of the alpha picture after those of the picture itself.
    if (type == "av1C") configuration_.Offer(rank, box.body());
    layout_.alpha |= type == "auxC" && NamesAlpha(box.body());
  }
}

// Collects the properties of the primary item. Source: HEIF 9.3.
void AvifWalker::ReadAssociations(ByteSpan body) {
  if (body.size() < 8) return;
  const std::size_t id_bytes = body[0] == 0 ? 2 : 4;
  const std::size_t index_bytes = (body[3] & 1) != 0 ? 2 : 1;
  const std::uint64_t mask = index_bytes == 2 ? 0x7FFF : 0x7F;
  const std::uint32_t count = BoxU32(body, 4);
  ByteSpan rest = body.subspan(8);
  for (std::uint32_t i = 0; i < count && budget_.Spend(); ++i) {
    const std::size_t head = id_bytes + 1;
    if (rest.size() < head) return;
    const std::uint64_t id = BoxNumber(rest, 0, id_bytes);
    const std::size_t entries = rest[head - 1];
    const std::size_t size = entries * index_bytes;
    if (rest.size() - head < size) return;
    if (id == primary_ && !budget_.Spend(entries)) return;
    for (std::size_t e = 0; id == primary_ && e < entries; ++e)
      of_primary_.Add(BoxNumber(rest, head + e * index_bytes, index_bytes) &
                      mask);
    rest = rest.subspan(head + size);
  }
}

void AvifWalker::ReadItems(ByteSpan body) {
  const bool wide = !body.empty() && body[0] != 0;
  const std::size_t counter = wide ? 4 : 2;
  for (BoxWalker box(After(body, kFullBox + counter), &budget_); box.Next();) {
    ++layout_.items;
    const ByteSpan item = box.body();
    if (item.size() < 12) continue;
    // An entry holds an identifier of two or four bytes, a protection index,
    // and the type.
    const std::size_t type = item[0] == 3 ? 10 : 8;
    layout_.has_exif |= AsText(After(item, type)).substr(0, 4) == "Exif";
  }
}

// Counts each use of a tile as an item: a grid may use a tile more than once,
// and every use is decoded again.
void AvifWalker::ReadReferences(ByteSpan body) {
  const std::size_t id_bytes = !body.empty() && body[0] != 0 ? 4 : 2;
  for (BoxWalker box(After(body, kFullBox), &budget_); box.Next();)
    if (box.type() == "dimg" && box.body().size() >= id_bytes + 2)
      layout_.items +=
          static_cast<std::uint32_t>(BoxNumber(box.body(), id_bytes, 2));
}

void AvifWalker::ReadMeta(ByteSpan body) {
  // `iprp` is read after the loop, because `pitm` may come after it and decides
  // which properties count.
  ByteSpan properties;
  for (BoxWalker box(After(body, kFullBox), &budget_); box.Next();) {
    const ByteSpan inner = box.body();
    if (box.type() == "pitm" && inner.size() >= 6) {
      const bool wide = inner[0] != 0 && inner.size() >= 8;
      primary_ =
          static_cast<std::uint32_t>(BoxNumber(inner, kFullBox, wide ? 4 : 2));
      layout_.has_primary = true;
    } else if (box.type() == "iprp" && properties.empty()) {
      properties = inner;
    } else if (box.type() == "iinf") {
      ReadItems(inner);
    } else if (box.type() == "iref") {
      ReadReferences(inner);
    }
  }
  for (BoxWalker box(properties, &budget_); box.Next();)
    if (box.type() == "ipma") ReadAssociations(box.body());
  for (BoxWalker box(properties, &budget_); box.Next();) {
    if (box.type() != "ipco") continue;
    ReadProperties(box.body());
    break;
  }
  Apply();
}

// Reads the size of a track, the last 8 bytes of its header. Both numbers have
// 16 fraction bits.
void AvifWalker::ReadTrack(ByteSpan body) {
  for (BoxWalker box(body, &budget_); box.Next();) {
    if (box.type() != "tkhd" || box.body().size() < 84) continue;
    const ByteSpan size = box.body().last(8);
    layout_.width = std::max(layout_.width, BoxU32(size, 0) >> 16);
    layout_.height = std::max(layout_.height, BoxU32(size, 4) >> 16);
  }
}

void AvifWalker::ReadMovie(ByteSpan body) {
  int tracks = 0;
  for (BoxWalker box(body, &budget_); box.Next();) {
    if (box.type() != "trak") continue;
    ReadTrack(box.body());
    layout_.alpha = ++tracks > 1;
  }
  layout_.bits = 12;  // assumes the most expensive; the depth is not looked up
}

AvifLayout AvifWalker::Walk(ByteSpan bytes) {
  ByteSpan meta, movie;
  std::size_t end = 0;
  for (BoxWalker box(bytes, &budget_); box.Next();) {
    end += box.box().size();
    layout_.cut = box.cut();
    if (box.type() == "meta" && meta.empty()) meta = box.body();
    if (box.type() == "moov" && movie.empty()) movie = box.body();
  }
  layout_.ends =
      !layout_.cut && end == bytes.size() && !(meta.empty() && movie.empty());
  layout_.movie_bytes = movie.size();
  ReadMeta(meta);
  if (!layout_.has_primary) ReadMovie(movie);
  layout_.overlong = budget_.over();
  return layout_;
}

// Returns true if the AVIF describes its picture in a box `mini` instead of
// `meta` (HEIF, amendment of 2024). libavif of Debian 12 and 13 does not read
// that box.
bool HasReducedHeader(ByteSpan bytes) {
  WalkBudget budget;
  for (BoxWalker box(bytes.first(std::min(bytes.size(), kSniffBytes)), &budget);
       box.Next();) {
    if (box.type() == "mini") return true;
    if (box.type() == "meta" || box.type() == "moov") return false;
  }
  return AsText(bytes.subspan(8, 4)) == "mif3";
}

std::uint64_t CountAvifSamples(const AvifLayout& avif) {
  const std::uint64_t width = avif.width, height = avif.height;
  const std::uint64_t chroma = (avif.halved_x ? (width + 1) / 2 : width) *
                               (avif.halved_y ? (height + 1) / 2 : height);
  return width * height * (avif.alpha ? 2 : 1) +
         (avif.monochrome ? 0 : 2 * chroma);
}

}  // namespace

bool NamesAlpha(ByteSpan body) {
  constexpr std::string_view kTypes[] = {
      "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
      "urn:mpeg:hevc:2015:auxid:1"};
  const std::string_view text = AsText(After(body, kFullBox));
  return std::any_of(
      std::begin(kTypes), std::end(kTypes),
      [&](std::string_view type) { return text.starts_with(type); });
}

AvifLayout WalkAvif(ByteSpan bytes) { return AvifWalker().Walk(bytes); }

// Recognises AVIF and HEIF by the brands in the first box. Returns empty for
// any other file.
std::optional<Sniffed> SniffAvif(ByteSpan bytes) {
  if (bytes.size() < 12 || AsText(bytes.subspan(4, 4)) != "ftyp")
    return std::nullopt;
  const std::string_view brand = AsText(bytes.subspan(8, 4));
  const std::string_view box =
      AsText(bytes.first(std::min<std::size_t>(bytes.size(), 64)));
  const bool avif = box.find("avif") != box.npos ||
                    box.find("avis") != box.npos ||
                    box.find("avio") != box.npos;
  if (avif && HasReducedHeader(bytes))
    return Unsupported("AVIF with a reduced header is not supported");
  if (avif) return WorthOpening(ImageFormat::kAvif);
  if (box.find("heic") != box.npos || box.find("mif1") != box.npos ||
      brand == "mif3")
    return Unsupported("HEIF is not supported");
  return std::nullopt;  // a video
}

ImageHeader PeekAvif(ByteSpan bytes) {
  const AvifLayout avif = WalkAvif(bytes);
  ImageHeader header;
  header.format = ImageFormat::kAvif;
  header.overlong = avif.overlong;
  header.width = avif.width;
  header.height = avif.height;
  header.bits = avif.bits;
  header.components = static_cast<std::uint8_t>((avif.monochrome ? 1 : 3) +
                                                (avif.alpha ? 1 : 0));
  header.samples = CountAvifSamples(avif);
  header.items = avif.items;
  header.icc_bytes = avif.icc_bytes;
  // The exact size would need the item's location. This is an upper bound: the
  // size of the file, or 64 KiB, which is more than a thumbnail may keep.
  if (avif.has_exif)
    header.exif_bytes = std::min<std::size_t>(bytes.size(), UINT16_MAX);
  return header;
}

}  // namespace thumbmill
