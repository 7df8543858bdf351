#include "worker/image/finish.h"

#include <algorithm>
#include <utility>

#include "worker/image/codec/formats.h"
#include "worker/image/colour/compose.h"
#include "worker/image/header/exif.h"

namespace thumbmill {
namespace {

bool IsInk(ColourModel model) {
  return model == ColourModel::kCmyk || model == ColourModel::kYcck;
}

// Returns true if thumbnails can keep the picture's profile. A profile is valid
// only for the channels that it was made for. Inks become sRGB in any case: few
// programs show a CMYK thumbnail, and its profile is many times its size.
bool CanHoldProfile(const Recipe& recipe, const OpenedPicture& picture,
                    const std::vector<SizePlan>& plans, ImageFormat format) {
  if (!recipe.keep.icc || picture.icc.empty()) return false;
  if (IsInk(picture.model)) return false;
  if (picture.model != ColourModel::kGrey) return true;
  const FormatWriter& writer = WriterOf(format);
  if (!writer.holds_grey) return false;
  // A coloured background turns grey into RGB.
  const bool padded =
      std::any_of(plans.begin(), plans.end(),
                  [](const SizePlan& plan) { return plan.place.padded(); });
  const bool lies_on_ground = padded || !writer.holds_alpha;
  return recipe.background.is_grey() || !lies_on_ground;
}

ImageResult<std::uint64_t> Encode(const Recipe& recipe, const Finish& finish,
                                  Draft* draft, MutableByteSpan output) {
  const FormatWriter& writer = WriterOf(draft->plan.format);
  const Placement& place = draft->plan.place;
  PlaneSet& planes = draft->planes;
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
    return writer.encode_planes(planes, recipe, metadata, output);
  }
  Composer rows(planes, place, recipe.background, writer.holds_alpha,
                transform);
  return writer.encode(rows, recipe, metadata, output);
}

}  // namespace

Colours ColoursOf(const Recipe& recipe, const OpenedPicture& picture,
                  const std::vector<SizePlan>& plans, ImageFormat format,
                  ColourTransforms* transforms, DecodeWarnings* warnings) {
  Colours colours;
  const SampleWidths widths{picture.wide, recipe.linear};
  colours.transform =
      transforms->Get(picture.icc, picture.model, widths, warnings);
  // An sRGB profile needs no transform, but is usable.
  const bool usable =
      colours.transform != nullptr ||
      (picture.model != ColourModel::kGrey && IsSrgbProfile(picture.icc));
  // Without a usable profile, the colour space that the file declares counts.
  if (!usable)
    colours.transform = transforms->Get(picture.space, picture.model, widths);
  colours.keeps_profile =
      usable && CanHoldProfile(recipe, picture, plans, format);
  // A kept profile describes the colours as they are.
  if (colours.keeps_profile) colours.transform = nullptr;
  return colours;
}

Metadata MetadataOf(const Recipe& recipe, const OpenedPicture& picture,
                    const Colours& colours) {
  Metadata metadata;
  if (colours.keeps_profile) metadata.icc = picture.icc;
  if (recipe.keep.exif || recipe.keep.copyright) {
    ExifChange change;
    // A picture that was turned must not be turned again by its viewer.
    change.orientation =
        IsTurned(recipe, picture) ? 1 : picture.exif_orientation;
    change.now_srgb = colours.transform != nullptr || IsInk(picture.model);
    change.copyright_only = !recipe.keep.exif;
    metadata.exif = RewrittenExif(picture.exif, change);
  }
  return metadata;
}

ImageResult<void> EncodeAll(const Recipe& recipe, const Finish& finish,
                            Orientation turn, std::vector<Draft>* drafts,
                            MutableByteSpan output, Outcome* outcome) {
  std::uint64_t used = 0;
  for (Draft& draft : *drafts) {
    // Rows flowed along the stored axes; the small result is turned at last.
    if (turn.transpose)
      for (int p = 0; p < draft.planes.count; ++p) {
        Plane& plane = draft.planes.planes[static_cast<std::size_t>(p)];
        plane = Transposed(plane);
      }
    const MutableByteSpan room =
        output.subspan(std::min<std::uint64_t>(used, output.size()));
    auto size = Encode(recipe, finish, &draft, room);
    if (!size) return tl::unexpected<ImageError>(std::move(size).error());
    const Placement& place = draft.plan.place;
    outcome->thumbnails.push_back(
        {draft.plan.index,
         static_cast<std::uint32_t>(place.canvas_width),
         static_cast<std::uint32_t>(place.canvas_height),
         {used, *size},
         draft.plan.format});
    used += *size;
    draft.planes = PlaneSet();  // frees the memory for the next one
  }
  if (used <= output.size()) return {};
  outcome->thumbnails.clear();
  outcome->needs_output_bytes = used;
  return {};
}

}  // namespace thumbmill
