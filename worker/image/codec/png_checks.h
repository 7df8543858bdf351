// worker/image/codec/png_checks.h: judges the header of a PNG before libpng
// reads it, and counts the rows that it promises.
#pragma once

#include <cstdint>

#include "common/bytes.h"
#include "worker/image/header/png_layout.h"
#include "worker/image/picture/image_result.h"

namespace thumbmill {

// Refuses a header that is not legal or a picture that is too large.
[[nodiscard]] ImageResult<void> CheckPngHeader(ByteSpan bytes,
                                               std::uint64_t max_pixels);

// Returns the rows of all passes. A pass without columns has no rows.
[[nodiscard]] std::uint64_t RowsOf(const PngHeader& header);

}  // namespace thumbmill
