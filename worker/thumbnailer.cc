#include "worker/thumbnailer.h"

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "worker/image/admission.h"
#include "worker/image/codec/formats.h"
#include "worker/image/codec/peek.h"
#include "worker/image/colour/colour.h"
#include "worker/image/colour/linear.h"
#include "worker/image/finish.h"
#include "worker/image/header/exif.h"
#include "worker/image/plan.h"
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
  [[nodiscard]] std::vector<Draft> DraftsFor(const std::vector<SizePlan>& plans,
                                             const PictureShape& shape,
                                             bool planes_go_out) const;
  [[nodiscard]] std::vector<PlaneFlow> FlowsFor(const RowSource& source,
                                                Orientation turn,
                                                std::vector<Draft>* drafts);
  [[nodiscard]] ImageResult<void> Resize(RowSource* source, Orientation turn,
                                         std::vector<Draft>* drafts,
                                         StageTimes* times);

  void Enter(Phase phase) { phase_->store(phase, std::memory_order_release); }

  const Recipe recipe_;
  const Kernels& kernels_;
  PhaseCell nobody_asks_{Phase::kNone};
  PhaseCell* phase_;
  WeightCache tables_;
  ColourTransforms transforms_;
  DecodeWarnings warnings_;
};

// Plans the work for each size. Planes of Y, Cb and Cr go into a JPEG or WebP
// as they are, if nothing has to be painted.
std::vector<Draft> Thumbnailer::Impl::DraftsFor(
    const std::vector<SizePlan>& plans, const PictureShape& shape,
    bool planes_go_out) const {
  std::vector<Draft> drafts;
  for (const SizePlan& plan : plans) {
    Draft draft;
    draft.plan = plan;
    draft.halved_chroma = planes_go_out && HalvesChroma(plan, recipe_);
    draft.planes.model = shape.model;
    draft.planes.ycc = shape.ycc;
    draft.planes.alpha = shape.alpha;
    draft.planes.inverted = shape.inverted;
    draft.planes.linear = recipe_.linear;
    draft.planes.count = shape.plane_count;
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

std::vector<PlaneFlow> Thumbnailer::Impl::FlowsFor(const RowSource& source,
                                                   Orientation turn,
                                                   std::vector<Draft>* drafts) {
  const PictureShape& shape = source.shape();
  std::vector<PlaneFlow> flows;
  for (int p = 0; p < shape.plane_count; ++p) {
    const PlaneShape& plane = shape.planes[static_cast<std::size_t>(p)];
    PlaneFlow& flow = flows.emplace_back(plane, shape.wide, kernels_);
    for (Draft& draft : *drafts) {
      // Plane 0 is the luma, which keeps its size.
      const bool halved = draft.halved_chroma && p > 0;
      const StoredAxes axes = AxesOf(draft.plan.place, turn);
      Axis x =
          ToAxis(axes.x, plane.width, plane.extent_x, halved, recipe_.filter);
      Axis y =
          ToAxis(axes.y, plane.height, plane.extent_y, halved, recipe_.filter);
      x.fine_samples = plane.fine_width;
      y.fine_samples = plane.fine_height;
      Plane& out = draft.planes.planes[static_cast<std::size_t>(p)];
      out = Plane(x.count, y.count, shape.wide);
      flow.AddOutput(x, y, &tables_, &out);
    }
    flow.Start(source.BandRows(p), source.RowBytes(p));
  }
  return flows;
}

ImageResult<void> Thumbnailer::Impl::Resize(RowSource* source, Orientation turn,
                                            std::vector<Draft>* drafts,
                                            StageTimes* times) {
  StopWatch watch;
  std::vector<PlaneFlow> flows = FlowsFor(*source, turn, drafts);
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
  const Orientation turn = IsTurned(recipe_, picture)
                               ? OrientationFromExif(picture.exif_orientation)
                               : Orientation();
  outcome->source_width = picture.header.width;
  outcome->source_height = picture.header.height;
  if (turn.transpose) std::swap(outcome->source_width, outcome->source_height);

  std::vector<SizePlan> plans = PlanSizes(
      outcome->source_width, outcome->source_height, recipe_, size_mask);
  for (SizePlan& plan : plans)
    plan.format = FormatOfSize(plan.place, format, picture.alpha);
  if (auto ok = CheckLimits(recipe_, encoded.size(), picture, plans, size_mask);
      !ok)
    return ok;
  Finish finish;
  finish.colours =
      ColoursOf(recipe_, picture, plans, format, &transforms_, &warnings_);
  finish.metadata = MetadataOf(recipe_, picture, finish.colours);
  // JPEG and WebP store planes of this kind, so no step needs RGB.
  const bool planes_go_out = finish.colours.transform == nullptr &&
                             !recipe_.linear &&
                             picture.model == ColourModel::kYcc &&
                             picture.ycc.weights == YccCode::Weights::kBt601;
  DecodeHint hint = HintFor(plans, turn, recipe_);
  hint.halved_chroma = planes_go_out && HalvesChroma(plans, recipe_);
  std::vector<Draft> drafts;
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
    drafts = DraftsFor(plans, rows->shape(), planes_go_out);
    resized = Resize(rows, turn, &drafts, &outcome->times);
  } while (!resized && (*decoder)->CanFallBack());
  if (!resized) return resized;
  if (auto ok = warnings_.Judge(recipe_.fail_on); !ok) return ok;
  decoder->reset();  // frees its memory before we encode
  watch.Lap();
  Enter(Phase::kEncode);
  ImageResult<void> ok =
      EncodeAll(recipe_, finish, turn, &drafts, output, outcome);
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
