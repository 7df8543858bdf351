#include "worker/image/codec/jpeg_checks.h"

#include <algorithm>
#include <string>

#include "worker/image/codec/decoder.h"

namespace thumbmill {

ImageResult<void> CheckJpegFrame(const JpegLayout& layout, ByteSpan bytes,
                                 std::uint64_t max_pixels) {
  if (!layout.frame)
    return Refuse(Reason::kCorrupt, "no frame header before the data");
  const JpegFrame& frame = *layout.frame;
  // The markers 0xC3, 0xC5-0xC7, 0xCB and 0xCD-0xCF mean lossless or
  // hierarchical coding.
  const int process = frame.marker & 0x0F;
  if ((process & 3) == 3 || (process & 4) != 0)
    return Refuse(Reason::kUnsupported, "lossless or hierarchical JPEG");
  if (frame.bits == 12)
    return Refuse(Reason::kUnsupported, "JPEG with 12 bits a sample");
  if (frame.bits != 8) return Refuse(Reason::kCorrupt, "odd sample size");
  // A DNL segment after the first scan may hold the height, T.81 B.2.5, but no
  // common decoder reads it.
  if (frame.height == 0 && frame.width != 0 && layout.first_scan != 0 &&
      WalkJpegScans(bytes, layout.first_scan, 0, 1).has_line_count)
    return Refuse(Reason::kUnsupported,
                  "JPEG whose height stands after its data");
  if (frame.width == 0 || frame.height == 0)
    return Refuse(Reason::kCorrupt, "a side of the picture is 0");
  const std::uint64_t pixels = std::uint64_t{frame.width} * frame.height;
  if (pixels > max_pixels)
    return Refuse(Reason::kTooManyPixels, std::to_string(frame.width) + "x" +
                                              std::to_string(frame.height) +
                                              " pixels");
  return {};
}

std::vector<std::uint8_t> JoinProfile(const JpegLayout& layout,
                                      DecodeWarnings* warnings) {
  std::vector<std::uint8_t> profile;
  if (layout.icc_has_hole)
    warnings->Add(Severity::kMinor, "a piece of the colour profile is missing");
  std::size_t size = 0;
  for (const ByteSpan piece : layout.icc) size += piece.size();
  if (size > kMaxProfileBytes) {
    warnings->Add(Severity::kMinor, "colour profile is too large");
    return profile;
  }
  profile.reserve(size);
  for (const ByteSpan piece : layout.icc)
    profile.insert(profile.end(), piece.begin(), piece.end());
  return profile;
}

bool EndsInSamples(ByteSpan bytes, std::size_t passed_over) {
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(),
                                 [](std::uint8_t byte) { return byte != 0; });
  const auto zeros = static_cast<std::size_t>(last - bytes.rbegin());
  return zeros > passed_over + kReadAhead || passed_over > zeros + kReadAhead;
}

}  // namespace thumbmill
