// Links: tm_image tm_recipe tm_pictures
#include "worker/image/colour/linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "tests/tools/profiles.h"
#include "worker/image/codec/decoders.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

using testing::Bytes;
using testing::JpegOptions;
using testing::Kind;
using testing::MakePicture;
using testing::Picture;
using testing::PngOptions;
using testing::Psnr;
using testing::WriteJpeg;
using testing::WritePng;

Picture Make(const Bytes& encoded, std::string_view size,
             FilterKind filter = FilterKind::kLanczos3, bool linear = true) {
  Recipe recipe;
  recipe.sizes.push_back(*ParseSize(size, Fit::kInside));
  recipe.linear = linear;
  recipe.filter = filter;
  recipe.format = ImageFormat::kPng;
  Bytes output(1 << 20);
  const Outcome outcome = Thumbnailer(recipe).Run(encoded, 1, output);
  EXPECT_TRUE(outcome.ok()) << outcome.message;
  if (!outcome.ok()) return {};
  return testing::ReadPng(
      ByteSpan(output).first(outcome.thumbnails[0].bytes.length));
}

// Makes every code once in each channel, in another order for each channel.
Picture Codes(int channels) {
  Picture codes{16, 16, channels, {}};
  for (int i = 0; i < 256; ++i)
    for (int c = 0; c < channels; ++c)
      codes.samples.push_back(static_cast<std::uint8_t>(i * (2 * c + 1)));
  return codes;
}

// Returns the means of light over squares of `factor` pixels.
Picture MeansOfLight(const Picture& from, std::uint32_t factor) {
  Picture to{from.width / factor, from.height / factor, from.channels, {}};
  for (std::uint32_t y = 0; y < to.height; ++y)
    for (std::uint32_t x = 0; x < to.width; ++x)
      for (int c = 0; c < to.channels; ++c) {
        double sum = 0;
        for (std::uint32_t i = 0; i < factor * factor; ++i) {
          const double code =
              from.At(x * factor + i % factor, y * factor + i / factor, c) /
              255.0;
          sum += code <= 0.04045 ? code / 12.92
                                 : std::pow((code + 0.055) / 1.055, 2.4);
        }
        const double mean = sum / (factor * factor);
        const double code = mean <= 0.0031308
                                ? 12.92 * mean
                                : 1.055 * std::pow(mean, 1 / 2.4) - 0.055;
        to.samples.push_back(static_cast<std::uint8_t>(code * 255 + 0.5));
      }
  return to;
}

int FarthestApart(const Picture& a, const Picture& b) {
  EXPECT_EQ(a.samples.size(), b.samples.size());
  int farthest = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i)
    farthest = std::max(farthest, std::abs(a.samples[i] - b.samples[i]));
  return farthest;
}

TEST(Linear, GivesEveryCodeBackWhenNothingIsResized) {
  for (const int channels : {1, 3})
    for (const bool deep : {false, true}) {
      PngOptions options;
      options.deep = deep;
      const Picture codes = Codes(channels);
      EXPECT_EQ(Make(WritePng(codes, options), "16x").samples, codes.samples)
          << channels << deep;
    }
}

TEST(Linear, GivesEveryCodeBackUnderFullAlpha) {
  Picture codes = Codes(4);
  for (std::size_t i = 3; i < codes.samples.size(); i += 4)
    codes.samples[i] = 255;
  EXPECT_EQ(Make(WritePng(codes), "16x").samples, codes.samples);
}

TEST(Linear, MixesBlackAndWhiteToHalfTheLight) {
  Picture checks{64, 64, 1, {}};
  for (int i = 0; i < 64 * 64; ++i)
    checks.samples.push_back((i % 64 + i / 64) % 2 ? 255 : 0);
  JpegOptions fine;
  fine.quality = 100;
  for (const Bytes& bytes : {WritePng(checks), WriteJpeg(checks, fine)}) {
    for (const std::uint8_t sample : Make(bytes, "8x").samples)
      EXPECT_NEAR(sample, 188, 1);
    const Picture codes = Make(bytes, "8x", FilterKind::kLanczos3, false);
    for (const std::uint8_t sample : codes.samples) EXPECT_NEAR(sample, 128, 1);
  }
}

TEST(Linear, IsTheMeanOfLightUnderABoxFilter) {
  const Picture photo = MakePicture(Kind::kPhoto, 240, 160, 3, 3);
  const Picture noise = MakePicture(Kind::kNoise, 240, 160, 3, 3);
  for (const Picture& picture : {photo, noise})
    EXPECT_LE(FarthestApart(Make(WritePng(picture), "60x", FilterKind::kBox),
                            MeansOfLight(picture, 4)),
              1);
}

TEST(Linear, TakesEverySamplingOfChroma) {
  const Picture photo = MakePicture(Kind::kPhoto, 240, 160, 3, 3);
  for (const int h : {1, 2, 4})
    for (const int v : {1, 2, 4}) {
      if (h * v > 8) continue;  // a JPEG's unit has at most 10 blocks
      JpegOptions options;
      options.quality = 95;
      options.h_samp = h;
      options.v_samp = v;
      const Bytes jpeg = WriteJpeg(photo, options);
      const Picture wanted = MeansOfLight(testing::ReadJpeg(jpeg), 4);
      EXPECT_GE(Psnr(Make(jpeg, "60x", FilterKind::kBox), wanted), 44)
          << h << "x" << v;
    }
}

TEST(Linear, TakesPicturesOfEveryHeightThroughItsBands) {
  const Picture column = MakePicture(Kind::kGradient, 9, 70, 3, 1);
  for (std::uint32_t height = 1; height <= 70; ++height) {
    Picture cut = column;
    cut.height = height;
    cut.samples.resize(std::size_t{9} * height * 3);
    const Bytes jpeg = WriteJpeg(cut);
    EXPECT_GE(Psnr(Make(jpeg, "9x"), testing::ReadJpeg(jpeg)), 40) << height;
  }
}

TEST(Linear, LetsNoColourOfClearPixelsBleed) {
  Picture picture{64, 64, 4, {}};
  for (int i = 0; i < 64 * 64; ++i) {
    const bool clear = i % 2 == 0;
    const std::uint8_t green = clear ? 255 : 0, red = clear ? 0 : 200;
    const std::uint8_t alpha = clear ? 0 : 255;
    picture.samples.insert(picture.samples.end(), {red, green, 0, alpha});
  }
  const Picture made = Make(WritePng(picture), "16x", FilterKind::kBox);
  EXPECT_EQ(made.At(8, 8, 0), 200);
  EXPECT_EQ(made.At(8, 8, 1), 0);
  EXPECT_EQ(made.At(8, 8, 3), 128);
}

TEST(Linear, AgreesWithCodesWhereThePictureIsFlat) {
  Picture flat{32, 32, 3, {}};
  Picture inks{32, 32, 4, {}};
  for (int i = 0; i < 32 * 32; ++i) {
    flat.samples.insert(flat.samples.end(), {150, 100, 50});
    inks.samples.insert(inks.samples.end(), {90, 180, 240, 220});
  }
  JpegOptions cmyk, ycck;
  const Bytes profile = testing::CmykProfile();
  cmyk.icc = std::string(profile.begin(), profile.end());
  ycck.ycck = true;
  PngOptions adobe;
  adobe.icc = testing::AdobeRgbProfile();
  PngOptions deep = adobe;
  deep.deep = true;
  for (const Bytes& bytes :
       {WritePng(flat), WritePng(flat, adobe), WritePng(flat, deep),
        WriteJpeg(flat), WriteJpeg(inks, cmyk), WriteJpeg(inks, ycck)}) {
    const Picture light = Make(bytes, "8x");
    EXPECT_LE(
        FarthestApart(light, Make(bytes, "8x", FilterKind::kLanczos3, false)),
        1);
  }
}

TEST(Linear, IsTheSameOnEveryTarget) {
  const Bytes jpeg = WriteJpeg(MakePicture(Kind::kPhoto, 131, 67, 3, 4));
  const auto rows_with = [&jpeg](const Kernels& kernels) {
    DecodeWarnings warnings;
    auto decoder = OpenJpeg(jpeg, DecoderOptions(), &warnings);
    DecodeHint hint;
    hint.exact = true;
    LinearRows rows(*(*decoder)->Start(hint), nullptr, kernels);
    std::vector<RowRing> own;
    Rings rings{};
    for (int p = 0; p < 3; ++p)
      own.emplace_back(rows.BandRows(p) + 67, rows.RowBytes(p));
    for (std::size_t p = 0; p < 3; ++p) rings[p] = &own[p];
    while (own[0].end() < 67) EXPECT_TRUE(rows.ReadBand(rings));
    Bytes all;
    for (const RowRing& ring : own)
      for (std::uint32_t y = 0; y < 67; ++y)
        all.insert(all.end(), ring.Row(y), ring.Row(y) + rows.RowBytes(0));
    return all;
  };
  const Bytes wanted = rows_with(ReferenceKernels());
  for (const Kernels* kernels : AllSimdKernels())
    EXPECT_EQ(rows_with(*kernels), wanted) << kernels->name;
}

}  // namespace
}  // namespace thumbmill
