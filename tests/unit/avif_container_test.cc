// Links: tm_image tm_recipe tm_pictures
//
// Tests still AVIF with boxes in every legal and some illegal orders. The
// picture must be the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/tools/pictures.h"
#include "tests/unit/full_size.h"
#include "worker/image/codec/avif_rewrite.h"
#include "worker/image/codec/peek.h"
#include "worker/image/header/avif_meta.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::AvifOptions;
using testing::Bytes;
using testing::FullSize;
using testing::Make;
using testing::MakeExif;
using testing::Picture;
using testing::Pixels;
using testing::WriteAvif;
using Text = std::string;

constexpr std::uint32_t kSide = 64;

Text Number(std::uint64_t value, int bytes) {
  Text text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    text += static_cast<char>(value >> shift);
  return text;
}

Text Box(const Text& type, const Text& body) {
  return Number(8 + body.size(), 4) + type + body;
}

Text FullBox(const Text& type, int version, int flags, const Text& body) {
  return Box(type, Number(static_cast<std::uint64_t>(version), 1) +
                       Number(static_cast<std::uint64_t>(flags), 3) + body);
}

struct Item {
  std::uint32_t id;
  Text type;
  Text data;
  std::vector<int> properties;  // numbers of its properties
};

struct Reference {
  Text type;
  std::uint32_t from;
  std::vector<std::uint32_t> to;
};

// Options for writing the boxes.
struct Style {
  int infe_version = 2;
  int iloc_version = 0;
  int iref_version = 0;
  int ipma_version = 0, ipma_flags = 0;
  bool each_its_ipma = false;
  bool each_property_its_ipma = false;
  bool each_its_iref = false;
  bool backwards = false;  // order of items in all boxes but iref and ipma
  bool ipma_backwards = false;
  bool derived_in_idat = false;
  bool base_offset = false;
  bool in_pieces = false;  // each item in two extents
  bool meta_last = false, meta_to_the_end = false, meta_of_64_bits = false;
  bool strange_boxes = false;
};

class Writer {
 public:
  // Adds a property and returns its number.
  int Add(const Text& property) {
    properties_.push_back(property);
    return static_cast<int>(properties_.size());
  }
  void Add(const Item& item) { items_.push_back(item); }
  void Refer(const Reference& reference) { references_.push_back(reference); }
  [[nodiscard]] std::vector<Item>& items() { return items_; }

  [[nodiscard]] Bytes Write(const Style& style) const {
    const Text ftyp = Box("ftyp", Text("avif\0\0\0\0avifmif1miaf", 20));
    const Text data = Box("mdat", Data(style));
    // Offsets do not change the size of the meta box, so write it once to learn
    // its size and then again with the real offsets.
    const std::size_t meta = Meta(style, 0).size();
    const std::size_t start = ftyp.size() + 8 + (style.meta_last ? 0 : meta);
    const Text boxes = Meta(style, start);
    const Text all = ftyp + (style.meta_last ? data + boxes : boxes + data);
    return {all.begin(), all.end()};
  }

 private:
  static bool InIdat(const Item& item, const Style& style) {
    return style.derived_in_idat && item.type == "grid";
  }
  std::vector<Item> Ordered(bool backwards) const {
    std::vector<Item> items = items_;
    if (backwards) std::reverse(items.begin(), items.end());
    return items;
  }
  Text Data(const Style& style) const {
    Text data;
    for (const Item& item : items_)
      if (!InIdat(item, style)) data += item.data;
    return data;
  }
  // Returns the offset of an item's data from the first data of all items.
  std::size_t PlaceOf(const Item& wanted, const Style& style) const {
    std::size_t at = 0;
    for (const Item& item : items_) {
      if (item.id == wanted.id) return at;
      if (InIdat(item, style) == InIdat(wanted, style)) at += item.data.size();
    }
    return at;
  }
  Text Locations(const Style& style, std::size_t start) const {
    // Each digit is the size of a field: offset, length, base offset, index.
    Text body = style.base_offset ? Number(0x4440, 2) : Number(0x4400, 2);
    body += Number(items_.size(), style.iloc_version == 2 ? 4 : 2);
    for (const Item& item : Ordered(style.backwards)) {
      const std::size_t place =
          PlaceOf(item, style) + (InIdat(item, style) ? 0 : start);
      body += Number(item.id, style.iloc_version == 2 ? 4 : 2);
      if (style.iloc_version > 0) body += Number(InIdat(item, style), 2);
      body += Number(0, 2);
      if (style.base_offset) body += Number(place, 4);
      const std::size_t at = style.base_offset ? 0 : place;
      const std::size_t half = style.in_pieces ? item.data.size() / 2 : 0;
      body += Number(half > 0 ? 2 : 1, 2);
      if (half > 0) body += Number(at, 4) + Number(half, 4);
      body += Number(at + half, 4) + Number(item.data.size() - half, 4);
    }
    return FullBox("iloc", style.iloc_version, 0, body);
  }
  Text Items(const Style& style) const {
    Text body = Number(items_.size(), 2);
    for (const Item& item : Ordered(style.backwards))
      body += FullBox("infe", style.infe_version, 0,
                      Number(item.id, style.infe_version == 3 ? 4 : 2) +
                          Number(0, 2) + item.type + Number(0, 1));
    return FullBox("iinf", 0, 0, body);
  }
  Text References(const Style& style) const {
    const int id_bytes = style.iref_version == 0 ? 2 : 4;
    Text all, boxes;
    for (const Reference& reference : references_) {
      Text body =
          Number(reference.from, id_bytes) + Number(reference.to.size(), 2);
      for (const std::uint32_t to : reference.to) body += Number(to, id_bytes);
      all += Box(reference.type, body);
      boxes +=
          FullBox("iref", style.iref_version, 0, Box(reference.type, body));
    }
    if (style.each_its_iref) return boxes;
    return FullBox("iref", style.iref_version, 0, all);
  }
  Text Group(const Item& item, const Style& style) const {
    Text body = Number(item.id, style.ipma_version == 0 ? 2 : 4) +
                Number(item.properties.size(), 1);
    for (const int number : item.properties)
      body += Number(static_cast<std::uint64_t>(number),
                     style.ipma_flags == 0 ? 1 : 2);
    return body;
  }
  Text AssociationsApart(const Style& style) const {
    Text boxes;
    for (const Item& item : items_)
      for (const int number : item.properties) {
        const Item part{item.id, "", "", {number}};
        boxes += FullBox("ipma", style.ipma_version, style.ipma_flags,
                         Number(1, 4) + Group(part, style));
      }
    return boxes;
  }
  Text Properties(const Style& style) const {
    Text ipco;
    for (const Text& property : properties_) ipco += property;
    Text all, boxes;
    for (const Item& item : Ordered(style.ipma_backwards)) {
      all += Group(item, style);
      boxes += FullBox("ipma", style.ipma_version, style.ipma_flags,
                       Number(1, 4) + Group(item, style));
    }
    if (style.each_property_its_ipma) boxes = AssociationsApart(style);
    const Text one = FullBox("ipma", style.ipma_version, style.ipma_flags,
                             Number(items_.size(), 4) + all);
    const bool apart = style.each_its_ipma || style.each_property_its_ipma;
    return Box("iprp", Box("ipco", ipco) + (apart ? boxes : one));
  }
  Text Meta(const Style& style, std::size_t start) const {
    Text idat;
    for (const Item& item : items_)
      if (InIdat(item, style)) idat += item.data;
    Text body = Number(0, 4);
    body += FullBox("hdlr", 0, 0, Text("\0\0\0\0pict", 8) + Text(13, '\0'));
    if (style.strange_boxes)
      body += Box("uuid", Text(20, 'u')) + Box("free", "");
    body += FullBox("pitm", 0, 0, Number(items_.front().id, 2));
    body += Locations(style, start) + Items(style) + References(style);
    if (style.strange_boxes) body += Box("strg", "?");
    body += Properties(style);
    if (!idat.empty()) body += Box("idat", idat);
    // A box size of 0 reaches to the end of the file; 1 announces 64 bits.
    if (style.meta_to_the_end) return Number(0, 4) + "meta" + body;
    if (style.meta_of_64_bits)
      return Number(1, 4) + "meta" + Number(16 + body.size(), 8) + body;
    return Box("meta", body);
  }

  std::vector<Text> properties_;
  std::vector<Item> items_;
  std::vector<Reference> references_;
};

// An encoded picture of one colour, or one level of alpha.
struct Tile {
  Text coded;
  std::vector<Text> properties;
};

using Colour = std::array<std::uint8_t, 3>;
constexpr Colour kColours[4] = {
    {200, 40, 40}, {40, 180, 60}, {40, 60, 200}, {220, 200, 60}};

Tile TileOf(const Bytes& avif) {
  const auto meta = AvifMeta::Read(avif);
  std::vector<AvifExtent> extents;
  EXPECT_EQ(meta->PlaceOf(meta->primary(), &extents), AvifMeta::Place::kKnown);
  const auto text = [](ByteSpan bytes) { return Text(AsText(bytes)); };
  Tile tile;
  tile.coded =
      text(ByteSpan(avif).subspan(extents.at(0).offset, extents.at(0).size));
  for (const AvifAssociation& one : meta->PropertiesOf(meta->primary()))
    tile.properties.push_back(text(meta->Property(one.number)));
  return tile;
}

Tile ColouredTile(const Colour& colour) {
  Picture picture{kSide, kSide, 3, {}};
  for (std::uint32_t i = 0; i < kSide * kSide; ++i)
    picture.samples.insert(picture.samples.end(), colour.begin(), colour.end());
  return TileOf(WriteAvif(picture, {.sampling = 444}));
}

Tile GreyTile(std::uint8_t level) {
  Picture picture{kSide, kSide, 1, Bytes(kSide * kSide, level)};
  return TileOf(WriteAvif(picture, {.sampling = 400}));
}

Text GridOf(int columns, int rows) {
  return Number(0, 2) + Number(static_cast<std::uint64_t>(rows) - 1, 1) +
         Number(static_cast<std::uint64_t>(columns) - 1, 1) +
         Number(kSide * static_cast<std::uint64_t>(columns), 2) +
         Number(kSide * static_cast<std::uint64_t>(rows), 2);
}

Text ExtentsOf(std::uint32_t width, std::uint32_t height) {
  return FullBox("ispe", 0, 0, Number(width, 4) + Number(height, 4));
}

const Text kAlphaType = FullBox(
    "auxC", 0, 0, Text("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha") + '\0');

enum class Alpha { kNone, kGrid, kOfEachTile };

// Makes a grid of four colours. `ids` are the ids of its tiles in the order of
// the picture. Alpha, if any, has the levels 255, 200, 150 and 100.
Writer FourTiles(const std::vector<std::uint32_t>& ids,
                 Alpha alpha = Alpha::kNone, bool alpha_backwards = false,
                 const std::vector<Reference>& references = {}) {
  Writer writer;
  const int whole = writer.Add(ExtentsOf(2 * kSide, 2 * kSide));
  const int aux = writer.Add(kAlphaType);
  writer.Add(Item{1, "grid", GridOf(2, 2), {whole}});
  std::vector<Item> items;
  std::vector<std::uint32_t> alphas;
  for (std::size_t i = 0; i < 4; ++i) {
    const Tile tile = ColouredTile(kColours[i]);
    std::vector<int> numbers;
    for (const Text& property : tile.properties)
      numbers.push_back(writer.Add(property));
    items.push_back({ids[i], "av01", tile.coded, numbers});
  }
  const std::uint32_t grid = 40;
  for (std::uint32_t i = 0; i < 4 && alpha != Alpha::kNone; ++i) {
    const Tile tile =
        GreyTile(std::array<std::uint8_t, 4>{255, 200, 150, 100}[i]);
    std::vector<int> numbers;
    for (const Text& property : tile.properties)
      if (property.substr(4, 4) != "colr")
        numbers.push_back(writer.Add(property));
    numbers.push_back(aux);
    const std::uint32_t id = alpha_backwards ? grid + 4 - i : grid + 1 + i;
    items.push_back({id, "av01", tile.coded, numbers});
    alphas.push_back(id);
    if (alpha == Alpha::kOfEachTile) writer.Refer({"auxl", id, {ids[i]}});
  }
  if (alpha == Alpha::kGrid) {
    items.push_back({grid, "grid", GridOf(2, 2), {whole, aux}});
    writer.Refer({"auxl", grid, {1}});
    writer.Refer({"dimg", grid, alphas});
  }
  std::sort(items.begin(), items.end(),
            [](const Item& x, const Item& y) { return x.id < y.id; });
  for (const Item& item : items) writer.Add(item);
  if (references.empty()) writer.Refer({"dimg", 1, ids});
  for (const Reference& reference : references) writer.Refer(reference);
  return writer;
}

// Checks that the four tiles of a grid show `colours`, and their alpha.
void ExpectTiles(const Bytes& file, const std::array<int, 4>& colours,
                 Alpha alpha, const Text& what) {
  const auto made = Make(file, FullSize());
  ASSERT_TRUE(made.outcome.ok()) << what << ": " << made.outcome.message;
  const Picture picture = Pixels(file);
  ASSERT_EQ(picture.width, 2 * kSide) << what;
  ASSERT_EQ(picture.channels, alpha == Alpha::kNone ? 3 : 4) << what;
  for (std::uint32_t tile = 0; tile < 4; ++tile) {
    const std::uint32_t x = kSide / 2 + tile % 2 * kSide;
    const std::uint32_t y = kSide / 2 + tile / 2 * kSide;
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(picture.At(x, y, c),
                  kColours[colours[tile]][static_cast<std::size_t>(c)], 4)
          << what << ", tile " << tile;
    if (alpha == Alpha::kNone) continue;
    constexpr std::array<int, 4> kAlphas = {255, 200, 150, 100};
    EXPECT_NEAR(picture.At(x, y, 3), kAlphas[tile], 2)
        << what << ", tile " << tile;
  }
}

constexpr std::array<int, 4> kInOrder = {0, 1, 2, 3};

TEST(AvifGrid, TilesLieInTheOrderOfTheReference) {
  std::vector<std::uint32_t> ids = {2, 3, 4, 5};
  do {
    const Writer writer = FourTiles(ids);
    for (const bool backwards : {false, true})
      ExpectTiles(writer.Write({.backwards = backwards}), kInOrder,
                  Alpha::kNone,
                  std::to_string(ids[0]) + std::to_string(ids[1]) +
                      std::to_string(ids[2]) + std::to_string(ids[3]));
  } while (std::next_permutation(ids.begin(), ids.end()));
}

TEST(AvifGrid, AlphaHasAnOrderOfItsOwn) {
  for (const Alpha alpha : {Alpha::kGrid, Alpha::kOfEachTile})
    for (const bool backwards : {false, true})
      ExpectTiles(FourTiles({3, 2, 5, 4}, alpha, backwards).Write({}), kInOrder,
                  alpha, backwards ? "backwards" : "forwards");
}

TEST(AvifGrid, ATileMayBeUsedTwice) {
  const std::vector<std::uint32_t> ids = {2, 3, 4, 5};
  const Writer writer =
      FourTiles(ids, Alpha::kNone, false, {{"dimg", 1, {3, 2, 2, 5}}});
  ExpectTiles(writer.Write({}), {1, 0, 0, 3}, Alpha::kNone, "twice");
  EXPECT_GE(PeekHeader(writer.Write({}))->items, 5u);
}

TEST(AvifGrid, SeveralReferencesFollowEachOther) {
  const std::vector<std::uint32_t> ids = {2, 3, 4, 5};
  const Writer writer =
      FourTiles(ids, Alpha::kNone, false,
                {{"dimg", 1, {4, 2}}, {"thmb", 5, {1}}, {"dimg", 1, {5, 3}}});
  for (const bool apart : {false, true})
    ExpectTiles(writer.Write({.each_its_iref = apart}), {2, 0, 3, 1},
                Alpha::kNone, "several");
}

TEST(AvifGrid, WithoutATileIsRefused) {
  const std::vector<std::uint32_t> ids = {2, 3, 4, 5};
  for (const std::vector<std::uint32_t>& inputs :
       {std::vector<std::uint32_t>{3, 2, 4}, {3, 2, 4, 9}, {3, 2, 4, 5, 5}}) {
    const Writer writer =
        FourTiles(ids, Alpha::kNone, false, {{"dimg", 1, inputs}});
    EXPECT_EQ(Make(writer.Write({}), FullSize()).outcome.reason,
              Reason::kCorrupt);
  }
}

TEST(AvifGrid, EveryStyleOfBoxesGivesTheSamePicture) {
  const std::pair<const char*, Style> styles[] = {
      {"plain", {}},
      {"infe 3", {.infe_version = 3}},
      {"iloc 1", {.iloc_version = 1}},
      {"iloc 2", {.iloc_version = 2}},
      {"iref 1", {.iref_version = 1}},
      {"ipma 1", {.ipma_version = 1}},
      {"ipma of 15 bits", {.ipma_flags = 1}},
      {"many ipma", {.each_its_ipma = true}},
      {"many ipma of 15 bits", {.ipma_flags = 1, .each_its_ipma = true}},
      {"many ipma backwards",
       {.ipma_version = 1, .each_its_ipma = true, .ipma_backwards = true}},
      {"ipma backwards", {.ipma_backwards = true}},
      {"an ipma a property", {.each_property_its_ipma = true}},
      {"many iref", {.each_its_iref = true}},
      {"idat", {.iloc_version = 1, .derived_in_idat = true}},
      {"base", {.base_offset = true}},
      {"pieces", {.in_pieces = true}},
      {"pieces behind a base in idat",
       {.iloc_version = 2,
        .derived_in_idat = true,
        .base_offset = true,
        .in_pieces = true}},
      {"meta last", {.meta_last = true}},
      {"meta to the end", {.meta_last = true, .meta_to_the_end = true}},
      {"meta of 64 bits", {.meta_of_64_bits = true}},
      {"strange boxes", {.strange_boxes = true}},
  };
  for (const Alpha alpha : {Alpha::kNone, Alpha::kGrid, Alpha::kOfEachTile}) {
    const Writer writer = FourTiles({5, 3, 2, 4}, alpha);
    for (const auto& [name, style] : styles)
      for (const bool backwards : {false, true}) {
        Style one = style;
        one.backwards = backwards;
        ExpectTiles(writer.Write(one), kInOrder, alpha, name);
      }
  }
}

// Makes one picture with alpha as an early encoder wrote it: each item has an
// ipma box of its own.
Writer WithAlpha(std::uint32_t picture_id, std::uint32_t alpha_id) {
  Writer writer;
  std::uint32_t id = picture_id;
  for (const Tile& tile : {ColouredTile(kColours[0]), GreyTile(100)}) {
    std::vector<int> numbers;
    for (const Text& property : tile.properties)
      numbers.push_back(writer.Add(property));
    if (id == alpha_id) numbers.push_back(writer.Add(kAlphaType));
    writer.Add(Item{id, "av01", tile.coded, numbers});
    id = alpha_id;
  }
  writer.Refer({"auxl", alpha_id, {picture_id}});
  return writer;
}

TEST(AvifBoxes, TwoBoxesOfAssociationsAreOne) {
  for (const bool backwards : {false, true}) {
    const Writer writer = backwards ? WithAlpha(2, 1) : WithAlpha(1, 2);
    for (const int version : {0, 1})
      for (const int flags : {0, 1}) {
        const Picture picture = Pixels(writer.Write({.ipma_version = version,
                                                     .ipma_flags = flags,
                                                     .each_its_ipma = true}));
        ASSERT_EQ(picture.channels, 4);
        EXPECT_NEAR(picture.At(9, 9, 0), 200, 3);
        EXPECT_NEAR(picture.At(9, 9, 3), 100, 2);
      }
  }
}

TEST(AvifBoxes, WhatIsNotOddIsLeftAlone) {
  const auto head = RewriteAvifHead(WithAlpha(1, 2).Write({}));
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->empty());
}

TEST(AvifBoxes, KindsThatNobodyShowsAreUnsupported) {
  for (const char* type : {"iovl", "iden", "hvc1", "j2k1"}) {
    Writer writer = WithAlpha(1, 2);
    writer.items()[0].type = type;
    const Outcome outcome = Make(writer.Write({}), FullSize()).outcome;
    EXPECT_EQ(outcome.reason, Reason::kUnsupported) << type;
    EXPECT_NE(outcome.message.find(type), Text::npos) << outcome.message;
  }
  // The low bits of the construction method: the data is inside another item.
  Bytes elsewhere = WithAlpha(1, 2).Write({.iloc_version = 1});
  const Text name = "iloc";
  const auto box =
      std::search(elsewhere.begin(), elsewhere.end(), name.begin(), name.end());
  *(box + 4 + 4 + 2 + 2 + 2 + 1) = 2;
  EXPECT_EQ(Make(elsewhere, FullSize()).outcome.reason, Reason::kUnsupported);
}

TEST(AvifBoxes, AReducedHeaderIsUnsupported) {
  const Text mini = Box("mini", Text(40, '\x21'));
  for (const Text& brands : {Text("mif3avif"), Text("avif\0\0\0\0mif3", 12),
                             Text("avif\0\0\0\0avifmiafavio", 20),
                             Text("mif3avio"), Text("avio\0\0\0\0avif", 12)}) {
    const Text file = Box("ftyp", brands) + mini;
    const Sniffed sniffed = Sniff(AsBytes(file));
    EXPECT_EQ(sniffed.reason, Reason::kUnsupported) << brands;
    EXPECT_NE(sniffed.message.find("reduced"), Text::npos);
  }
  // These brands alone do not tell the format.
  const Text whole = Box("ftyp", "avifavio") + Box("meta", Text(8, '\0'));
  EXPECT_EQ(Sniff(AsBytes(whole)).reason, Reason::kNone);
  const Text heif = Box("ftyp", "mif3hevc") + mini;
  EXPECT_EQ(Sniff(AsBytes(heif)).message, "HEIF is not supported");
}

TEST(AvifBoxes, ACutIsDamageOnlyWhereCodedBytesAreMissing) {
  Writer writer = WithAlpha(1, 2);
  const Bytes whole = writer.Write({.each_its_ipma = true});
  const Picture picture = Pixels(whole);
  for (std::size_t size = 12; size < whole.size(); ++size) {
    const Outcome outcome =
        Make(ByteSpan(whole).first(size), FullSize()).outcome;
    EXPECT_FALSE(outcome.ok()) << size;
    EXPECT_EQ(outcome.reason, Reason::kTruncated) << size;
  }
  // Add an item whose bytes lie after the coded picture.
  writer.Add(Item{3, "mime", "a text of no use", {}});
  const Bytes more = writer.Write({.each_its_ipma = true});
  const ByteSpan cut = ByteSpan(more).first(more.size() - 9);
  EXPECT_EQ(Pixels(cut).samples, picture.samples);
  EXPECT_EQ(Make(cut, FullSize()).outcome.warnings.size(), 1u);
  Recipe recipe = FullSize();
  recipe.fail_on = FailOn::kWarning;
  EXPECT_FALSE(Make(cut, recipe).outcome.ok());
  EXPECT_TRUE(Make(more, recipe).outcome.ok());
}

TEST(AvifBoxes, ExifThatIsCutCostsAWarning) {
  for (const bool odd : {false, true}) {
    Writer writer = WithAlpha(1, 2);
    const Bytes exif = MakeExif(6);
    const Text text = Number(0, 4) + Text(exif.begin(), exif.end());
    writer.Add(Item{3, "Exif", text, {}});
    writer.Refer({"cdsc", 3, {1}});
    const Style style = {.each_its_ipma = odd};
    const Bytes whole = writer.Write(style);
    EXPECT_EQ(Make(whole, FullSize()).outcome.warnings.size(), 0u);
    const auto made =
        Make(ByteSpan(whole).first(whole.size() - 20), FullSize());
    ASSERT_TRUE(made.outcome.ok()) << made.outcome.message;
    EXPECT_GE(made.outcome.warnings.size(), 1u);
  }
}

// libavif would keep some kilobytes for each item that any box names, so our
// rewriting drops unused items.
TEST(AvifBoxes, ItemsOfNoUseCostNothing) {
  Writer writer = WithAlpha(1, 2);
  for (std::uint32_t id = 3; id < 20'000; ++id)
    writer.Add(Item{id, "mime", "", {}});
  const auto head = RewriteAvifHead(writer.Write({}));
  ASSERT_TRUE(head);
  EXPECT_GT(head->size(), 100u);
  EXPECT_LT(head->size(), 2000u);
  EXPECT_EQ(AvifMeta::Read(*head)->TypeOf(3), "");
}

TEST(AvifBoxes, TooManyAreRefused) {
  const auto groups = [](std::uint32_t count) {
    Text all;
    for (std::uint32_t id = 1; id <= count; ++id) all += Number(id, 4) + '\0';
    return FullBox("ipma", 1, 0, Number(count, 4) + all);
  };
  for (const std::uint32_t count : {5000u, 70'000u}) {
    const Text meta =
        Number(0, 4) + FullBox("pitm", 0, 0, Number(1, 2)) +
        Box("iprp", Box("ipco", ExtentsOf(64, 64)) + groups(count));
    const Text file = Box("ftyp", "avif") + Box("meta", meta);
    EXPECT_EQ(Make(AsBytes(file), FullSize()).outcome.reason,
              count == 5000 ? Reason::kCorrupt : Reason::kTooCostly);
  }
  const Text film = Box("ftyp", "avis") + Box("moov", Text(9 << 20, '\0'));
  EXPECT_EQ(Make(AsBytes(film), FullSize()).outcome.reason, Reason::kTooCostly);
}

// Damaged boxes must cause no read outside the file; the fuzz targets go
// deeper.
TEST(AvifBoxes, DamagedBoxesDoNoHarm) {
  const Bytes whole = FourTiles({5, 3, 2, 4}, Alpha::kOfEachTile)
                          .Write({.iloc_version = 1,
                                  .each_its_ipma = true,
                                  .derived_in_idat = true});
  std::uint32_t random = 1;
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = whole;
    for (int i = 0; i < 1 + round % 4; ++i) {
      random = random * 1664525 + 1013904223;
      bytes[20 + random % 2500 % (bytes.size() - 20)] =
          static_cast<std::uint8_t>(random >> 24);
    }
    bytes.shrink_to_fit();
    static_cast<void>(RewriteAvifHead(bytes));
    static_cast<void>(PeekHeader(bytes));
  }
}

}  // namespace
}  // namespace thumbmill
