// worker/image/codec/png_steps.h: the calls into libpng that read a PNG, in
// steps.
//
// libpng jumps out of its functions on an error. Guard() is the one function
// that holds the setjmp; the steps that it runs have no destructors.
#pragma once

#include <png.h>

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/image/codec/png_feed.h"
#include "worker/image/picture/image_result.h"

namespace thumbmill {

struct PngState {
  png_structp png;
  png_infop info;
  std::jmp_buf jump;
  PngFeed* feed;
  DecodeWarnings* warnings;
  bool hit_end;
  bool whole_window;  // ignore the window size in the stream's head
  bool unchecked;     // ignore the stream's check sum
  char error[128];
  std::uint8_t* row;  // one row, or the whole raster
  std::size_t row_bytes;
  std::uint32_t rows;  // rows of the raster
  int passes;
  std::uint64_t rows_made;  // rows read so far, in all passes
  // Rows of all passes.
  std::uint64_t rows_there;
};

// Parts of error texts of libpng and zlib.
inline constexpr std::string_view kWrongSum = "incorrect data check";
inline constexpr std::string_view kFarDistance =
    "invalid distance too far back";

// Returns false if the library gave up; `error` then says why.
[[nodiscard]] bool Guard(PngState* state, void (*step)(PngState*));

// The steps, in the order of their calls. Create() leaves png or info null if
// there is no memory.
void Create(PngState* state);
void ReadInfo(PngState* state);
// Call one of these two before the first row: StartPasses() to read an
// interlaced picture pass by pass, StartRows() to read any other picture, or an
// interlaced one into a raster.
void StartPasses(PngState* state);
void StartRows(PngState* state);
void ReadRow(PngState* state);
// Reads all rows of all passes into a raster.
void ReadRaster(PngState* state);

}  // namespace thumbmill
