// Decodes JPEGs into planes with the sizes and the colour space of the file
// ("raw data"), without upsampling or colour conversion. libjpeg-turbo reads
// the header. If the JPEG is plain, the reader of fast_jpeg.h reads its data;
// otherwise the library does. Its DCT gives a half, a quarter or an eighth of
// the size in less time than the whole.
//
// libjpeg reports errors with longjmp. Only Guard() calls setjmp; the steps
// that it runs hold no object with a destructor, because a jump would skip it.
#include <csetjmp>
#include <cstdio>
#include <cstring>
// jpeglib.h needs stdio before it, and jerror.h needs jpeglib.h: without it
// the last message codes would differ from the library's.
#include <jpeglib.h>
//
#include <jerror.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "worker/image/codec/decoders.h"
#include "worker/image/codec/fast_jpeg.h"
#include "worker/image/codec/fast_jpeg_input.h"
#include "worker/image/codec/jpeg_scan_order.h"
#include "worker/image/codec/jpeg_warnings.h"
#include "worker/image/header/exif.h"
#include "worker/image/header/jpeg_layout.h"
#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

// The names of these fields depend on the library's ABI.
#if JPEG_LIB_VERSION >= 70
int DctSize(const jpeg_component_info& c) { return c.DCT_h_scaled_size; }
int MinDctSize(const jpeg_decompress_struct& d) {
  return d.min_DCT_h_scaled_size;
}
#else
int DctSize(const jpeg_component_info& c) { return c.DCT_scaled_size; }
int MinDctSize(const jpeg_decompress_struct& d) {
  return d.min_DCT_scaled_size;
}
#endif

// The largest sampling factor, 4, times the largest block, 8.
constexpr int kMaxRowsPerBand = 32;

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
  JSAMPROW rows[kMaxPlanes][kMaxRowsPerBand];
  JSAMPARRAY planes[kMaxPlanes];
};

JpegState& StateOf(j_common_ptr jpeg) {
  return *static_cast<JpegState*>(jpeg->client_data);
}

[[noreturn]] void OnError(j_common_ptr jpeg) {
  std::longjmp(StateOf(jpeg).jump, 1);
}

std::string MessageOf(j_common_ptr jpeg) {
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  return text;
}

constexpr char kCutOff[] = "Premature end of JPEG file";

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
    state.warnings->Add(severity, MessageOf(jpeg));
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

// Runs a step. Returns false if the library gave up.
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

// Reads the scans of a progressive picture until the remaining ones would make
// no visible difference, then starts the output of the picture so far.
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

// Reads the file to its end.
void FinishDecode(JpegState* state) {
  // StartDecodeEarly() has read all scans that are needed.
  if (state->jpeg.buffered_image) return;
  jpeg_finish_decompress(&state->jpeg);
}

ColourModel ModelOf(J_COLOR_SPACE space) {
  switch (static_cast<int>(space)) {
    case JCS_GRAYSCALE:
      return ColourModel::kGrey;
    case JCS_RGB:
      return ColourModel::kRgb;
    case JCS_CMYK:
      return ColourModel::kCmyk;
    case JCS_YCCK:
      return ColourModel::kYcck;
    default:
      return ColourModel::kYcc;
  }
}

Reason ReasonOf(int code) {
  switch (code) {
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

class JpegDecoder final : public Decoder, public RowSource {
 public:
  JpegDecoder(ByteSpan bytes, const DecoderOptions& options,
              DecodeWarnings* warnings);
  ~JpegDecoder() override {
    if (state_.created) jpeg_destroy_decompress(&state_.jpeg);
  }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  // Reads the header and checks it before anything large is allocated.
  [[nodiscard]] ImageResult<void> Open();

  [[nodiscard]] const OpenedPicture& picture() const override {
    return picture_;
  }
  [[nodiscard]] ImageResult<RowSource*> Start(const DecodeHint& hint) override;
  [[nodiscard]] bool CanFallBack() override;
  [[nodiscard]] const char* reader() const override {
    return fast_                  ? "own"
           : state_.stopped_early ? "libjpeg-turbo, stopped early"
                                  : "libjpeg-turbo";
  }

  [[nodiscard]] const PictureShape& shape() const override { return shape_; }
  [[nodiscard]] std::uint32_t BandRows(int plane) const override {
    const jpeg_component_info& c = Component(plane);
    return static_cast<std::uint32_t>(c.v_samp_factor * DctSize(c));
  }
  [[nodiscard]] std::size_t RowBytes(int plane) const override {
    const jpeg_component_info& c = Component(plane);
    return std::size_t{c.width_in_blocks} *
           static_cast<std::size_t>(DctSize(c));
  }
  [[nodiscard]] ImageResult<void> ReadBand(const Rings& rings) override;
  [[nodiscard]] ImageResult<void> Finish() override;

 private:
  [[nodiscard]] ImageResult<void> CheckFrame(const JpegLayout& layout) const;
  [[nodiscard]] ImageResult<void> ReadScans(const JpegLayout& layout);
  [[nodiscard]] ImageResult<void> JudgeScans();
  [[nodiscard]] ImageResult<void> CheckComponents() const;
  void KeepProfile(const JpegLayout& layout);
  [[nodiscard]] std::unique_ptr<RowSource> StartFast(const DecodeHint& hint);
  [[nodiscard]] PictureShape ShapeOfFile() const;
  void SetShape();
  [[nodiscard]] const jpeg_component_info& Component(int plane) const {
    return state_.jpeg.comp_info[plane];
  }
  // Runs a step and judges the warnings that the library gave meanwhile.
  [[nodiscard]] ImageResult<void> Run(void (*step)(JpegState*));
  // Returns the reason why the library gave up.
  [[nodiscard]] ImageError GaveUp();
  void FillRestGrey(const Rings& rings);
  [[nodiscard]] bool EndsInSamples() const;

  ByteSpan bytes_;
  const DecoderOptions options_;
  OpenedPicture picture_;
  PictureShape shape_;
  JpegState state_{};
  bool gave_up_ = false;
  JpegScans scans_;  // empty unless the picture is progressive
  bool fast_allowed_ = true;
  std::unique_ptr<RowSource> fast_;
};

JpegDecoder::JpegDecoder(ByteSpan bytes, const DecoderOptions& options,
                         DecodeWarnings* warnings)
    : bytes_(bytes), options_(options) {
  state_.warnings = warnings;
  state_.fail_on = options.fail_on;
  state_.max_scans = options.limits.max_scans;
  state_.scans_lose_nothing = true;
  state_.scans_are_exact = true;
  state_.jpeg.err = jpeg_std_error(&state_.errors);
  state_.jpeg.client_data = &state_;
  state_.errors.error_exit = OnError;
  state_.errors.emit_message = OnMessage;
  state_.errors.output_message = IgnoreOutput;
  state_.progress.progress_monitor = OnProgress;
  state_.source.init_source = NoSourceStep;
  state_.source.fill_input_buffer = FillInput;
  state_.source.skip_input_data = SkipInput;
  state_.source.resync_to_restart = jpeg_resync_to_restart;
  state_.source.term_source = NoSourceStep;
  state_.source.next_input_byte = bytes.data();
  state_.source.bytes_in_buffer = bytes.size();
}

ImageError JpegDecoder::GaveUp() {
  if (state_.too_many_scans)
    return {Reason::kTooCostly,
            "more than " + std::to_string(state_.max_scans) + " scans"};
  const Reason reason = ReasonOf(state_.errors.msg_code);
  // The library found the fault in bytes that the file does not have.
  if (state_.hit_end && reason == Reason::kCorrupt)
    return {Reason::kTruncated, kCutOff};
  return {reason, MessageOf(reinterpret_cast<j_common_ptr>(&state_.jpeg))};
}

ImageResult<void> JpegDecoder::Run(void (*step)(JpegState*)) {
  if (!Guard(&state_, step)) return tl::unexpected<ImageError>(GaveUp());
  return state_.warnings->Judge(state_.fail_on);
}

ImageResult<void> JpegDecoder::CheckFrame(const JpegLayout& layout) const {
  if (!layout.frame)
    return Refuse(Reason::kCorrupt, "no frame header before the data");
  const JpegFrame& frame = *layout.frame;
  // The markers 0xC3, 0xC5-0xC7, 0xCB and 0xCD-0xCF mean lossless or
  // hierarchical coding.
  const int process = frame.marker & 0x0F;
  if ((process & 3) == 3 || (process & 4) != 0)
    return Refuse(Reason::kUnsupported, "lossless or hierarchical JPEG");
  if (frame.bits == 12)
    return Refuse(Reason::kUnsupported, "JPEG with 12 bits a sample");
  if (frame.bits != 8) return Refuse(Reason::kCorrupt, "odd sample size");
  // A DNL segment after the first scan may hold the height, T.81 B.2.5, but no
  // common decoder reads it.
  if (frame.height == 0 && frame.width != 0 && layout.first_scan != 0 &&
      WalkJpegScans(bytes_, layout.first_scan, 0, 1).has_line_count)
    return Refuse(Reason::kUnsupported,
                  "JPEG whose height stands after its data");
  if (frame.width == 0 || frame.height == 0)
    return Refuse(Reason::kCorrupt, "a side of the picture is 0");
  const std::uint64_t pixels = std::uint64_t{frame.width} * frame.height;
  if (pixels > options_.limits.max_pixels)
    return Refuse(Reason::kTooManyPixels, std::to_string(frame.width) + "x" +
                                              std::to_string(frame.height) +
                                              " pixels");
  return {};
}

// Walks the scans of a progressive picture and refuses too many. Sequential
// files are not walked, to save time; OnProgress() counts their scans.
ImageResult<void> JpegDecoder::ReadScans(const JpegLayout& layout) {
  if (layout.first_scan == 0)
    return Refuse(Reason::kTruncated, "the file ends before its first scan");
  if (!picture_.header.progressive) return {};
  const std::uint32_t limit = options_.limits.max_scans;
  scans_ =
      WalkJpegScans(bytes_, layout.first_scan, layout.restart_interval, limit);
  if (scans_.scans.size() > limit)
    return Refuse(Reason::kTooCostly,
                  "more than " + std::to_string(limit) + " scans");
  return {};
}

// Checks which coefficients the scans bring. A file that ends properly after
// fewer scans than usual is coarse, but not damaged.
ImageResult<void> JpegDecoder::JudgeScans() {
  if (scans_.scans.empty()) return {};
  const jpeg_decompress_struct& jpeg = state_.jpeg;
  std::vector<std::uint8_t> ids;
  for (int i = 0; i < jpeg.num_components; ++i)
    ids.push_back(static_cast<std::uint8_t>(jpeg.comp_info[i].component_id));
  const ScanOrder order =
      ReadScanOrder(bytes_, scans_, ids, jpeg.progressive_mode != 0);
  state_.scans_lose_nothing = order.loses_nothing;
  state_.scans_are_exact = order.is_exact;
  // If the end marker is missing, the library warns about missing data itself.
  if (!scans_.ends || order.has_all_components) return {};
  state_.warnings->Add(Severity::kTruncated, "scans are missing");
  return state_.warnings->Judge(state_.fail_on);
}

ImageResult<void> JpegDecoder::CheckComponents() const {
  const jpeg_decompress_struct& jpeg = state_.jpeg;
  const bool known = jpeg.jpeg_color_space != JCS_UNKNOWN &&
                     (jpeg.num_components == 1 || jpeg.num_components == 3 ||
                      jpeg.num_components == 4);
  if (!known)
    return Refuse(Reason::kUnsupported, std::to_string(jpeg.num_components) +
                                            " components of no known meaning");
  return {};
}

void JpegDecoder::KeepProfile(const JpegLayout& layout) {
  if (layout.icc_has_hole)
    state_.warnings->Add(Severity::kMinor,
                         "a piece of the colour profile is missing");
  std::size_t size = 0;
  for (const ByteSpan piece : layout.icc) size += piece.size();
  if (size > kMaxProfileBytes) {
    state_.warnings->Add(Severity::kMinor, "colour profile is too large");
    return;
  }
  picture_.icc.reserve(size);
  for (const ByteSpan piece : layout.icc)
    picture_.icc.insert(picture_.icc.end(), piece.begin(), piece.end());
}

ImageResult<void> JpegDecoder::Open() {
  const JpegLayout layout = WalkJpeg(bytes_);
  picture_.header = PeekJpeg(bytes_);
  if (auto ok = CheckFrame(layout); !ok) return ok;
  if (auto ok = ReadScans(layout); !ok) return ok;
  if (!Guard(&state_, Create)) return tl::unexpected<ImageError>(GaveUp());
  if (auto ok = Run(ReadHeader); !ok) return ok;
  const jpeg_decompress_struct& jpeg = state_.jpeg;
  // WalkJpeg() skips junk as the library does. If they ever differ, the checks
  // above have not seen the frame that the library would decode.
  if (jpeg.image_width != layout.frame->width ||
      jpeg.image_height != layout.frame->height)
    return Refuse(Reason::kCorrupt, "two frame headers");
  if (auto ok = CheckComponents(); !ok) return ok;
  if (auto ok = JudgeScans(); !ok) return ok;
  picture_.model = ModelOf(jpeg.jpeg_color_space);
  picture_.exif = layout.exif;
  picture_.exif_orientation = ExifOrientation(layout.exif);
  KeepProfile(layout);
  return {};
}

ImageResult<RowSource*> JpegDecoder::Start(const DecodeHint& hint) {
  if (fast_allowed_) fast_ = StartFast(hint);
  if (fast_) return fast_.get();
  jpeg_decompress_struct& jpeg = state_.jpeg;
  jpeg.scale_num = JpegEighths(jpeg.image_width, jpeg.image_height, hint);
  jpeg.scale_denom = 8;
  jpeg.raw_data_out = TRUE;
  jpeg.out_color_space = jpeg.jpeg_color_space;
  jpeg.dct_method = JDCT_ISLOW;
  // The library applies this bound to the whole images that it holds.
  jpeg.mem->max_memory_to_use =
      static_cast<long>(options_.limits.max_peak_bytes);
  // FailOn::kWarning asks for every fault, so all bytes must be read.
  const bool may_stop = jpeg.progressive_mode != 0 && scans_.ends &&
                        options_.fail_on != FailOn::kWarning;
  state_.scans = static_cast<int>(scans_.scans.size());
  if (auto ok = Run(may_stop ? StartDecodeEarly : StartDecode); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  SetShape();
  return this;
}

bool JpegDecoder::CanFallBack() {
  if (!fast_) return false;
  // The next Start() takes the library.
  fast_.reset();
  fast_allowed_ = false;
  return true;
}

std::unique_ptr<RowSource> JpegDecoder::StartFast(const DecodeHint& hint) {
  // FailOn::kWarning asks for every fault, so all bytes must be read. The plain
  // reader does not read all scans of a progressive picture.
  if (state_.jpeg.progressive_mode != 0 && options_.fail_on == FailOn::kWarning)
    return nullptr;
  const auto picture = DescribeFastJpeg(
      state_.jpeg, bytes_, bytes_.last(state_.source.bytes_in_buffer), scans_,
      hint);
  return picture ? ReadFastJpeg(*picture, ShapeOfFile()) : nullptr;
}

PictureShape JpegDecoder::ShapeOfFile() const {
  const jpeg_decompress_struct& jpeg = state_.jpeg;
  PictureShape shape;
  shape.width = jpeg.image_width;
  shape.height = jpeg.image_height;
  shape.model = picture_.model;
  // Other programs, too, take CMYK in a JPEG as inverted, with or without
  // Adobe's marker.
  shape.inverted = true;
  shape.plane_count = jpeg.num_components;
  return shape;
}

void JpegDecoder::SetShape() {
  const jpeg_decompress_struct& jpeg = state_.jpeg;
  shape_ = ShapeOfFile();
  for (int i = 0; i < jpeg.num_components; ++i) {
    const jpeg_component_info& c = Component(i);
    const double size = DctSize(c) / 8.0;
    PlaneShape& plane = shape_.planes[static_cast<std::size_t>(i)];
    plane.width = c.downsampled_width;
    plane.height = c.downsampled_height;
    plane.extent_x =
        jpeg.image_width * size * c.h_samp_factor / jpeg.max_h_samp_factor;
    plane.extent_y =
        jpeg.image_height * size * c.v_samp_factor / jpeg.max_v_samp_factor;
    // Chroma that the DCT has scaled to luma's size is not halved any more.
    const PlaneShape& full = shape_.planes[0];
    if (full.extent_x == 2 * plane.extent_x) plane.fine_width = full.width;
    if (full.extent_y == 2 * plane.extent_y) plane.fine_height = full.height;
  }
}

ImageResult<void> JpegDecoder::ReadBand(const Rings& rings) {
  if (gave_up_) {
    FillRestGrey(rings);
    return {};
  }
  for (int p = 0; p < shape_.plane_count; ++p) {
    const auto plane = static_cast<std::size_t>(p);
    const RowRing& ring = *rings[plane];
    for (std::uint32_t i = 0; i < BandRows(p); ++i)
      state_.rows[p][i] = ring.Row(ring.end() + i);
    state_.planes[p] = state_.rows[p];
  }
  if (auto ok = Run(ReadRaw); !ok) {
    // Run() has judged the warnings. If `fail_on` lets this error through, the
    // picture keeps the rows so far, and the rest becomes grey.
    const bool some = rings[0]->end() > 0;
    const bool truncated = ok.error().reason == Reason::kTruncated;
    const Severity severity =
        truncated ? Severity::kTruncated : Severity::kDamaged;
    if (!some || (!truncated && ok.error().reason != Reason::kCorrupt) ||
        !DecodeWarnings::LetsThrough(state_.fail_on, severity))
      return ok;
    state_.warnings->Add(severity, ok.error().message);
    gave_up_ = true;
    FillRestGrey(rings);
    return {};
  }
  for (int p = 0; p < shape_.plane_count; ++p) {
    RowRing& ring = *rings[static_cast<std::size_t>(p)];
    const std::uint32_t height =
        shape_.planes[static_cast<std::size_t>(p)].height;
    // Rows that only pad the last MCUs do not belong to the picture.
    ring.Append(std::min(BandRows(p), height - ring.end()));
  }
  return {};
}

// Fills a band with grey, as libjpeg does for missing data.
void JpegDecoder::FillRestGrey(const Rings& rings) {
  for (int p = 0; p < shape_.plane_count; ++p) {
    RowRing& ring = *rings[static_cast<std::size_t>(p)];
    const PlaneShape& plane = shape_.planes[static_cast<std::size_t>(p)];
    const std::uint32_t rows = std::min(BandRows(p), plane.height - ring.end());
    for (std::uint32_t i = 0; i < rows; ++i)
      std::memset(ring.Row(ring.end() + i), 128, plane.width);
    ring.Append(rows);
  }
}

// More bytes than the library reads ahead.
constexpr std::size_t kReadAhead = 16;

// Returns true if a file without an end marker ends within its samples. Some
// programs download into a file of the final size, which is full of zeros; if
// the download stops, those zeros look like codes. The file is whole only if
// the library skipped just the zeros at its end.
bool JpegDecoder::EndsInSamples() const {
  const auto last = std::find_if(bytes_.rbegin(), bytes_.rend(),
                                 [](std::uint8_t byte) { return byte != 0; });
  const auto zeros = static_cast<std::size_t>(last - bytes_.rbegin());
  return zeros > state_.passed_over + kReadAhead ||
         state_.passed_over > zeros + kReadAhead;
}

// Reads the rest of the file. All rows are there, so a fault after them is
// minor, unless the library skipped bytes before it that may hold samples.
ImageResult<void> JpegDecoder::Finish() {
  if (gave_up_) return {};
  state_.samples_came = true;
  if (!Guard(&state_, FinishDecode)) {
    if (state_.too_many_scans) return tl::unexpected<ImageError>(GaveUp());
    if (!state_.hit_end)
      state_.warnings->Add(
          state_.passed_over > kReadAhead ? Severity::kDamaged
                                          : Severity::kMinor,
          MessageOf(reinterpret_cast<j_common_ptr>(&state_.jpeg)));
  }
  if (state_.hit_end && !state_.cut_off) {
    if (EndsInSamples())
      state_.warnings->Add(Severity::kTruncated, kCutOff);
    else
      state_.warnings->Add(Severity::kMinor, "the end marker is missing");
  }
  return state_.warnings->Judge(state_.fail_on);
}

}  // namespace

ImageResult<std::unique_ptr<Decoder>> OpenJpeg(ByteSpan bytes,
                                               const DecoderOptions& options,
                                               DecodeWarnings* warnings) {
  auto decoder = std::make_unique<JpegDecoder>(bytes, options, warnings);
  if (auto ok = decoder->Open(); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace thumbmill
