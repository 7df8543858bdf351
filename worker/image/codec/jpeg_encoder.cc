// Encodes JPEGs with libjpeg-turbo, which reports errors with longjmp. Only
// Guard() calls setjmp; the steps that it runs hold no object with a
// destructor, because a jump would skip it.
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs stdio before it, and jerror.h needs jpeglib.h.
#include <jpeglib.h>
//
#include <jerror.h>

#include <algorithm>
#include <string>
#include <vector>

#include "worker/image/codec/encoder.h"

namespace thumbmill {
namespace {

// Size of the buffer for bytes that no longer fit into the caller's span. They
// are only counted.
constexpr std::size_t kSpill = 4096;

struct JpegState {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg_destination_mgr target;
  std::jmp_buf jump;
  bool created;
  int quality;
  std::uint32_t width;
  std::uint32_t height;
  int components;
  MutableByteSpan out;
  std::uint64_t spilt;  // bytes that did not fit, except those in `spill` now
  bool spilling;
  JOCTET spill[kSpill];
  // The source of samples: either `rows` and `row`, or `planes`.
  RowProducer* rows;
  std::uint8_t* row;
  const PlaneSet* planes;
  const Metadata* metadata;
};

JpegState& StateOf(j_compress_ptr jpeg) {
  return *static_cast<JpegState*>(jpeg->client_data);
}

[[noreturn]] void OnError(j_common_ptr jpeg) {
  std::longjmp(static_cast<JpegState*>(jpeg->client_data)->jump, 1);
}

void IgnoreMessage(j_common_ptr, int) {}
void IgnoreOutput(j_common_ptr) {}

void StartSpill(JpegState* state) {
  state->spilling = true;
  state->target.next_output_byte = state->spill;
  state->target.free_in_buffer = kSpill;
}

void StartTarget(j_compress_ptr jpeg) {
  JpegState& state = StateOf(jpeg);
  if (state.out.empty()) return StartSpill(&state);
  state.target.next_output_byte = state.out.data();
  state.target.free_in_buffer = state.out.size();
}

// Called by libjpeg when the target is full. Encoding goes on into `spill`, so
// that the caller learns the exact size.
boolean OnFull(j_compress_ptr jpeg) {
  JpegState& state = StateOf(jpeg);
  if (state.spilling) state.spilt += kSpill;
  StartSpill(&state);
  return TRUE;
}

void EndTarget(j_compress_ptr) {}

std::uint64_t BytesWritten(const JpegState& state) {
  if (!state.spilling) return state.out.size() - state.target.free_in_buffer;
  return state.out.size() + state.spilt + kSpill - state.target.free_in_buffer;
}

// Returns false if the library gave up.
bool Guard(JpegState* state, void (*step)(JpegState*)) {
  if (setjmp(state->jump) != 0) return false;
  step(state);
  return true;
}

void Begin(JpegState* state) {
  jpeg_compress_struct& jpeg = state->jpeg;
  jpeg_create_compress(&jpeg);
  state->created = true;
  jpeg.client_data = state;
  jpeg.dest = &state->target;
  jpeg.image_width = state->width;
  jpeg.image_height = state->height;
  jpeg.input_components = state->components;
  // Three planes are Y, Cb and Cr already; three channels of rows are RGB.
  const bool ycc = state->planes != nullptr && state->components == 3;
  jpeg.in_color_space = state->components == 1 ? JCS_GRAYSCALE
                        : ycc                  ? JCS_YCbCr
                                               : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, state->quality, TRUE);
  jpeg.optimize_coding = TRUE;
  jpeg.dct_method = JDCT_ISLOW;
  // The library's default is 4:2:0, with factors of 2 for luma.
  if (state->components == 3 && state->quality >= kFullChromaQuality)
    jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
}

void WriteExif(j_compress_ptr jpeg, const std::vector<std::uint8_t>& tiff) {
  constexpr char kTag[] = {'E', 'x', 'i', 'f', 0, 0};
  jpeg_write_m_header(jpeg, JPEG_APP0 + 1,
                      static_cast<unsigned>(sizeof kTag + tiff.size()));
  for (const char c : kTag) jpeg_write_m_byte(jpeg, c);
  for (const std::uint8_t byte : tiff) jpeg_write_m_byte(jpeg, byte);
}

// Call after jpeg_start_compress(), which writes the JFIF header: EXIF and the
// profile come after it and before the tables.
void WriteMetadata(JpegState* state) {
  const Metadata& metadata = *state->metadata;
  if (!metadata.exif.empty()) WriteExif(&state->jpeg, metadata.exif);
  if (!metadata.icc.empty())
    jpeg_write_icc_profile(&state->jpeg, metadata.icc.data(),
                           static_cast<unsigned>(metadata.icc.size()));
}

void WriteRows(JpegState* state) {
  Begin(state);
  jpeg_start_compress(&state->jpeg, TRUE);
  WriteMetadata(state);
  for (std::uint32_t y = 0; y < state->height; ++y) {
    state->rows->Row(y, state->row);
    jpeg_write_scanlines(&state->jpeg, &state->row, 1);
  }
  jpeg_finish_compress(&state->jpeg);
}

// Repeats the last sample of a row up to the end of its block, because the
// library reads whole blocks of raw data.
void PadToBlock(const Plane& plane, std::uint32_t y) {
  std::uint8_t* row = plane.Row(y);
  const std::size_t width = plane.width();
  std::fill(row + width, row + (width + 7) / 8 * 8, row[width - 1]);
}

// Sets `rows` to the rows of one row of MCUs. Below the picture it repeats the
// last row.
void PointAtRows(JpegState* state, std::uint32_t first_mcu,
                 JSAMPROW (*rows)[16]) {
  for (int c = 0; c < state->components; ++c) {
    const Plane& plane = state->planes->planes[static_cast<std::size_t>(c)];
    const auto count = static_cast<std::uint32_t>(
        state->jpeg.comp_info[c].v_samp_factor * DCTSIZE);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t y =
          std::min(first_mcu * count + i, plane.height() - 1);
      PadToBlock(plane, y);
      rows[c][i] = plane.Row(y);
    }
  }
}

void WritePlanes(JpegState* state) {
  Begin(state);
  state->jpeg.raw_data_in = TRUE;
  jpeg_start_compress(&state->jpeg, TRUE);
  WriteMetadata(state);
  JSAMPROW rows[kMaxPlanes][16];
  JSAMPARRAY planes[kMaxPlanes] = {rows[0], rows[1], rows[2], rows[3]};
  const auto lines =
      static_cast<JDIMENSION>(state->jpeg.max_v_samp_factor * DCTSIZE);
  for (std::uint32_t mcu = 0; mcu * lines < state->height; ++mcu) {
    PointAtRows(state, mcu, rows);
    jpeg_write_raw_data(&state->jpeg, planes, lines);
  }
  jpeg_finish_compress(&state->jpeg);
}

ImageResult<std::uint64_t> Write(JpegState* state, MutableByteSpan out,
                                 void (*step)(JpegState*)) {
  if (state->width > kMaxJpegSide || state->height > kMaxJpegSide)
    return Refuse(Reason::kUnsupported, "too long a side for a JPEG");
  state->out = out;
  state->jpeg.err = jpeg_std_error(&state->errors);
  state->jpeg.client_data = state;
  state->errors.error_exit = OnError;
  state->errors.emit_message = IgnoreMessage;
  state->errors.output_message = IgnoreOutput;
  state->target.init_destination = StartTarget;
  state->target.empty_output_buffer = OnFull;
  state->target.term_destination = EndTarget;
  const bool ok = Guard(state, step);
  const int code = state->errors.msg_code;
  if (state->created) jpeg_destroy_compress(&state->jpeg);
  if (ok) return BytesWritten(*state);
  return Refuse(
      code == JERR_OUT_OF_MEMORY ? Reason::kMemory : Reason::kCorrupt,
      "libjpeg cannot write the thumbnail: message " + std::to_string(code));
}

}  // namespace

ImageResult<std::uint64_t> EncodeJpeg(RowProducer& rows, int quality,
                                      const Metadata& metadata,
                                      MutableByteSpan out) {
  std::vector<std::uint8_t> row(std::size_t{rows.width()} *
                                static_cast<std::size_t>(rows.channels()));
  JpegState state{};
  state.quality = quality;
  state.width = rows.width();
  state.height = rows.height();
  state.components = rows.channels();
  state.rows = &rows;
  state.row = row.data();
  state.metadata = &metadata;
  return Write(&state, out, WriteRows);
}

ImageResult<std::uint64_t> EncodeJpegPlanes(const PlaneSet& planes, int quality,
                                            const Metadata& metadata,
                                            MutableByteSpan out) {
  JpegState state{};
  state.quality = quality;
  state.width = planes.planes[0].width();
  state.height = planes.planes[0].height();
  state.components = planes.count;
  state.planes = &planes;
  state.metadata = &metadata;
  return Write(&state, out, WritePlanes);
}

}  // namespace thumbmill
