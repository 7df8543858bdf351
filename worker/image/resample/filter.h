// worker/image/resample/filter.h: the filter curves, which give the weight of a
// source sample by its distance.
//
// Sources  Turkowski, "Filters for Common Resampling Tasks" (1990); Mitchell
//          and Netravali, "Reconstruction Filters in Computer Graphics" (1988).
#pragma once

#include "proto/recipe.h"

namespace thumbmill {

// Returns half the width of the part where the curve is not zero. The unit is a
// source sample; when the picture is made smaller, the curve is stretched.
[[nodiscard]] double FilterRadius(FilterKind kind);
[[nodiscard]] double FilterValue(FilterKind kind, double x);

}  // namespace thumbmill
