#include "worker/image/avif_layout.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace thumbmill {
namespace {

constexpr std::size_t kBoxHeader = 8;
constexpr std::size_t kFullBox = 4;  // version and flags behind the header

std::uint64_t Number(ByteSpan bytes, std::size_t at, int size) {
  std::uint64_t value = 0;
  for (int i = 0; i < size; ++i)
    value = value << 8 | bytes[at + static_cast<std::size_t>(i)];
  return value;
}

std::uint32_t U32(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint32_t>(Number(bytes, at, 4));
}

ByteSpan Behind(ByteSpan bytes, std::size_t count) {
  return bytes.subspan(std::min(count, bytes.size()));
}

// The boxes that follow each other in `bytes`; the last may be cut.
class BoxWalker {
 public:
  explicit BoxWalker(ByteSpan bytes) : rest_(bytes) {}

  [[nodiscard]] bool Next() {
    if (rest_.size() < kBoxHeader) return false;
    std::uint64_t size = U32(rest_, 0);
    std::size_t header = kBoxHeader;
    type_ = AsText(rest_.subspan(4, 4));
    if (size == 1) {  // a larger number follows
      if (rest_.size() < 16) return false;
      size = Number(rest_, 8, 8);
      header = 16;
    }
    if (size == 0) size = rest_.size();  // to the end
    if (size < header) return false;
    cut_ = size > rest_.size();
    const auto whole =
        static_cast<std::size_t>(std::min<std::uint64_t>(size, rest_.size()));
    body_ = rest_.subspan(header, whole - header);
    rest_ = rest_.subspan(whole);
    return true;
  }
  [[nodiscard]] std::string_view type() const { return type_; }
  [[nodiscard]] ByteSpan body() const { return body_; }
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  ByteSpan rest_;
  std::string_view type_;
  ByteSpan body_;
  bool cut_ = false;
};

struct Property {
  std::string_view type;
  ByteSpan body;
};

class AvifWalker {
 public:
  [[nodiscard]] AvifLayout Walk(ByteSpan bytes);

 private:
  void ReadMeta(ByteSpan body);
  void ReadItems(ByteSpan body);
  void ReadProperties(ByteSpan body);
  void ReadAssociations(ByteSpan body);
  void ReadMovie(ByteSpan body);
  void ReadTrack(ByteSpan body);
  void Apply(const Property& property);
  void ReadCodecConfiguration(ByteSpan body);

  AvifLayout layout_;
  std::uint32_t primary_ = 0;
  std::vector<Property> properties_;  // the first is number 1
  std::vector<std::size_t> of_primary_;
};

// AV1 Codec ISO Media File Format Binding, 2.3.3.
void AvifWalker::ReadCodecConfiguration(ByteSpan body) {
  if (body.size() < 4) return;
  const std::uint8_t flags = body[2];
  const bool high = (flags & 0x40) != 0, twelve = (flags & 0x20) != 0;
  layout_.bits = !high ? 8 : twelve ? 12 : 10;
  layout_.monochrome = (flags & 0x10) != 0;
  layout_.halved_x = (flags & 0x08) != 0;
  layout_.halved_y = (flags & 0x04) != 0;
}

void AvifWalker::Apply(const Property& property) {
  const ByteSpan body = property.body;
  if (property.type == "ispe" && body.size() >= 12) {
    layout_.width = U32(body, 4);
    layout_.height = U32(body, 8);
  } else if (property.type == "av1C") {
    ReadCodecConfiguration(body);
  } else if (property.type == "colr" && body.size() > 4 &&
             AsText(body.first(4)) != "nclx") {
    layout_.icc_bytes = static_cast<std::uint32_t>(
        std::min<std::size_t>(body.size() - 4, UINT32_MAX));
  }
}

bool NamesAlpha(ByteSpan body) {
  constexpr std::string_view kTypes[] = {
      "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
      "urn:mpeg:hevc:2015:auxid:1"};
  const std::string_view text = AsText(Behind(body, kFullBox));
  return std::any_of(
      std::begin(kTypes), std::end(kTypes),
      [&](std::string_view type) { return text.starts_with(type); });
}

void AvifWalker::ReadProperties(ByteSpan body) {
  for (BoxWalker box(body); box.Next();) {
    properties_.push_back({box.type(), box.body()});
    layout_.alpha |= box.type() == "auxC" && NamesAlpha(box.body());
  }
}

// Which properties the primary item has, HEIF 9.3.
void AvifWalker::ReadAssociations(ByteSpan body) {
  if (body.size() < 8) return;
  const int id_bytes = body[0] == 0 ? 2 : 4;
  const int index_bytes = (body[3] & 1) != 0 ? 2 : 1;
  const std::uint32_t count = U32(body, 4);
  ByteSpan rest = body.subspan(8);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto head = static_cast<std::size_t>(id_bytes) + 1;
    if (rest.size() < head) return;
    const std::uint64_t id = Number(rest, 0, id_bytes);
    const std::size_t entries = rest[head - 1];
    const std::size_t size = entries * static_cast<std::size_t>(index_bytes);
    if (rest.size() - head < size) return;
    for (std::size_t e = 0; id == primary_ && e < entries; ++e) {
      const std::size_t at = head + e * static_cast<std::size_t>(index_bytes);
      const std::uint64_t mask = index_bytes == 2 ? 0x7FFF : 0x7F;
      of_primary_.push_back(Number(rest, at, index_bytes) & mask);
    }
    rest = rest.subspan(head + size);
  }
}

void AvifWalker::ReadItems(ByteSpan body) {
  const bool wide = !body.empty() && body[0] != 0;
  const std::size_t counter = wide ? 4 : 2;
  for (BoxWalker box(Behind(body, kFullBox + counter)); box.Next();)
    ++layout_.items;
  layout_.has_exif = AsText(body).find("Exif") != std::string_view::npos;
}

void AvifWalker::ReadMeta(ByteSpan body) {
  ByteSpan properties;
  for (BoxWalker box(Behind(body, kFullBox)); box.Next();) {
    const ByteSpan inner = box.body();
    if (box.type() == "pitm" && inner.size() >= 6) {
      const bool wide = inner[0] != 0 && inner.size() >= 8;
      primary_ =
          static_cast<std::uint32_t>(Number(inner, kFullBox, wide ? 4 : 2));
      layout_.has_primary = true;
    } else if (box.type() == "iprp" && properties.empty()) {
      properties = inner;
    } else if (box.type() == "iinf") {
      ReadItems(inner);
    }
  }
  for (BoxWalker box(properties); box.Next();)
    if (box.type() == "ipco" && properties_.empty()) ReadProperties(box.body());
  for (BoxWalker box(properties); box.Next();)
    if (box.type() == "ipma") ReadAssociations(box.body());
  // A grid has no configuration of its own: that of its tiles stands first
  // among the others. Alpha comes behind the picture that it belongs to.
  for (auto at = properties_.rbegin(); at != properties_.rend(); ++at)
    if (at->type == "av1C") Apply(*at);
  for (const std::size_t number : of_primary_)
    if (number >= 1 && number <= properties_.size())
      Apply(properties_[number - 1]);
}

// The size of a track stands at the end of its header, with 16 fraction bits.
void AvifWalker::ReadTrack(ByteSpan body) {
  for (BoxWalker box(body); box.Next();) {
    if (box.type() != "tkhd" || box.body().size() < 84) continue;
    const ByteSpan size = box.body().last(8);
    layout_.width = std::max(layout_.width, U32(size, 0) >> 16);
    layout_.height = std::max(layout_.height, U32(size, 4) >> 16);
  }
}

void AvifWalker::ReadMovie(ByteSpan body) {
  int tracks = 0;
  for (BoxWalker box(body); box.Next();) {
    if (box.type() != "trak") continue;
    ReadTrack(box.body());
    layout_.alpha = ++tracks > 1;
  }
  layout_.bits = 12;  // said deep within; the dearest is taken
}

AvifLayout AvifWalker::Walk(ByteSpan bytes) {
  ByteSpan meta, movie;
  layout_.ends = true;
  for (BoxWalker box(bytes); box.Next();) {
    layout_.ends = !box.cut();
    if (box.type() == "meta" && meta.empty()) meta = box.body();
    if (box.type() == "moov" && movie.empty()) movie = box.body();
  }
  ReadMeta(meta);
  if (!layout_.has_primary) ReadMovie(movie);
  return layout_;
}

}  // namespace

AvifLayout WalkAvif(ByteSpan bytes) { return AvifWalker().Walk(bytes); }

}  // namespace thumbmill
