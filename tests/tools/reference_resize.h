// tests/tools/reference_resize.h: the definition of resizing, in doubles:
// Lanczos3 over the whole picture with aligned pixel centres. It uses no code
// of the product.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/tools/pictures.h"

namespace thumbmill::testing {

// Returns interleaved samples like the picture's, neither rounded nor clamped
// to 0-255.
[[nodiscard]] std::vector<double> ResizeExactly(const Picture& picture,
                                                std::uint32_t width,
                                                std::uint32_t height);
// Returns the same samples, rounded to 8 bits.
[[nodiscard]] Picture ResizeByDefinition(const Picture& picture,
                                         std::uint32_t width,
                                         std::uint32_t height);

}  // namespace thumbmill::testing
