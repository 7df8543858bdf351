// worker/image/header/sniff.h: the answer to "which format is this file?", and
// the formats that we recognise but do not read.
//
// The formats that we read are recognised beside their layouts; the table of
// codec/formats.h names them all.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/bytes.h"
#include "proto/image_format.h"
#include "proto/reason.h"

namespace thumbmill {

// Bytes that are enough to recognise a format.
inline constexpr std::size_t kSniffBytes = 4096;

// The format of a file, or the reason why it cannot be decoded.
struct Sniffed {
  ImageFormat format = ImageFormat::kUnknown;
  Reason reason = Reason::kNone;  // kNone: worth opening
  std::string_view message;
};

[[nodiscard]] inline Sniffed WorthOpening(ImageFormat format) {
  return {format, Reason::kNone, {}};
}

[[nodiscard]] inline Sniffed Unsupported(std::string_view message) {
  return {ImageFormat::kUnknown, Reason::kUnsupported, message};
}

// Recognises images of formats that we do not read. Returns empty for any other
// bytes.
[[nodiscard]] std::optional<Sniffed> SniffForeign(ByteSpan bytes);

}  // namespace thumbmill
