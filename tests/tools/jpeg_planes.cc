#include "tests/tools/jpeg_planes.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>
//
#include <jerror.h>

#include <algorithm>
#include <array>

namespace thumbmill::testing {
namespace {

struct Reader {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  std::jmp_buf jump;
};

[[noreturn]] void GiveUp(j_common_ptr jpeg) {
  std::longjmp(static_cast<Reader*>(jpeg->client_data)->jump, 1);
}

// Gives up on warnings that mean damaged data; odd headers are not damage.
void OnMessage(j_common_ptr jpeg, int level) {
  switch (level < 0 ? jpeg->err->msg_code : 0) {
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL:
      GiveUp(jpeg);
    default:
      break;
  }
}

// Rows of a band: one component has at most 4 blocks of 8 rows in it.
using Rows = std::array<std::array<JSAMPROW, 32>, 4>;

// Reads all planes. libjpeg-turbo writes whole blocks, so `planes` first has
// room for them and is cut to size at the end.
bool Read(Reader* reader, ByteSpan bytes, unsigned eighths,
          std::vector<SamplePlane>* planes) {
  if (setjmp(reader->jump) != 0) return false;
  jpeg_decompress_struct& jpeg = reader->jpeg;
  jpeg_create_decompress(&jpeg);
  jpeg.client_data = reader;
  jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.raw_data_out = TRUE;
  // Raw output gives the planes as stored, without conversion.
  jpeg.out_color_space = jpeg.jpeg_color_space;
  jpeg.dct_method = JDCT_FLOAT;
  jpeg.scale_num = eighths;
  jpeg.scale_denom = 8;
  jpeg_start_decompress(&jpeg);
  const auto dct = static_cast<unsigned>(jpeg.min_DCT_scaled_size);
  const auto band = static_cast<unsigned>(jpeg.max_v_samp_factor) * dct;
  const unsigned bands = (jpeg.output_height + band - 1) / band;
  planes->resize(static_cast<std::size_t>(jpeg.num_components));
  for (int i = 0; i < jpeg.num_components; ++i) {
    const jpeg_component_info& c = jpeg.comp_info[i];
    SamplePlane& plane = (*planes)[static_cast<std::size_t>(i)];
    const auto size = static_cast<unsigned>(c.DCT_scaled_size);
    plane.width = c.width_in_blocks * size;
    plane.height = bands * static_cast<unsigned>(c.v_samp_factor) * size;
    plane.samples.resize(std::size_t{plane.width} * plane.height);
  }
  for (unsigned b = 0; b < bands; ++b) {
    Rows rows{};
    std::array<JSAMPARRAY, 4> pointers{};
    for (std::size_t i = 0; i < planes->size(); ++i) {
      SamplePlane& plane = (*planes)[i];
      const unsigned count = plane.height / bands;
      for (unsigned y = 0; y < count; ++y)
        rows[i][y] = &plane.samples[std::size_t{plane.width} * (b * count + y)];
      pointers[i] = rows[i].data();
    }
    jpeg_read_raw_data(&jpeg, pointers.data(), band);
  }
  for (int i = 0; i < jpeg.num_components; ++i) {
    const jpeg_component_info& c = jpeg.comp_info[i];
    SamplePlane cut{c.downsampled_width, c.downsampled_height, {}};
    const SamplePlane& whole = (*planes)[static_cast<std::size_t>(i)];
    for (unsigned y = 0; y < cut.height; ++y) {
      const auto row =
          whole.samples.begin() +
          static_cast<std::ptrdiff_t>(std::size_t{y} * whole.width);
      cut.samples.insert(cut.samples.end(), row, row + cut.width);
    }
    (*planes)[static_cast<std::size_t>(i)] = cut;
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

}  // namespace

std::optional<std::vector<SamplePlane>> ReadPlanesByLibjpeg(ByteSpan bytes,
                                                            unsigned eighths) {
  Reader reader{};
  reader.jpeg.err = jpeg_std_error(&reader.errors);
  reader.jpeg.client_data = &reader;
  reader.errors.error_exit = GiveUp;
  reader.errors.emit_message = OnMessage;
  std::vector<SamplePlane> planes;
  const bool ok = Read(&reader, bytes, eighths, &planes);
  jpeg_destroy_decompress(&reader.jpeg);
  if (!ok) return std::nullopt;
  return planes;
}

std::optional<std::vector<SamplePlane>> ReadPlanes(Decoder* decoder,
                                                   const DecodeHint& hint) {
  const auto source = decoder->Start(hint);
  if (!source) return std::nullopt;
  const PictureShape& shape = (*source)->shape();
  const auto count = static_cast<std::size_t>(shape.plane_count);
  std::vector<SamplePlane> planes(count);
  std::array<RowRing, kMaxPlanes> rings;
  Rings pointers{};
  for (std::size_t i = 0; i < count; ++i) {
    const PlaneShape& plane = shape.planes[i];
    const auto band = (*source)->BandRows(static_cast<int>(i));
    const std::uint32_t rows = (plane.height + band - 1) / band * band;
    rings[i] = RowRing(rows, (*source)->RowBytes(static_cast<int>(i)));
    pointers[i] = &rings[i];
  }
  while (rings[0].end() < shape.planes[0].height)
    if (!(*source)->ReadBand(pointers)) return std::nullopt;
  if (!(*source)->Finish()) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    SamplePlane& plane = planes[i];
    plane.width = shape.planes[i].width;
    plane.height = shape.planes[i].height;
    const std::size_t bytes = std::size_t{plane.width} * (shape.wide ? 2 : 1);
    for (std::uint32_t y = 0; y < plane.height; ++y)
      plane.samples.insert(plane.samples.end(), rings[i].Row(y),
                           rings[i].Row(y) + bytes);
  }
  return planes;
}

int LargestDifference(const std::vector<SamplePlane>& a,
                      const std::vector<SamplePlane>& b) {
  if (a.size() != b.size()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].width != b[i].width || a[i].height != b[i].height) return 256;
    for (std::size_t at = 0; at < a[i].samples.size(); ++at)
      largest =
          std::max(largest, std::abs(a[i].samples[at] - b[i].samples[at]));
  }
  return largest;
}

}  // namespace thumbmill::testing
