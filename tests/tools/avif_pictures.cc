// Writes AVIF files for tests, with libavif and any encoder that it has.
#include <avif/avif.h>

#include <algorithm>
#include <memory>

#include "common/check.h"
#include "tests/tools/pictures.h"

namespace thumbmill::testing {
namespace {

using Image = std::unique_ptr<avifImage, decltype(&avifImageDestroy)>;

avifPixelFormat FormatOf(int sampling) {
  switch (sampling) {
    case 400:
      return AVIF_PIXEL_FORMAT_YUV400;
    case 422:
      return AVIF_PIXEL_FORMAT_YUV422;
    case 444:
      return AVIF_PIXEL_FORMAT_YUV444;
    default:
      return AVIF_PIXEL_FORMAT_YUV420;
  }
}

// Converts 8-bit samples to the depth of `image`.
void FillColours(const Picture& picture, const AvifOptions& options,
                 avifImage* image) {
  const bool alpha = picture.channels % 2 == 0;
  Bytes raster;
  for (std::uint32_t y = 0; y < picture.height; ++y)
    for (std::uint32_t x = 0; x < picture.width; ++x) {
      for (int c = 0; c < 3; ++c)
        raster.push_back(picture.At(x, y, picture.channels < 3 ? 0 : c));
      if (alpha) raster.push_back(picture.At(x, y, picture.channels - 1));
    }
  avifRGBImage rgb;
  avifRGBImageSetDefaults(&rgb, image);
  rgb.depth = 8;
  rgb.format = alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
  rgb.avoidLibYUV = AVIF_TRUE;
  rgb.pixels = raster.data();
  rgb.rowBytes = picture.width * (alpha ? 4 : 3);
  image->alphaPremultiplied = options.premultiplied ? AVIF_TRUE : AVIF_FALSE;
  CHECK(avifImageRGBToYUV(image, &rgb) == AVIF_RESULT_OK);
}

void SetTransforms(const AvifOptions& options, avifImage* image) {
  image->transformFlags = AVIF_TRANSFORM_NONE;
  if (options.quarters >= 0) {
    image->transformFlags |= AVIF_TRANSFORM_IROT;
    image->irot.angle = static_cast<std::uint8_t>(options.quarters);
  }
  if (options.mirror >= 0) {
    image->transformFlags |= AVIF_TRANSFORM_IMIR;
#if AVIF_VERSION_MAJOR >= 1
    image->imir.axis = static_cast<std::uint8_t>(options.mirror);
#else
    image->imir.mode = static_cast<std::uint8_t>(options.mirror);
#endif
  }
  if (options.crop_width == 0) return;
  avifDiagnostics unused;
  const avifCropRect crop = {options.crop_x, options.crop_y, options.crop_width,
                             options.crop_height};
  CHECK(avifCleanApertureBoxConvertCropRect(&image->clap, &crop, image->width,
                                            image->height, image->yuvFormat,
                                            &unused));
  image->transformFlags |= AVIF_TRANSFORM_CLAP;
}

Image MakeImage(const Picture& picture, const AvifOptions& options) {
  Image image(avifImageCreate(picture.width, picture.height,
                              static_cast<std::uint32_t>(options.bits),
                              FormatOf(options.sampling)),
              avifImageDestroy);
  image->yuvRange = options.limited ? AVIF_RANGE_LIMITED : AVIF_RANGE_FULL;
  image->matrixCoefficients =
      static_cast<avifMatrixCoefficients>(options.matrix);
  image->colorPrimaries = static_cast<avifColorPrimaries>(options.primaries);
  image->transferCharacteristics =
      static_cast<avifTransferCharacteristics>(options.transfer);
  FillColours(picture, options, image.get());
  if (!options.icc.empty())
    // Versions from 1.0 on return a result here; older ones return nothing.
    static_cast<void>(avifImageSetProfileICC(
        image.get(), reinterpret_cast<const std::uint8_t*>(options.icc.data()),
        options.icc.size()));
  if (options.orientation != 0) {
    const Bytes exif = MakeExif(options.orientation);
    static_cast<void>(
        avifImageSetMetadataExif(image.get(), exif.data(), exif.size()));
  }
  SetTransforms(options, image.get());
  return image;
}

// Adds a grid of tiles side by side; each tile is the whole picture.
void AddGrid(avifEncoder* encoder, const avifImage* image, int columns) {
  const std::vector<const avifImage*> cells(static_cast<std::size_t>(columns),
                                            image);
  CHECK(avifEncoderAddImageGrid(encoder, static_cast<std::uint32_t>(columns), 1,
                                cells.data(),
                                AVIF_ADD_IMAGE_FLAG_SINGLE) == AVIF_RESULT_OK);
}

void AddFrames(avifEncoder* encoder, avifImage* image, int frames) {
  for (int i = 0; i < frames; ++i) {
    const auto flag =
        frames == 1 ? AVIF_ADD_IMAGE_FLAG_SINGLE : AVIF_ADD_IMAGE_FLAG_NONE;
    CHECK(avifEncoderAddImage(encoder, image, 1, flag) == AVIF_RESULT_OK);
    std::fill_n(image->yuvPlanes[AVIF_CHAN_Y],
                image->yuvRowBytes[AVIF_CHAN_Y] * image->height,
                std::uint8_t{40});  // later frames are dark
  }
}

}  // namespace

Bytes WriteAvif(const Picture& picture, const AvifOptions& options) {
  const Image image = MakeImage(picture, options);
  const std::unique_ptr<avifEncoder, decltype(&avifEncoderDestroy)> encoder(
      avifEncoderCreate(), avifEncoderDestroy);
  encoder->maxThreads = 1;
  encoder->speed = 10;
  encoder->minQuantizer = encoder->maxQuantizer = options.quantizer;
  encoder->minQuantizerAlpha = encoder->maxQuantizerAlpha = 0;
  if (options.columns > 1) {
    AddGrid(encoder.get(), image.get(), options.columns);
  } else {
    AddFrames(encoder.get(), image.get(), options.frames);
  }
  avifRWData out = AVIF_DATA_EMPTY;
  CHECK(avifEncoderFinish(encoder.get(), &out) == AVIF_RESULT_OK);
  const Bytes bytes(out.data, out.data + out.size);
  avifRWDataFree(&out);
  return bytes;
}

}  // namespace thumbmill::testing
