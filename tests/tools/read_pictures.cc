// Reads the pictures that pictures.cc has written, with the libraries.
#include <png.h>

#include <cstdio>
// jpeglib.h needs stdio before it.
#include <jpeglib.h>

#include <cstdlib>
#include <cstring>

#include "common/check.h"
#include "tests/tools/pictures.h"

namespace thumbmill::testing {
namespace {

struct PngInput {
  ByteSpan bytes;
  std::size_t at = 0;
};

Attached AttachedToJpeg(ByteSpan bytes) {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
  jpeg_save_markers(&jpeg, JPEG_APP0 + 2, 0xFFFF);
  jpeg_read_header(&jpeg, TRUE);
  Attached attached;
  JOCTET* icc = nullptr;
  unsigned size = 0;
  if (jpeg_read_icc_profile(&jpeg, &icc, &size)) {
    attached.icc.assign(icc, icc + size);
    std::free(icc);
  }
  for (auto* at = jpeg.marker_list; at != nullptr; at = at->next)
    if (at->marker == JPEG_APP0 + 1 && at->data_length >= 6 &&
        std::memcmp(at->data, "Exif\0\0", 6) == 0)
      attached.exif.assign(at->data + 6, at->data + at->data_length);
  jpeg_destroy_decompress(&jpeg);
  return attached;
}

void Take(png_structp png, png_bytep out, std::size_t size) {
  auto* in = static_cast<PngInput*>(png_get_io_ptr(png));
  CHECK(in->bytes.size() - in->at >= size);
  std::memcpy(out, in->bytes.data() + in->at, size);
  in->at += size;
}

Attached AttachedToPng(ByteSpan bytes) {
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  PngInput input{bytes};
  png_set_read_fn(png, &input, Take);
  png_set_benign_errors(png, 0);
  png_read_info(png, info);
  Attached attached;
  png_charp name = nullptr;
  png_bytep icc = nullptr, exif = nullptr;
  png_uint_32 size = 0;
  int method = 0;
  if (png_get_iCCP(png, info, &name, &method, &icc, &size) != 0)
    attached.icc.assign(icc, icc + size);
  if (png_get_eXIf_1(png, info, &size, &exif) != 0)
    attached.exif.assign(exif, exif + size);
  png_destroy_read_struct(&png, &info, nullptr);
  return attached;
}

}  // namespace

Picture ReadPng(ByteSpan bytes) {
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  PngInput input{bytes};
  png_set_read_fn(png, &input, Take);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  Picture picture{png_get_image_width(png, info),
                  png_get_image_height(png, info),
                  png_get_channels(png, info),
                  {}};
  const std::size_t stride = png_get_rowbytes(png, info);
  picture.samples.resize(stride * picture.height);
  for (int pass = 0; pass < passes; ++pass)
    for (std::uint32_t y = 0; y < picture.height; ++y)
      png_read_row(png, picture.samples.data() + y * stride, nullptr);
  png_read_end(png, nullptr);
  png_destroy_read_struct(&png, &info, nullptr);
  return picture;
}

Picture ReadJpeg(ByteSpan bytes) {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg_start_decompress(&jpeg);
  Picture picture{
      jpeg.output_width, jpeg.output_height, jpeg.output_components, {}};
  const std::size_t stride =
      picture.width * static_cast<std::size_t>(picture.channels);
  picture.samples.resize(stride * picture.height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = picture.samples.data() + jpeg.output_scanline * stride;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return picture;
}

Attached ReadAttached(ByteSpan bytes) {
  CHECK(bytes.size() > 2);
  return bytes[0] == 0xFF ? AttachedToJpeg(bytes) : AttachedToPng(bytes);
}

}  // namespace thumbmill::testing
