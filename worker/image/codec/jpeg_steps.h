// worker/image/codec/jpeg_steps.h: the calls into libjpeg-turbo that read a
// JPEG, in steps.
//
// libjpeg reports errors with longjmp. Only Guard() calls setjmp; the steps
// that it runs hold no object with a destructor, because a jump would skip it.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
// jpeglib.h needs stdio before it.
#include <jpeglib.h>

#include <string>

#include "common/bytes.h"
#include "proto/reason.h"
#include "proto/recipe.h"
#include "worker/image/picture/image_result.h"
#include "worker/image/picture/picture.h"

namespace thumbmill {

// The names of these fields depend on the library's ABI.
#if JPEG_LIB_VERSION >= 70
inline int DctSize(const jpeg_component_info& c) { return c.DCT_h_scaled_size; }
inline int MinDctSize(const jpeg_decompress_struct& d) {
  return d.min_DCT_h_scaled_size;
}
#else
inline int DctSize(const jpeg_component_info& c) { return c.DCT_scaled_size; }
inline int MinDctSize(const jpeg_decompress_struct& d) {
  return d.min_DCT_scaled_size;
}
#endif

// The largest sampling factor, 4, times the largest block, 8.
inline constexpr int kMaxJpegBandRows = 32;

struct JpegState {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  jpeg_progress_mgr progress;
  std::jmp_buf jump;
  DecodeWarnings* warnings;
  FailOn fail_on;
  std::uint32_t max_scans;
  bool created;
  bool hit_end;
  bool cut_off;  // samples are missing because the file ends too early
  bool samples_came;
  // Bytes that the library skipped between the last sample and the next marker
  // or the end of the file.
  std::size_t passed_over;
  bool scans_lose_nothing;
  bool scans_are_exact;
  bool too_many_scans;
  bool stopped_early;
  int scans;  // number of scans in a progressive picture
  JSAMPROW rows[kMaxPlanes][kMaxJpegBandRows];
  JSAMPARRAY planes[kMaxPlanes];
};

inline constexpr char kCutOff[] = "Premature end of JPEG file";

// Gives the library its callbacks and the whole file. Call before Create().
void SetUp(ByteSpan bytes, JpegState* state);

// Runs a step. Returns false if the library gave up.
[[nodiscard]] bool Guard(JpegState* state, void (*step)(JpegState*));

// The steps, in the order of their calls. One of StartDecode() and
// StartDecodeEarly() comes before the first ReadRaw().
void Create(JpegState* state);
void ReadHeader(JpegState* state);
void StartDecode(JpegState* state);
// Reads the scans of a progressive picture until the remaining ones would make
// no visible difference, then starts the output of the picture so far.
void StartDecodeEarly(JpegState* state);
void ReadRaw(JpegState* state);
// Reads the file to its end.
void FinishDecode(JpegState* state);

// Returns the text of the library's last error.
[[nodiscard]] std::string MessageOf(JpegState* state);
// Returns the reason of the library's last error.
[[nodiscard]] Reason ReasonOf(const JpegState& state);

}  // namespace thumbmill
