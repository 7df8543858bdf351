#include "worker/thumbnailer.h"

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "worker/image/codec/formats.h"
#include "worker/image/codec/peek.h"
#include "worker/image/colour/colour.h"
#include "worker/image/colour/compose.h"
#include "worker/image/colour/linear.h"
#include "worker/image/cost.h"
#include "worker/image/header/exif.h"
#include "worker/image/header/walk_budget.h"
#include "worker/image/resample/resampler.h"

namespace thumbmill {
namespace {

class StopWatch {
 public:
  // Returns the time since the last lap.
  Micros Lap() {
    const TimePoint now = Now();
    const auto lap = std::chrono::duration_cast<Micros>(now - last_);
    last_ = now;
    return lap;
  }

 private:
  TimePoint last_ = Now();
};

// A thumbnail in the making: its place, and its planes as they fill.
struct Job {
  SizePlan plan;
  // The chroma planes have half the size, as JPEG and WebP store them.
  bool halved_chroma = false;
  PlaneSet planes;
};

// One stored axis of a plane for one size.
struct StoredAxis {
  std::uint64_t scaled;  // length of the whole picture's thumbnail
  std::uint64_t first;   // first sample of the window that is kept
  std::uint64_t count;
  bool mirrored;
};

struct StoredAxes {
  StoredAxis x;
  StoredAxis y;
};

StoredAxes AxesOf(const Placement& place, Orientation turn) {
  const StoredAxis x{place.scaled_width, place.crop_x, place.width,
                     turn.mirror_x};
  const StoredAxis y{place.scaled_height, place.crop_y, place.height,
                     turn.mirror_y};
  return turn.transpose ? StoredAxes{y, x} : StoredAxes{x, y};
}

// Returns the axis for the resampler. `halved`: each output sample stands for
// two, as chroma in 4:2:0.
Axis ToAxis(const StoredAxis& stored, std::uint32_t samples, double extent,
            bool halved, FilterKind filter) {
  const double step = extent / static_cast<double>(stored.scaled);
  Axis axis;
  axis.samples = samples;
  axis.extent = extent;
  axis.origin = static_cast<double>(stored.first) * step;
  axis.step = halved ? 2 * step : step;
  axis.count = static_cast<std::uint32_t>(halved ? (stored.count + 1) / 2
                                                 : stored.count);
  axis.mirrored = stored.mirrored;
  axis.filter = filter;
  return axis;
}

bool IsInk(ColourModel model) {
  return model == ColourModel::kCmyk || model == ColourModel::kYcck;
}

// Treatment of a picture's colours.
struct Colours {
  std::shared_ptr<const ColourTransform> transform;  // null if none is needed
  bool keeps_profile = false;
};

// Treatment of each thumbnail of a picture after it has its size.
struct Finish {
  Colours colours;
  Metadata metadata;
};

// Crashes by a real fault: the sandbox lets no process send itself SIGSEGV.
void Crash() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 0;
}

}  // namespace

class Thumbnailer::Impl {
 public:
  Impl(const Recipe& recipe, PhaseCell* phase)
      : recipe_(recipe),
        kernels_(SimdKernels()),
        phase_(phase != nullptr ? phase : &nobody_asks_) {}

  [[nodiscard]] Outcome Run(ByteSpan encoded, std::uint64_t size_mask,
                            MutableByteSpan output);

 private:
  [[nodiscard]] ImageResult<void> Make(ByteSpan encoded,
                                       std::uint64_t size_mask,
                                       MutableByteSpan output,
                                       Outcome* outcome);
  [[nodiscard]] ImageResult<void> CheckLimits(
      std::size_t encoded_bytes, const OpenedPicture& picture,
      const std::vector<SizePlan>& plans, std::uint64_t size_mask) const;
  [[nodiscard]] DecodeHint HintFor(const std::vector<SizePlan>& plans,
                                   Orientation turn) const;
  [[nodiscard]] bool IsTurned(const OpenedPicture& picture) const {
    return recipe_.rotate || picture.turned_by_container;
  }
  // Returns true if planes of Y, Cb and Cr can go to the encoder with chroma of
  // half the size.
  [[nodiscard]] bool HalvesChroma(const SizePlan& plan) const;
  [[nodiscard]] bool HalvesChroma(const std::vector<SizePlan>& plans) const;
  [[nodiscard]] std::vector<Job> JobsFor(const std::vector<SizePlan>& plans,
                                         const PictureShape& shape,
                                         bool planes_go_out) const;
  [[nodiscard]] std::vector<PlaneFlow> FlowsFor(const RowSource& source,
                                                Orientation turn,
                                                std::vector<Job>* jobs);
  [[nodiscard]] ImageResult<void> Resize(RowSource* source, Orientation turn,
                                         std::vector<Job>* jobs,
                                         StageTimes* times);
  [[nodiscard]] Colours ColoursOf(const OpenedPicture& picture,
                                  const std::vector<SizePlan>& plans,
                                  ImageFormat format);
  [[nodiscard]] bool CanHoldProfile(const OpenedPicture& picture,
                                    const std::vector<SizePlan>& plans,
                                    ImageFormat format) const;
  [[nodiscard]] Metadata MetadataOf(const OpenedPicture& picture,
                                    const Colours& colours) const;
  [[nodiscard]] ImageResult<std::uint64_t> Encode(Job* job,
                                                  const Finish& finish,
                                                  MutableByteSpan output) const;
  [[nodiscard]] ImageResult<void> EncodeAll(std::vector<Job>* jobs,
                                            Orientation turn,
                                            const Finish& finish,
                                            MutableByteSpan output,
                                            Outcome* outcome) const;

  void Enter(Phase phase) { phase_->store(phase, std::memory_order_release); }

  const Recipe recipe_;
  const Kernels& kernels_;
  PhaseCell nobody_asks_{Phase::kNone};
  PhaseCell* phase_;
  WeightCache tables_;
  ColourTransforms transforms_;
  DecodeWarnings warnings_;
};

// Predicted peak in bytes that any file may have, however small it is.
constexpr std::uint64_t kPeakOfAnyFile = 256 << 20;
// Most pixels for each byte of a file whose predicted peak exceeds
// kPeakOfAnyFile. A picture with more pixels a byte shows nothing: libwebp's
// lossless encoder (through Pillow, method 4) stores an empty page of 25 MP at
// 24,000 pixels a byte, one with a frame at 21,000, one with a line of text at
// 1,600. Only a picture of one colour, at method 0, reaches 650,000. A file
// that claims more was made to cost its reader memory.
constexpr std::uint64_t kMostPixelsPerByte = 1 << 16;

bool SaysNothing(const ImageHeader& header, std::size_t encoded_bytes) {
  return std::uint64_t{header.width} * header.height / kMostPixelsPerByte >
         encoded_bytes;
}

ImageResult<void> Thumbnailer::Impl::CheckLimits(
    std::size_t encoded_bytes, const OpenedPicture& picture,
    const std::vector<SizePlan>& plans, std::uint64_t size_mask) const {
  if (picture.header.overlong)
    return Refuse(
        Reason::kTooCostly,
        "a header of more than " + std::to_string(kMaxHeaderParts) + " parts");
  const std::uint64_t pixels = OutputPixels(plans);
  if (pixels > recipe_.limits.max_output_pixels)
    return Refuse(Reason::kTooCostly,
                  "thumbnails of " + std::to_string(pixels) + " pixels");
  for (const SizePlan& plan : plans)
    if (std::max(plan.place.canvas_width, plan.place.canvas_height) >
        WriterOf(plan.format).longest_side)
      return Refuse(
          Reason::kUnsupported,
          "too long a side for " + std::string(RowOf(plan.format).name));
  // The decoder copies and parses a profile, and we keep it.
  const std::uint64_t peak =
      EstimateCost(picture.header, recipe_, size_mask).peak_bytes +
      4 * picture.icc.size();
  const std::uint64_t limit = recipe_.limits.max_peak_bytes;
  const std::string needs =
      "needs " + std::to_string(peak) + " bytes of memory";
  if (limit != 0 && peak > limit) return Refuse(Reason::kTooCostly, needs);
  if (peak > kPeakOfAnyFile && SaysNothing(picture.header, encoded_bytes))
    return Refuse(Reason::kTooCostly, needs + ", for a picture in " +
                                          std::to_string(encoded_bytes) +
                                          " bytes");
  return {};
}

// Returns the size that the largest thumbnail needs, in stored axes.
DecodeHint Thumbnailer::Impl::HintFor(const std::vector<SizePlan>& plans,
                                      Orientation turn) const {
  DecodeHint hint;
  hint.exact = WantsExact(recipe_);
  for (const SizePlan& plan : plans) {
    const StoredAxes axes = AxesOf(plan.place, turn);
    hint.width =
        std::max(hint.width, static_cast<std::uint32_t>(axes.x.scaled));
    hint.height =
        std::max(hint.height, static_cast<std::uint32_t>(axes.y.scaled));
  }
  return hint;
}

bool Thumbnailer::Impl::HalvesChroma(const SizePlan& plan) const {
  if (plan.place.padded()) return false;
  const auto halves = WriterOf(plan.format).halves_chroma;
  return halves != nullptr && halves(recipe_);
}

bool Thumbnailer::Impl::HalvesChroma(const std::vector<SizePlan>& plans) const {
  return std::all_of(plans.begin(), plans.end(),
                     [&](const SizePlan& plan) { return HalvesChroma(plan); });
}

// Plans the work for each size. Planes of Y, Cb and Cr go into a JPEG or WebP
// as they are, if nothing has to be painted.
std::vector<Job> Thumbnailer::Impl::JobsFor(const std::vector<SizePlan>& plans,
                                            const PictureShape& shape,
                                            bool planes_go_out) const {
  std::vector<Job> jobs;
  for (const SizePlan& plan : plans) {
    Job job;
    job.plan = plan;
    job.halved_chroma = planes_go_out && HalvesChroma(plan);
    job.planes.model = shape.model;
    job.planes.ycc = shape.ycc;
    job.planes.alpha = shape.alpha;
    job.planes.inverted = shape.inverted;
    job.planes.linear = recipe_.linear;
    job.planes.count = shape.plane_count;
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<PlaneFlow> Thumbnailer::Impl::FlowsFor(const RowSource& source,
                                                   Orientation turn,
                                                   std::vector<Job>* jobs) {
  const PictureShape& shape = source.shape();
  std::vector<PlaneFlow> flows;
  for (int p = 0; p < shape.plane_count; ++p) {
    const PlaneShape& plane = shape.planes[static_cast<std::size_t>(p)];
    PlaneFlow& flow = flows.emplace_back(plane, shape.wide, kernels_);
    for (Job& job : *jobs) {
      // Plane 0 is the luma, which keeps its size.
      const bool halved = job.halved_chroma && p > 0;
      const StoredAxes axes = AxesOf(job.plan.place, turn);
      Axis x =
          ToAxis(axes.x, plane.width, plane.extent_x, halved, recipe_.filter);
      Axis y =
          ToAxis(axes.y, plane.height, plane.extent_y, halved, recipe_.filter);
      x.fine_samples = plane.fine_width;
      y.fine_samples = plane.fine_height;
      Plane& out = job.planes.planes[static_cast<std::size_t>(p)];
      out = Plane(x.count, y.count, shape.wide);
      flow.AddOutput(x, y, &tables_, &out);
    }
    flow.Start(source.BandRows(p), source.RowBytes(p));
  }
  return flows;
}

ImageResult<void> Thumbnailer::Impl::Resize(RowSource* source, Orientation turn,
                                            std::vector<Job>* jobs,
                                            StageTimes* times) {
  StopWatch watch;
  std::vector<PlaneFlow> flows = FlowsFor(*source, turn, jobs);
  Rings rings{};
  for (std::size_t p = 0; p < flows.size(); ++p) rings[p] = flows[p].ring();
  const auto complete = [&] {
    for (std::size_t p = 0; p < flows.size(); ++p)
      if (rings[p]->end() < source->shape().planes[p].height) return false;
    return true;
  };
  times->resize += watch.Lap();
  while (!complete()) {
    Enter(Phase::kDecode);
    if (auto ok = source->ReadBand(rings); !ok) return ok;
    times->decode += watch.Lap();
    Enter(Phase::kResize);
    for (PlaneFlow& flow : flows) flow.Advance();
    times->resize += watch.Lap();
  }
  Enter(Phase::kDecode);
  ImageResult<void> ok = source->Finish();
  times->decode += watch.Lap();
  return ok;
}

// Returns true if thumbnails can keep the picture's profile. A profile is valid
// only for the channels that it was made for. Inks become sRGB in any case: few
// programs show a CMYK thumbnail, and its profile is many times its size.
bool Thumbnailer::Impl::CanHoldProfile(const OpenedPicture& picture,
                                       const std::vector<SizePlan>& plans,
                                       ImageFormat format) const {
  if (!recipe_.keep.icc || picture.icc.empty()) return false;
  if (IsInk(picture.model)) return false;
  if (picture.model != ColourModel::kGrey) return true;
  const FormatWriter& writer = WriterOf(format);
  if (!writer.holds_grey) return false;
  // A coloured background turns grey into RGB.
  const bool padded =
      std::any_of(plans.begin(), plans.end(),
                  [](const SizePlan& plan) { return plan.place.padded(); });
  const bool lies_on_ground = padded || !writer.holds_alpha;
  return recipe_.background.is_grey() || !lies_on_ground;
}

Colours Thumbnailer::Impl::ColoursOf(const OpenedPicture& picture,
                                     const std::vector<SizePlan>& plans,
                                     ImageFormat format) {
  Colours colours;
  const SampleWidths widths{picture.wide, recipe_.linear};
  colours.transform =
      transforms_.Get(picture.icc, picture.model, widths, &warnings_);
  // An sRGB profile needs no transform, but is usable.
  const bool usable =
      colours.transform != nullptr ||
      (picture.model != ColourModel::kGrey && IsSrgbProfile(picture.icc));
  // Without a usable profile, the colour space that the file declares counts.
  if (!usable)
    colours.transform = transforms_.Get(picture.space, picture.model, widths);
  colours.keeps_profile = usable && CanHoldProfile(picture, plans, format);
  // A kept profile describes the colours as they are.
  if (colours.keeps_profile) colours.transform = nullptr;
  return colours;
}

Metadata Thumbnailer::Impl::MetadataOf(const OpenedPicture& picture,
                                       const Colours& colours) const {
  Metadata metadata;
  if (colours.keeps_profile) metadata.icc = picture.icc;
  if (recipe_.keep.exif || recipe_.keep.copyright) {
    ExifChange change;
    // A picture that was turned must not be turned again by its viewer.
    change.orientation = IsTurned(picture) ? 1 : picture.exif_orientation;
    change.now_srgb = colours.transform != nullptr || IsInk(picture.model);
    change.copyright_only = !recipe_.keep.exif;
    metadata.exif = RewrittenExif(picture.exif, change);
  }
  return metadata;
}

ImageResult<std::uint64_t> Thumbnailer::Impl::Encode(
    Job* job, const Finish& finish, MutableByteSpan output) const {
  const FormatWriter& writer = WriterOf(job->plan.format);
  const Placement& place = job->plan.place;
  PlaneSet& planes = job->planes;
  // LinearRows has applied the transform already.
  const ColourTransform* transform =
      planes.linear ? nullptr : finish.colours.transform.get();
  const Metadata& metadata = finish.metadata;
  // Nothing is left to convert or to paint: the planes can go out as they are.
  const bool plain = transform == nullptr && !place.padded() &&
                     !planes.planes[0].wide() && !planes.alpha;
  const bool jfif_like = planes.model == ColourModel::kYcc &&
                         planes.ycc.weights == YccCode::Weights::kBt601;
  const bool grey = planes.model == ColourModel::kGrey && writer.holds_grey;
  if (writer.encode_planes != nullptr && plain && (jfif_like || grey)) {
    SetYccRange(&planes, writer.limited_range);
    return writer.encode_planes(planes, recipe_, metadata, output);
  }
  Composer rows(planes, place, recipe_.background, writer.holds_alpha,
                transform);
  return writer.encode(rows, recipe_, metadata, output);
}

// Encodes all thumbnails one after the other. After the first one that does not
// fit, the encoders only count, so that needs_output_bytes is exact.
ImageResult<void> Thumbnailer::Impl::EncodeAll(std::vector<Job>* jobs,
                                               Orientation turn,
                                               const Finish& finish,
                                               MutableByteSpan output,
                                               Outcome* outcome) const {
  std::uint64_t used = 0;
  for (Job& job : *jobs) {
    // Rows flowed along the stored axes; the small result is turned at last.
    if (turn.transpose)
      for (int p = 0; p < job.planes.count; ++p) {
        Plane& plane = job.planes.planes[static_cast<std::size_t>(p)];
        plane = Transposed(plane);
      }
    const MutableByteSpan room =
        output.subspan(std::min<std::uint64_t>(used, output.size()));
    auto size = Encode(&job, finish, room);
    if (!size) return tl::unexpected<ImageError>(std::move(size).error());
    const Placement& place = job.plan.place;
    outcome->thumbnails.push_back(
        {job.plan.index,
         static_cast<std::uint32_t>(place.canvas_width),
         static_cast<std::uint32_t>(place.canvas_height),
         {used, *size},
         job.plan.format});
    used += *size;
    job.planes = PlaneSet();  // frees the memory for the next one
  }
  if (used <= output.size()) return {};
  outcome->thumbnails.clear();
  outcome->needs_output_bytes = used;
  return {};
}

ImageResult<void> Thumbnailer::Impl::Make(ByteSpan encoded,
                                          std::uint64_t size_mask,
                                          MutableByteSpan output,
                                          Outcome* outcome) {
  StopWatch watch;
  Enter(Phase::kHeader);
  const Sniffed sniffed = Sniff(encoded);
  outcome->source_format = sniffed.format;
  if (sniffed.reason != Reason::kNone)
    return Refuse(sniffed.reason, std::string(sniffed.message));
  auto decoder =
      CodecOf(sniffed.format)
          .open(encoded, {recipe_.fail_on, recipe_.limits}, &warnings_);
  if (!decoder) return tl::unexpected<ImageError>(std::move(decoder).error());
  const OpenedPicture& picture = (*decoder)->picture();
  const ImageFormat format =
      OutputFormat(recipe_, sniffed.format, picture.alpha);
  outcome->output_format = format;
  const Orientation turn = IsTurned(picture)
                               ? OrientationFromExif(picture.exif_orientation)
                               : Orientation();
  outcome->source_width = picture.header.width;
  outcome->source_height = picture.header.height;
  if (turn.transpose) std::swap(outcome->source_width, outcome->source_height);

  std::vector<SizePlan> plans = PlanSizes(
      outcome->source_width, outcome->source_height, recipe_, size_mask);
  for (SizePlan& plan : plans)
    plan.format = FormatOfSize(plan.place, format, picture.alpha);
  if (auto ok = CheckLimits(encoded.size(), picture, plans, size_mask); !ok)
    return ok;
  Finish finish;
  finish.colours = ColoursOf(picture, plans, format);
  finish.metadata = MetadataOf(picture, finish.colours);
  // JPEG and WebP store planes of this kind, so no step needs RGB.
  const bool planes_go_out = finish.colours.transform == nullptr &&
                             !recipe_.linear &&
                             picture.model == ColourModel::kYcc &&
                             picture.ycc.weights == YccCode::Weights::kBt601;
  DecodeHint hint = HintFor(plans, turn);
  hint.halved_chroma = planes_go_out && HalvesChroma(plans);
  std::vector<Job> jobs;
  ImageResult<void> resized;
  // A fast reader of our own may give up. The library then reads all rows
  // again.
  do {
    Enter(Phase::kDecode);
    auto source = (*decoder)->Start(hint);
    if (!source) return tl::unexpected<ImageError>(std::move(source).error());
    RowSource* rows = *source;
    std::optional<LinearRows> light;
    if (recipe_.linear)
      rows = &light.emplace(rows, finish.colours.transform.get(), kernels_);
    outcome->times.decode += watch.Lap();
    jobs = JobsFor(plans, rows->shape(), planes_go_out);
    resized = Resize(rows, turn, &jobs, &outcome->times);
  } while (!resized && (*decoder)->CanFallBack());
  if (!resized) return resized;
  if (auto ok = warnings_.Judge(recipe_.fail_on); !ok) return ok;
  decoder->reset();  // frees its memory before we encode
  watch.Lap();
  Enter(Phase::kEncode);
  ImageResult<void> ok = EncodeAll(&jobs, turn, finish, output, outcome);
  outcome->times.encode += watch.Lap();
  return ok;
}

Outcome Thumbnailer::Impl::Run(ByteSpan encoded, std::uint64_t size_mask,
                               MutableByteSpan output) {
  if (recipe_.crash_probe && AsText(encoded).starts_with(kCrashProbe)) Crash();
  Outcome outcome;
  warnings_.Clear();
  ImageResult<void> ok;
  try {
    // RLIMIT_DATA may refuse memory: the image must fail then, not the worker.
    ok = Make(encoded, size_mask, output, &outcome);
  } catch (const std::bad_alloc&) {
    ok = Refuse(Reason::kMemory, "out of memory");
  }
  outcome.warnings = warnings_.texts();
  if (ok) return outcome;
  outcome.thumbnails.clear();
  outcome.needs_output_bytes = 0;
  outcome.reason = ok.error().reason;
  outcome.message = std::move(ok.error().message);
  return outcome;
}

Thumbnailer::Thumbnailer(const Recipe& recipe, PhaseCell* phase)
    : impl_(std::make_unique<Impl>(recipe, phase)) {}

Thumbnailer::~Thumbnailer() = default;

Outcome Thumbnailer::Run(ByteSpan encoded, std::uint64_t size_mask,
                         MutableByteSpan output) {
  return impl_->Run(encoded, size_mask, output);
}

}  // namespace thumbmill
