#include "worker/image/codec/png_steps.h"

#include <bit>
#include <cstring>

#include "worker/image/codec/decoder.h"

namespace thumbmill {
namespace {

// libpng's error function must not return: it jumps back to Guard().
[[noreturn]] void OnError(png_structp png, png_const_charp text) {
  auto& state = *static_cast<PngState*>(png_get_error_ptr(png));
  std::strncpy(state.error, text, sizeof state.error - 1);
  std::longjmp(state.jump, 1);
}

// If other chunks split the data, only the check sum of the whole stream shows
// that the parts belong together. A wrong sum is damage then.
void OnWarning(png_structp png, png_const_charp text) {
  auto& state = *static_cast<PngState*>(png_get_error_ptr(png));
  const bool doubtful =
      state.feed->split() &&
      std::string_view(text).find(kWrongSum) != std::string_view::npos;
  state.warnings->Add(doubtful ? Severity::kDamaged : Severity::kMinor, text);
}

void ReadBytes(png_structp png, png_bytep out, std::size_t size) {
  auto& state = *static_cast<PngState*>(png_get_io_ptr(png));
  if (state.feed->Read(out, size)) return;
  state.hit_end = true;
  png_error(png, "the file ends early");
}

// libpng calls this for each row that it has read. The count shows later
// whether an error came after the last row.
void CountRow(png_structp png, png_row_infop, png_bytep) {
  ++static_cast<PngState*>(png_get_io_ptr(png))->rows_made;
}

}  // namespace

bool Guard(PngState* state, void (*step)(PngState*)) {
  if (setjmp(state->jump) != 0) return false;
  step(state);
  return true;
}

void Create(PngState* state) {
  state->png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, state, OnError, OnWarning);
  if (state->png == nullptr) return;
  state->info = png_create_info_struct(state->png);
  if (state->info == nullptr) return;
  png_set_read_fn(state->png, state, ReadBytes);
  // The decoder has checked the size. libpng's own default limit is a million
  // for each side.
  png_set_user_limits(state->png, 0x7FFFFFFF, 0x7FFFFFFF);
  png_set_chunk_malloc_max(state->png, kMaxProfileBytes);
  // Faults that libpng itself calls benign become warnings.
  png_set_benign_errors(state->png, 1);
  // The feed checks the CRCs of chunks.
  png_set_crc_action(state->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
  png_set_read_user_transform_fn(state->png, CountRow);
  if (state->whole_window)
    png_set_option(state->png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
#ifdef PNG_IGNORE_ADLER32  // Debian 13 builds libpng without it
  if (state->unchecked)
    png_set_option(state->png, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
#endif
}

void ReadInfo(PngState* state) { png_read_info(state->png, state->info); }

void StartPasses(PngState* state) {
  png_set_expand(state->png);
  // PNG stores 16-bit samples with the high byte first.
  if constexpr (std::endian::native == std::endian::little)
    if (png_get_bit_depth(state->png, state->info) == 16)
      png_set_swap(state->png);
  png_read_update_info(state->png, state->info);
  state->row_bytes = png_get_rowbytes(state->png, state->info);
}

void StartRows(PngState* state) {
  state->passes = png_set_interlace_handling(state->png);
  StartPasses(state);
}

void ReadRow(PngState* state) { png_read_row(state->png, state->row, nullptr); }

void ReadRaster(PngState* state) {
  for (int pass = 0; pass < state->passes; ++pass)
    for (std::uint32_t y = 0; y < state->rows; ++y)
      png_read_row(state->png, state->row + y * state->row_bytes, nullptr);
}

}  // namespace thumbmill
