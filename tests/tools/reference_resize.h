// tests/tools/reference_resize.h: what resizing means, in doubles: Lanczos3
// over the whole picture, pixel centres aligned. No code of ours is in it.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/tools/pictures.h"

namespace thumbmill::testing {

// Interleaved, as in the picture; neither rounded nor cut to 0-255.
[[nodiscard]] std::vector<double> ResizeExactly(const Picture& picture,
                                                std::uint32_t width,
                                                std::uint32_t height);
// The same, rounded to 8 bits.
[[nodiscard]] Picture ResizeByDefinition(const Picture& picture,
                                         std::uint32_t width,
                                         std::uint32_t height);

}  // namespace thumbmill::testing
