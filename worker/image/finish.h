// worker/image/finish.h: makes files of thumbnails that have their size:
// colours, metadata and encoding.
#pragma once

#include <memory>
#include <vector>

#include "common/bytes.h"
#include "proto/recipe.h"
#include "proto/task.h"
#include "worker/image/codec/decoder.h"
#include "worker/image/colour/colour.h"
#include "worker/image/header/metadata.h"
#include "worker/image/picture/picture.h"
#include "worker/image/plan.h"

namespace thumbmill {

// A thumbnail in the making: its place, and its planes as they fill.
struct Draft {
  SizePlan plan;
  // The chroma planes have half the size, as JPEG and WebP store them.
  bool halved_chroma = false;
  PlaneSet planes;
};

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

// Returns true if the picture must be turned upright.
[[nodiscard]] inline bool IsTurned(const Recipe& recipe,
                                   const OpenedPicture& picture) {
  return recipe.rotate || picture.turned_by_container;
}

[[nodiscard]] Colours ColoursOf(const Recipe& recipe,
                                const OpenedPicture& picture,
                                const std::vector<SizePlan>& plans,
                                ImageFormat format,
                                ColourTransforms* transforms,
                                DecodeWarnings* warnings);

[[nodiscard]] Metadata MetadataOf(const Recipe& recipe,
                                  const OpenedPicture& picture,
                                  const Colours& colours);

// Encodes all thumbnails one after the other. After the first one that does not
// fit, the encoders only count, so that needs_output_bytes is exact.
[[nodiscard]] ImageResult<void> EncodeAll(
    const Recipe& recipe, const Finish& finish, Orientation turn,
    std::vector<Draft>* drafts, MutableByteSpan output, Outcome* outcome);

}  // namespace thumbmill
