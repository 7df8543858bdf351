// worker/image/codec/avif_rows.h: turns the rows of a decoded AVIF into rows of
// our planes.
#pragma once

#include <avif/avif.h>

#include <cstdint>

#include "worker/image/codec/avif_colours.h"
#include "worker/image/picture/picture.h"
#include "worker/image/resample/row_kernels.h"

namespace thumbmill {

struct AvifSubsampling {
  explicit AvifSubsampling(const avifImage& image) {
    avifPixelFormatInfo format;
    avifGetPixelFormatInfo(image.yuvFormat, &format);
    x = static_cast<unsigned>(format.chromaShiftX);
    y = static_cast<unsigned>(format.chromaShiftY);
  }
  unsigned x = 0, y = 0;  // shift from luma to chroma coordinates
};

// The part of the file's picture that is shown.
struct AvifWindow {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t width = 0;
  bool alpha = false;  // the picture has alpha
};

// Appends the next `rows` rows of a plane of 8 bits as they are. A grey picture
// carries no YccCode to later steps, so its range is stretched here.
void GiveAvifRows(const avifImage& image, const PlaneShape& shape, int plane,
                  std::uint32_t rows, RowRing* ring);

// Writes row `y` of the window as RGB or grey of 16 bits, multiplied by alpha.
void ConvertAvifRow(const avifImage& image, const AvifColours& converter,
                    const AvifWindow& window, std::uint32_t y,
                    const RowPointers& out);

}  // namespace thumbmill
