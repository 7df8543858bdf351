// worker/image/codec/jpeg_checks.h: judges a JPEG by its bytes, before and
// after libjpeg-turbo reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "worker/image/header/jpeg_layout.h"
#include "worker/image/picture/image_result.h"

namespace thumbmill {

// Refuses a frame that the library cannot decode or that is too large.
[[nodiscard]] ImageResult<void> CheckJpegFrame(const JpegLayout& layout,
                                               ByteSpan bytes,
                                               std::uint64_t max_pixels);

// Returns the joined pieces of the profile. Returns nothing, with a warning, if
// a piece is missing or the profile is too large.
[[nodiscard]] std::vector<std::uint8_t> JoinProfile(const JpegLayout& layout,
                                                    DecodeWarnings* warnings);

// More bytes than the library reads ahead.
inline constexpr std::size_t kReadAhead = 16;

// Returns true if a file without an end marker ends within its samples. Some
// programs download into a file of the final size, which is full of zeros; if
// the download stops, those zeros look like codes. The file is whole only if
// the library skipped just the zeros at its end.
// `passed_over` is the number of bytes that it skipped.
[[nodiscard]] bool EndsInSamples(ByteSpan bytes, std::size_t passed_over);

}  // namespace thumbmill
