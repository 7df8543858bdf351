#include "worker/image/codec/jpeg_steps.h"

// Without jerror.h after jpeglib.h the last message codes would differ from the
// library's.
#include <jerror.h>

#include <cmath>

#include "worker/image/codec/jpeg_warnings.h"
#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

JpegState& StateOf(j_common_ptr jpeg) {
  return *static_cast<JpegState*>(jpeg->client_data);
}

[[noreturn]] void OnError(j_common_ptr jpeg) {
  std::longjmp(StateOf(jpeg).jump, 1);
}

void OnMessage(j_common_ptr jpeg, int level) {
  // Only warnings have a level below 0; the others are traces.
  if (level >= 0) return;
  JpegState& state = StateOf(jpeg);
  const int code = jpeg->err->msg_code;
  const Severity severity = SeverityOfJpegWarning(
      code, {.arithmetic = state.jpeg.arith_code != 0,
             .hit_end = state.hit_end,
             .scans_are_exact = state.scans_are_exact,
             .scans_lose_nothing = state.scans_lose_nothing});
  state.cut_off |= severity == Severity::kTruncated;
  if (code == JWRN_EXTRANEOUS_DATA && (state.hit_end || state.samples_came))
    state.passed_over += static_cast<std::size_t>(jpeg->err->msg_parm.i[0]);
  if (severity == Severity::kTruncated) {
    state.warnings->Add(severity, kCutOff);
  } else if (code != JWRN_JPEG_EOF) {  // Finish() judges a missing end marker
    state.warnings->Add(severity, MessageOf(&state));
  }
}

void IgnoreOutput(j_common_ptr) {}
void NoSourceStep(j_decompress_ptr) {}

// Called when the library has read all bytes: the source holds the whole file
// from the start. The library gets an end marker, with which it finishes the
// samples that it has.
boolean FillInput(j_decompress_ptr jpeg) {
  static const JOCTET kEnd[] = {0xFF, JPEG_EOI};
  StateOf(reinterpret_cast<j_common_ptr>(jpeg)).hit_end = true;
  WARNMS(jpeg, JWRN_JPEG_EOF);
  jpeg->src->next_input_byte = kEnd;
  jpeg->src->bytes_in_buffer = sizeof kEnd;
  return TRUE;
}

void SkipInput(j_decompress_ptr jpeg, long count) {
  if (count <= 0) return;
  auto left = static_cast<std::size_t>(count);
  jpeg_source_mgr& source = *jpeg->src;
  if (left > source.bytes_in_buffer) {
    FillInput(jpeg);
    return;
  }
  source.next_input_byte += left;
  source.bytes_in_buffer -= left;
}

// Stops the library if it meets too many scans. ReadScans() has counted them
// before, but the library may find others.
void OnProgress(j_common_ptr common) {
  JpegState& state = StateOf(common);
  const int scan = state.jpeg.input_scan_number;
  if (scan <= 0 || static_cast<std::uint32_t>(scan) <= state.max_scans) return;
  state.too_many_scans = true;
  OnError(common);
}

// Returns the error of samples that are decoded from the scans read so far, as
// root mean square in levels. Takes the missing part of each coefficient as
// evenly distributed over the values that its bits allow: its variance is then
// range * range / 12. Variances add up in an N x N transform as in the 8 x 8
// one, T.81 A.3.3.
double Uncertainty(const jpeg_decompress_struct& jpeg, int component) {
  const jpeg_component_info& c = jpeg.comp_info[component];
  const int n = DctSize(c);
  if (c.quant_table == nullptr) return 1e9;
  double sum = 0;
  for (int u = 0; u < n; ++u)
    for (int v = 0; v < n; ++v) {
      const int place = 8 * u + v;
      const int low_bit = jpeg.coef_bits[component][place];
      if (low_bit < 0) return 1e9;
      if (low_bit == 0) continue;
      const double range = c.quant_table->quantval[place] * (1 << low_bit);
      sum += range * range / 12;
    }
  return std::sqrt(sum) / 8;
}

// Returns true if the error of each component is below one level in the
// thumbnail. If the decoder reduces the picture, the filter then averages at
// least kGap x kGap samples, which divides the error by kGap.
bool IsKnownWellEnough(const jpeg_decompress_struct& jpeg) {
  const double limit = jpeg.scale_num < 8 ? kGap : 1;
  for (int i = 0; i < jpeg.num_components; ++i)
    if (Uncertainty(jpeg, i) >= limit) return false;
  return true;
}

}  // namespace

void SetUp(ByteSpan bytes, JpegState* state) {
  state->jpeg.err = jpeg_std_error(&state->errors);
  state->jpeg.client_data = state;
  state->errors.error_exit = OnError;
  state->errors.emit_message = OnMessage;
  state->errors.output_message = IgnoreOutput;
  state->progress.progress_monitor = OnProgress;
  state->source.init_source = NoSourceStep;
  state->source.fill_input_buffer = FillInput;
  state->source.skip_input_data = SkipInput;
  state->source.resync_to_restart = jpeg_resync_to_restart;
  state->source.term_source = NoSourceStep;
  state->source.next_input_byte = bytes.data();
  state->source.bytes_in_buffer = bytes.size();
}

bool Guard(JpegState* state, void (*step)(JpegState*)) {
  if (setjmp(state->jump) != 0) return false;
  step(state);
  return true;
}

void Create(JpegState* state) {
  jpeg_create_decompress(&state->jpeg);
  state->created = true;
  state->jpeg.client_data = state;
  state->jpeg.src = &state->source;
  state->jpeg.progress = &state->progress;
}

void ReadHeader(JpegState* state) { jpeg_read_header(&state->jpeg, TRUE); }

void StartDecode(JpegState* state) { jpeg_start_decompress(&state->jpeg); }

void ReadRaw(JpegState* state) {
  jpeg_read_raw_data(&state->jpeg, state->planes,
                     static_cast<JDIMENSION>(state->jpeg.max_v_samp_factor *
                                             MinDctSize(state->jpeg)));
}

void StartDecodeEarly(JpegState* state) {
  jpeg_decompress_struct& jpeg = state->jpeg;
  jpeg.buffered_image = TRUE;
  // Smoothing guesses coefficients that no scan has brought exactly. It helps
  // only if the file has no better ones.
  jpeg.do_block_smoothing = state->scans_are_exact ? FALSE : TRUE;
  jpeg_start_decompress(&jpeg);
  for (int got = 0; got != JPEG_REACHED_EOI;) {
    got = jpeg_consume_input(&jpeg);
    if (got != JPEG_SCAN_COMPLETED || !IsKnownWellEnough(jpeg)) continue;
    state->stopped_early = jpeg.input_scan_number < state->scans;
    break;
  }
  jpeg_start_output(&jpeg, jpeg.input_scan_number);
}

void FinishDecode(JpegState* state) {
  // StartDecodeEarly() has read all scans that are needed.
  if (state->jpeg.buffered_image) return;
  jpeg_finish_decompress(&state->jpeg);
}

std::string MessageOf(JpegState* state) {
  char text[JMSG_LENGTH_MAX];
  state->jpeg.err->format_message(reinterpret_cast<j_common_ptr>(&state->jpeg),
                                  text);
  return text;
}

Reason ReasonOf(const JpegState& state) {
  switch (state.errors.msg_code) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      return Reason::kUnsupported;
    case JERR_OUT_OF_MEMORY:
      return Reason::kMemory;
    case JERR_NO_BACKING_STORE:
      return Reason::kTooCostly;
    case JERR_IMAGE_TOO_BIG:
      return Reason::kTooManyPixels;
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
      return Reason::kTruncated;
    default:
      return Reason::kCorrupt;
  }
}

}  // namespace thumbmill
