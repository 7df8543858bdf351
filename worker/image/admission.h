// worker/image/admission.h: refuses a picture whose thumbnails or whose
// decoding would take too much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/recipe.h"
#include "worker/image/codec/decoder.h"
#include "worker/image/picture/image_result.h"
#include "worker/image/plan.h"

namespace thumbmill {

// Checks the limits of the recipe, and one that holds for every recipe: a large
// picture in a tiny file. Call before anything large is allocated.
[[nodiscard]] ImageResult<void> CheckLimits(const Recipe& recipe,
                                            std::size_t encoded_bytes,
                                            const OpenedPicture& picture,
                                            const std::vector<SizePlan>& plans,
                                            std::uint64_t size_mask);

}  // namespace thumbmill
