// worker/image/resample/filter.h: the curves that weigh neighbours.
//
// Sources  Turkowski, "Filters for Common Resampling Tasks" (1990); Mitchell
//          and Netravali, "Reconstruction Filters in Computer Graphics" (1988).
#pragma once

#include "proto/recipe.h"

namespace thumbmill {

// Half of the width over which the curve is not zero, in source samples when
// nothing is made smaller.
[[nodiscard]] double FilterRadius(FilterKind kind);
[[nodiscard]] double FilterValue(FilterKind kind, double x);

}  // namespace thumbmill
