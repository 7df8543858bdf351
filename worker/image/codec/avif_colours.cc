#include "worker/image/codec/avif_colours.h"

#include <string>

namespace thumbmill {
namespace {

// The weights of red and blue in Y; green has the rest.
struct LumaWeights {
  double red, blue;
};

std::optional<LumaWeights> WeightsOf(const avifImage& image) {
  switch (image.matrixCoefficients) {
    case AVIF_MATRIX_COEFFICIENTS_BT709:
      return LumaWeights{0.2126, 0.0722};
    case AVIF_MATRIX_COEFFICIENTS_FCC:
      return LumaWeights{0.30, 0.11};
    case AVIF_MATRIX_COEFFICIENTS_SMPTE240:
      return LumaWeights{0.212, 0.087};
    case AVIF_MATRIX_COEFFICIENTS_BT2020_NCL:
      return LumaWeights{0.2627, 0.0593};
    case AVIF_MATRIX_COEFFICIENTS_UNSPECIFIED:
    case AVIF_MATRIX_COEFFICIENTS_BT470BG:
    case AVIF_MATRIX_COEFFICIENTS_BT601:
      return LumaWeights{0.299, 0.114};
    case AVIF_MATRIX_COEFFICIENTS_CHROMA_DERIVED_NCL: {
      const auto shares = SharesOf(SpaceIn(image).primaries);
      if (!shares) return std::nullopt;
      return LumaWeights{shares->red, shares->blue};
    }
    default:
      return std::nullopt;
  }
}

// Returns the axis of a mirrored picture. libavif 1.0 renamed the field; its
// values mean the same.
int MirrorOf(const avifImage& image) {
#if AVIF_VERSION_MAJOR >= 1
  return image.imir.axis & 1;
#else
  return image.imir.mode & 1;
#endif
}

// Narrows a code point to the 8 bits that H.273 uses. A box has room for 16;
// greater numbers become a reserved one.
std::uint8_t CodePoint(unsigned value) {
  constexpr std::uint8_t kReserved = 255;
  return value <= kReserved ? static_cast<std::uint8_t>(value) : kReserved;
}

}  // namespace

RgbSpace SpaceIn(const avifImage& image) {
  return SpaceOf(CodePoint(image.colorPrimaries),
                 CodePoint(image.transferCharacteristics),
                 VideoCurves::kAsSrgb);
}

int OrientationOf(const avifImage& image) {
  const bool turned = (image.transformFlags & AVIF_TRANSFORM_IROT) != 0;
  const bool mirrored = (image.transformFlags & AVIF_TRANSFORM_IMIR) != 0;
  // A row for each quarter of a turn. Its columns: not mirrored, top and bottom
  // swapped, left and right swapped.
  constexpr int kValues[4][3] = {{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}};
  const int quarters = turned ? image.irot.angle & 3 : 0;
  return kValues[quarters][mirrored ? 1 + MirrorOf(image) : 0];
}

std::optional<YccCode> PlaneCodeOf(const avifImage& image) {
  YccCode code;
  code.limited = image.yuvRange == AVIF_RANGE_LIMITED;
  switch (image.matrixCoefficients) {
    case AVIF_MATRIX_COEFFICIENTS_BT470BG:
    case AVIF_MATRIX_COEFFICIENTS_BT601:
      return code;
    case AVIF_MATRIX_COEFFICIENTS_BT709:
      code.weights = YccCode::Weights::kBt709;
      return code;
    case AVIF_MATRIX_COEFFICIENTS_BT2020_NCL:
      code.weights = YccCode::Weights::kBt2020;
      return code;
    default:
      return std::nullopt;
  }
}

ImageResult<AvifColours> AvifColours::For(const avifImage& image) {
  AvifColours to;
  // H.273 gives limited range for 8 bits: Y 16-235, chroma 16-240. Deeper
  // samples have the same limits, shifted.
  const unsigned spare = image.depth - 8;
  const bool limited = image.yuvRange == AVIF_RANGE_LIMITED;
  to.max_ = (1u << image.depth) - 1;
  to.black_ = limited ? 16 << spare : 0;
  to.zero_ = 128 << spare;
  to.luma_ = Fixed(65535.0 / (limited ? 219u << spare : to.max_));
  to.chroma_ = Fixed(65535.0 / (limited ? 224u << spare : to.max_));
  if (image.yuvFormat == AVIF_PIXEL_FORMAT_YUV400) return to;
  if (image.matrixCoefficients == AVIF_MATRIX_COEFFICIENTS_IDENTITY) {
    to.kind_ = Kind::kRgb;
    return to;
  }
  if (image.matrixCoefficients == AVIF_MATRIX_COEFFICIENTS_YCGCO) {
    to.kind_ = Kind::kYcgco;
    return to;
  }
  const auto weights = WeightsOf(image);
  if (!weights)
    return Refuse(Reason::kUnsupported,
                  "AVIF with matrix coefficients " +
                      std::to_string(image.matrixCoefficients));
  // The usual equations for R, G and B from Y, Cb and Cr, with the weights of
  // this matrix.
  const double red = weights->red, blue = weights->blue;
  const double green = 1 - red - blue;
  to.red_ = Fixed(2 * (1 - red));
  to.green_b_ = Fixed(2 * (1 - blue) * blue / green);
  to.green_r_ = Fixed(2 * (1 - red) * red / green);
  to.blue_ = Fixed(2 * (1 - blue));
  return to;
}

}  // namespace thumbmill
