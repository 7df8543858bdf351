// Links: tm_image tm_pictures
#include "worker/image/codec/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"

namespace thumbmill {
namespace {

using testing::Attached;
using testing::Bytes;
using testing::MakeExif;
using testing::ReadAttached;
using testing::SrgbProfile;

class FlatRows final : public RowProducer {
 public:
  explicit FlatRows(int channels) : channels_(channels) {}
  [[nodiscard]] std::uint32_t width() const override { return 20; }
  [[nodiscard]] std::uint32_t height() const override { return 10; }
  [[nodiscard]] int channels() const override { return channels_; }
  void Row(std::uint32_t, std::uint8_t* out) override {
    std::fill(out, out + 20 * channels_, 99);
  }

 private:
  int channels_;
};

PlaneSet GreyPlane() {
  PlaneSet planes;
  planes.model = ColourModel::kGrey;
  planes.count = 1;
  planes.planes[0] = Plane(20, 10, false);
  for (std::uint32_t y = 0; y < 10; ++y)
    std::fill_n(planes.planes[0].Row(y), 20, std::uint8_t{99});
  return planes;
}

void ExpectAttached(ImageResult<std::uint64_t> size, const Bytes& out,
                    const Metadata& metadata) {
  ASSERT_TRUE(size) << size.error().message;
  const Attached read = ReadAttached(ByteSpan(out).first(*size));
  EXPECT_EQ(read.icc, metadata.icc);
  EXPECT_EQ(read.exif, metadata.exif);
}

TEST(Encoders, WriteTheProfileAndTheExifThatTheyAreGiven) {
  Metadata both;
  both.icc = SrgbProfile();
  both.exif = MakeExif(3);
  for (const Metadata& metadata :
       {Metadata(), both, Metadata{both.icc, {}}, Metadata{{}, both.exif}}) {
    Bytes out(200'000);
    FlatRows rows(3);
    ExpectAttached(EncodeJpeg(rows, 80, metadata, out), out, metadata);
    ExpectAttached(EncodePng(rows, metadata, out), out, metadata);
    const PlaneSet planes = GreyPlane();
    const Metadata exif{{}, metadata.exif};
    ExpectAttached(EncodeJpegPlanes(planes, 80, exif, out), out, exif);
  }
}

TEST(Encoders, CutAProfileIntoSegments) {
  Metadata metadata;
  metadata.icc = Bytes(200'000, 7);
  metadata.exif = Bytes(kMaxExifBytes, 9);
  Bytes out(400'000);
  FlatRows rows(3);
  ExpectAttached(EncodeJpeg(rows, 80, metadata, out), out, metadata);
}

TEST(Encoders, CountMetadataThatDoesNotFit) {
  const Metadata metadata{SrgbProfile(), MakeExif(1)};
  Bytes out(200'000);
  FlatRows rows(3);
  const MutableByteSpan small = MutableByteSpan(out).first(10);
  const auto jpeg = EncodeJpeg(rows, 80, metadata, out);
  EXPECT_EQ(*EncodeJpeg(rows, 80, metadata, small), *jpeg);
  const auto png = EncodePng(rows, metadata, out);
  EXPECT_EQ(*EncodePng(rows, metadata, small), *png);
}

}  // namespace
}  // namespace thumbmill
