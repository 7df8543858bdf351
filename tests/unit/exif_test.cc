// Links: tm_image tm_pictures
#include "worker/image/exif.h"

#include <gtest/gtest.h>

#include "tests/tools/pictures.h"

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
  // The last four bytes are the offset of the next directory: not ours.
  for (std::size_t size = 0; size + 4 < whole.size() - 2; ++size)
    EXPECT_EQ(ExifOrientation(ByteSpan(whole).first(size)), 1) << size;
}

TEST(Exif, IgnoresACountOrTypeThatIsNotOneShort) {
  Bytes many = MakeExif(6);
  many[14] = many[15] = many[16] = many[17] = 0xFF;  // 2^32 - 1 values
  EXPECT_EQ(ExifOrientation(many), 1);
  Bytes text = MakeExif(6);
  text[12] = 2;
  EXPECT_EQ(ExifOrientation(text), 1);
}

TEST(Exif, EndsWhenTheDirectoryClaimsMoreThanThereIs) {
  Bytes exif = MakeExif(6);
  exif[8] = exif[9] = 0xFF;  // 65535 entries
  EXPECT_EQ(ExifOrientation(exif), 6);
  exif[10] = 0;  // the one entry is another tag
  EXPECT_EQ(ExifOrientation(exif), 1);
}

TEST(Exif, IgnoresADirectoryOutsideTheBytes) {
  Bytes exif = MakeExif(6);
  exif[4] = exif[5] = exif[6] = exif[7] = 0xFF;
  EXPECT_EQ(ExifOrientation(exif), 1);
}

}  // namespace
}  // namespace thumbmill
