// Decodes JPEGs into planes with the sizes and the colour space of the file
// ("raw data"), without upsampling or colour conversion. libjpeg-turbo reads
// the header. If the JPEG is plain, the reader of fast_jpeg.h reads its data;
// otherwise the library does. Its DCT gives a half, a quarter or an eighth of
// the size in less time than the whole.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "worker/image/codec/decoders.h"
#include "worker/image/codec/fast_jpeg.h"
#include "worker/image/codec/fast_jpeg_input.h"
#include "worker/image/codec/jpeg_checks.h"
#include "worker/image/codec/jpeg_scan_order.h"
#include "worker/image/codec/jpeg_steps.h"
#include "worker/image/header/exif.h"
#include "worker/image/header/jpeg_layout.h"

namespace thumbmill {
namespace {

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
  [[nodiscard]] ImageResult<void> ReadScans(const JpegLayout& layout);
  [[nodiscard]] ImageResult<void> JudgeScans();
  [[nodiscard]] ImageResult<void> CheckComponents() const;
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
  SetUp(bytes, &state_);
}

ImageError JpegDecoder::GaveUp() {
  if (state_.too_many_scans)
    return {Reason::kTooCostly,
            "more than " + std::to_string(state_.max_scans) + " scans"};
  const Reason reason = ReasonOf(state_);
  // The library found the fault in bytes that the file does not have.
  if (state_.hit_end && reason == Reason::kCorrupt)
    return {Reason::kTruncated, kCutOff};
  return {reason, MessageOf(&state_)};
}

ImageResult<void> JpegDecoder::Run(void (*step)(JpegState*)) {
  if (!Guard(&state_, step)) return tl::unexpected<ImageError>(GaveUp());
  return state_.warnings->Judge(state_.fail_on);
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

ImageResult<void> JpegDecoder::Open() {
  const JpegLayout layout = WalkJpeg(bytes_);
  picture_.header = PeekJpeg(bytes_);
  if (auto ok = CheckJpegFrame(layout, bytes_, options_.limits.max_pixels); !ok)
    return ok;
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
  picture_.icc = JoinProfile(layout, state_.warnings);
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

// Reads the rest of the file. All rows are there, so a fault after them is
// minor, unless the library skipped bytes before it that may hold samples.
ImageResult<void> JpegDecoder::Finish() {
  if (gave_up_) return {};
  state_.samples_came = true;
  if (!Guard(&state_, FinishDecode)) {
    if (state_.too_many_scans) return tl::unexpected<ImageError>(GaveUp());
    if (!state_.hit_end)
      state_.warnings->Add(state_.passed_over > kReadAhead ? Severity::kDamaged
                                                           : Severity::kMinor,
                           MessageOf(&state_));
  }
  if (state_.hit_end && !state_.cut_off) {
    if (EndsInSamples(bytes_, state_.passed_over))
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
