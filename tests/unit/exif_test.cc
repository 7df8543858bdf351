// Links: tm_image tm_pictures
#include "worker/image/header/exif.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tests/tools/pictures.h"
#include "worker/image/header/metadata.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::MakeExif;

TEST(Exif, ReadsEachOrientationInBothByteOrders) {
  for (int value = 1; value <= 8; ++value) {
    EXPECT_EQ(ExifOrientation(MakeExif(value, false)), value);
    EXPECT_EQ(ExifOrientation(MakeExif(value, true)), value);
  }
}

TEST(Exif, TakesWhatIsNoOrientationForUpright) {
  EXPECT_EQ(ExifOrientation(MakeExif(0)), 1);
  EXPECT_EQ(ExifOrientation(MakeExif(9)), 1);
  EXPECT_EQ(ExifOrientation(MakeExif(255)), 1);
}

TEST(Exif, TakesEveryCutForUpright) {
  const Bytes whole = MakeExif(6);
  // The last four bytes are the offset of the next directory, which we do not
  // read.
  for (std::size_t size = 0; size + 4 < whole.size() - 2; ++size)
    EXPECT_EQ(ExifOrientation(ByteSpan(whole).first(size)), 1) << size;
}

// Makes a structure with one orientation entry. `value` holds its bytes in the
// given byte order.
Bytes ExifOf(bool big_endian, std::uint16_t type, std::uint32_t count,
             const Bytes& value) {
  Bytes exif;
  const auto put = [&](std::uint64_t number, int bytes) {
    for (int i = 0; i < bytes; ++i)
      exif.push_back(static_cast<std::uint8_t>(
          number >> 8 * (big_endian ? bytes - 1 - i : i)));
  };
  exif.assign(2, big_endian ? 'M' : 'I');
  put(42, 2);
  put(8, 4);
  put(1, 2);
  put(0x0112, 2);
  put(type, 2);
  put(count, 4);
  const bool within = value.size() <= 4;
  if (!within) put(26, 4);
  exif.insert(exif.end(), value.begin(), value.end());
  while (exif.size() < 22) exif.push_back(0);
  if (within) {
    put(0, 4);
  } else {
    exif.insert(exif.begin() + 22, 4, 0);
  }
  return exif;
}

struct Stored {
  std::uint16_t type;
  std::uint32_t count;
  Bytes big_endian;  // each number takes `size` bytes
  std::size_t size;
  int orientation;
  const char* name;
};

// Orientations as exiftool 12.57 reads them. libexif and libvips agree for the
// types that they know.
const Stored kStored[] = {
    {1, 1, {6}, 1, 6, "a byte"},
    {1, 2, {6, 1}, 1, 6, "two bytes"},
    {1, 8, {6, 0, 0, 0, 0, 0, 0, 0}, 1, 6, "eight bytes"},
    {2, 1, {'6'}, 1, 6, "a digit"},
    {2, 2, {'6', 0}, 1, 6, "text"},
    {2, 3, {'6', '1', 0}, 1, 1, "a longer text"},
    {2, 1, {6}, 1, 1, "no digit"},
    {3, 1, {0, 6}, 2, 6, "a short"},
    {3, 2, {0, 6, 0, 1}, 2, 6, "two shorts"},
    {3, 3, {0, 6, 0, 1, 0, 1}, 2, 6, "three shorts"},
    {3, 0, {0, 6}, 2, 1, "no short"},
    {3, 2, {0, 9, 0, 6}, 2, 1, "9, then 6"},
    {4, 1, {0, 0, 0, 6}, 4, 6, "a long"},
    {4, 2, {0, 0, 0, 6, 0, 0, 0, 3}, 4, 6, "two longs"},
    {4, 1, {1, 0, 0, 6}, 4, 1, "a long that is too large"},
    {5, 1, {0, 0, 0, 6, 0, 0, 0, 1}, 4, 6, "a rational"},
    {5, 1, {0, 0, 0, 12, 0, 0, 0, 2}, 4, 6, "12/2"},
    {5, 1, {0, 0, 0, 13, 0, 0, 0, 2}, 4, 1, "13/2"},
    {5, 1, {0, 0, 0, 6, 0, 0, 0, 0}, 4, 1, "6/0"},
    {6, 1, {6}, 1, 6, "a signed byte"},
    {6, 1, {0xFA}, 1, 1, "-6"},
    {7, 1, {6}, 1, 6, "a byte without a type"},
    {7, 2, {0, 6}, 1, 1, "bytes without a type"},
    {8, 1, {0, 6}, 2, 6, "a signed short"},
    {9, 1, {0, 0, 0, 6}, 4, 6, "a signed long"},
    {9, 1, {0xFF, 0xFF, 0xFF, 0xFA}, 4, 1, "-6"},
    {10, 1, {0, 0, 0, 6, 0, 0, 0, 1}, 4, 6, "a signed rational"},
    {11, 1, {0x40, 0xC0, 0, 0}, 4, 6, "a float"},
    {11, 1, {0x7F, 0xC0, 0, 0}, 4, 1, "no number"},
    {12, 1, {0x40, 0x18, 0, 0, 0, 0, 0, 0}, 8, 6, "a double"},
    {13, 1, {0, 0, 0, 6}, 4, 6, "a directory"},
    {0, 1, {0, 6}, 2, 1, "type 0"},
    {14, 1, {0, 6}, 2, 1, "type 14"},
    {3, 0x80000003, {0, 6, 0, 1, 0, 1}, 2, 1, "more shorts than bytes"},
    {3, 0xFFFFFFFF, {0, 6, 0, 1, 0, 1}, 2, 1, "2^32 - 1 shorts"},
};

TEST(Exif, ReadsAnOrientationOfWhateverType) {
  for (const Stored& stored : kStored) {
    EXPECT_EQ(ExifOrientation(
                  ExifOf(true, stored.type, stored.count, stored.big_endian)),
              stored.orientation)
        << stored.name;
    Bytes little = stored.big_endian;
    for (std::size_t at = 0; at + stored.size <= little.size();
         at += stored.size)
      std::reverse(
          little.begin() + static_cast<std::ptrdiff_t>(at),
          little.begin() + static_cast<std::ptrdiff_t>(at + stored.size));
    EXPECT_EQ(ExifOrientation(ExifOf(false, stored.type, stored.count, little)),
              stored.orientation)
        << stored.name << ", little endian";
  }
}

TEST(Exif, EndsWhenTheDirectoryClaimsMoreThanThereIs) {
  Bytes exif = MakeExif(6);
  exif[8] = exif[9] = 0xFF;  // 65535 entries
  EXPECT_EQ(ExifOrientation(exif), 6);
  exif[10] = 0;  // the only entry is another tag
  EXPECT_EQ(ExifOrientation(exif), 1);
}

TEST(Exif, IgnoresADirectoryOutsideTheBytes) {
  Bytes exif = MakeExif(6);
  exif[4] = exif[5] = exif[6] = exif[7] = 0xFF;
  EXPECT_EQ(ExifOrientation(exif), 1);
}

// ---- EXIF that a thumbnail keeps ----------------------------------------

// Writes TIFF structures, good and bad, entry by entry.
class Tiff {
 public:
  explicit Tiff(bool big_endian = false) : big_endian_(big_endian) {
    bytes = big_endian ? Bytes{'M', 'M', 0, 42, 0, 0, 0, 8}
                       : Bytes{'I', 'I', 42, 0, 8, 0, 0, 0};
  }
  // Starts a directory of `count` entries; `next` is the offset of another.
  void Directory(std::uint16_t count, std::uint32_t next = 0) {
    U16(count);
    after_ = {next, bytes.size() + count * 12u};
  }
  void Entry(std::uint16_t tag, std::uint16_t type, std::uint32_t count,
             std::uint32_t value) {
    U16(tag), U16(type), U32(count);
    if (type == 3 && count == 1) {
      U16(value), U16(0);
    } else {
      U32(value);
    }
    if (bytes.size() == after_.second) U32(after_.first);
  }
  void Text(std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  void U16(std::uint32_t v) {
    const auto high = static_cast<std::uint8_t>(v >> 8);
    const auto low = static_cast<std::uint8_t>(v);
    bytes.push_back(big_endian_ ? high : low);
    bytes.push_back(big_endian_ ? low : high);
  }
  void U32(std::uint32_t v) {
    U16(big_endian_ ? v >> 16 : v);
    U16(big_endian_ ? v : v >> 16);
  }

  Bytes bytes;

 private:
  bool big_endian_;
  std::pair<std::uint32_t, std::size_t> after_;
};

constexpr std::uint16_t kAscii = 2, kShort = 3, kLong = 4, kUndefined = 7;

// Makes EXIF like a camera's: entries 0 model, 1 orientation, 2 artist, 3
// pointer to EXIF (colour space, maker's note, width), and a thumbnail in IFD1.
Bytes CameraExif(bool big_endian) {
  Tiff tiff(big_endian);
  tiff.Directory(4, 200);  // 8..62
  tiff.Entry(0x0110, kAscii, 8, 64);
  tiff.Entry(0x0112, kShort, 1, 6);
  tiff.Entry(0x013B, kAscii, 6, 72);
  tiff.Entry(0x8769, kLong, 1, 80);
  tiff.Text("..Camera\0"), tiff.bytes.resize(72);
  tiff.Text("Alice"), tiff.bytes.resize(80);
  tiff.Directory(4);  // 80..134
  tiff.Entry(0x927C, kUndefined, 20, 134);
  tiff.Entry(0xA001, kShort, 1, 0xFFFF);
  tiff.Entry(0xA002, kLong, 1, 4000);
  tiff.Entry(0xA434, kAscii, 4, 0);  // inline
  tiff.Text("a maker's own secret");
  tiff.bytes.resize(200);
  tiff.Directory(2);
  tiff.Entry(0x0201, kLong, 1, 230);
  tiff.Entry(0x0202, kLong, 1, 9);
  tiff.Text("THUMBNAIL");
  return tiff.bytes;
}

std::string TextOf(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

bool Holds(const Bytes& bytes, std::string_view text) {
  return TextOf(bytes).find(text) != std::string::npos;
}

TEST(RewrittenExif, IsUprightAndWithoutThumbnailOrMakersNote) {
  for (const bool big_endian : {false, true}) {
    const Bytes made = RewrittenExif(CameraExif(big_endian), {});
    EXPECT_EQ(ExifOrientation(made), 1);
    EXPECT_EQ(made[0], big_endian ? 'M' : 'I');
    EXPECT_TRUE(Holds(made, "Camera"));
    EXPECT_TRUE(Holds(made, "Alice"));
    EXPECT_FALSE(Holds(made, "THUMB"));
    EXPECT_FALSE(Holds(made, "secret"));
    ExifChange lying;
    lying.orientation = 6;
    EXPECT_EQ(ExifOrientation(RewrittenExif(CameraExif(big_endian), lying)), 6);
  }
}

TEST(RewrittenExif, DoesNotChangeWhenItIsRewrittenAgain) {
  for (const bool big_endian : {false, true}) {
    const Bytes once = RewrittenExif(CameraExif(big_endian), {});
    EXPECT_EQ(RewrittenExif(once, {}), once);
  }
}

TEST(RewrittenExif, SaysSrgbWhenTheColoursWereConverted) {
  ExifChange converted;
  converted.now_srgb = true;
  // The bytes of the entry in order: tag, type (short), count (1), value.
  const std::string_view srgb("\xA0\x01\0\3\0\0\0\1\0\1\0\0", 12);
  EXPECT_TRUE(Holds(RewrittenExif(CameraExif(true), converted), srgb));
  EXPECT_FALSE(Holds(RewrittenExif(CameraExif(true), {}), srgb));
}

TEST(RewrittenExif, KeepsArtistAndCopyrightAlone) {
  ExifChange change;
  change.copyright_only = true;
  const Bytes made = RewrittenExif(CameraExif(false), change);
  EXPECT_TRUE(Holds(made, "Alice"));
  EXPECT_FALSE(Holds(made, "Camera"));
  EXPECT_EQ(made.size(), 8u + 6 + 12 + 6);
  EXPECT_TRUE(RewrittenExif(MakeExif(6), change).empty());
}

TEST(RewrittenExif, SurvivesEveryCut) {
  const Bytes whole = CameraExif(false);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes made = RewrittenExif(ByteSpan(whole).first(size), {});
    EXPECT_EQ(RewrittenExif(made, {}), made) << size;
  }
}

TEST(RewrittenExif, LeavesOutWhatPointsNowhere) {
  Tiff tiff;
  tiff.Directory(3);
  tiff.Entry(0x010F, kAscii, 100, 0xFFFFFFF0);  // beyond the end
  tiff.Entry(0x0110, kAscii, 0xFFFFFFFF, 8);    // more than the file holds
  tiff.Entry(0x0131, 99, 1, 7);                 // unknown type
  EXPECT_TRUE(RewrittenExif(tiff.bytes, {}).empty());
}

TEST(RewrittenExif, DoesNotFollowADirectoryIntoItself) {
  Tiff tiff;
  tiff.Directory(3);
  tiff.Entry(0x0112, kShort, 1, 6);
  tiff.Entry(0x8769, kLong, 1, 8);  // points to itself
  tiff.Entry(0x8825, kLong, 1, 8);
  const Bytes made = RewrittenExif(tiff.bytes, {});
  EXPECT_EQ(ExifOrientation(made), 1);
  EXPECT_LT(made.size(), 1000u);
}

TEST(RewrittenExif, NeverOutgrowsASegment) {
  Tiff tiff;
  constexpr std::uint16_t kMany = 900;
  tiff.Directory(kMany);
  for (std::uint16_t i = 0; i < kMany; ++i)
    tiff.Entry(static_cast<std::uint16_t>(0x9000 + i), kUndefined, 3000, 8);
  ASSERT_GT(tiff.bytes.size(), 3008u);
  const Bytes made = RewrittenExif(tiff.bytes, {});
  EXPECT_GT(made.size(), 50'000u);
  EXPECT_LE(made.size(), kMaxExifBytes);
}

}  // namespace
}  // namespace thumbmill
