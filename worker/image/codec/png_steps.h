// worker/image/codec/png_steps.h: what libpng does of a PNG, step by step.
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
#include "worker/image/picture/refusal.h"

namespace thumbmill {

struct PngState {
  png_structp png;
  png_infop info;
  std::jmp_buf jump;
  PngFeed* feed;
  Complaints* complaints;
  bool hit_end;
  bool whole_window;  // whatever the stream's head says
  bool unchecked;     // without the stream's check sum
  char error[128];
  std::uint8_t* row;  // one row, or of the whole raster
  std::size_t row_bytes;
  std::uint32_t rows;  // of the raster
  int passes;
  std::uint64_t rows_made;  // in all passes
  std::uint64_t rows_there;
};

// In libpng's and zlib's words.
inline constexpr std::string_view kWrongSum = "incorrect data check";
inline constexpr std::string_view kFarDistance =
    "invalid distance too far back";

// Returns false if the library gave up; `error` then says why.
[[nodiscard]] bool Guard(PngState* state, void (*step)(PngState*));

// In this order. png and info are null where there is no memory for them.
void Create(PngState* state);
void ReadInfo(PngState* state);
// Of an interlaced picture: so that rows come pass by pass, or whole.
void StartPasses(PngState* state);
void StartRows(PngState* state);
void ReadRow(PngState* state);
// All rows of all passes, into a raster.
void ReadRaster(PngState* state);

}  // namespace thumbmill
