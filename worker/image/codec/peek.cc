#include "worker/image/codec/peek.h"

#include "worker/image/codec/formats.h"

namespace thumbmill {

Sniffed Sniff(ByteSpan bytes) {
  if (bytes.empty())
    return {ImageFormat::kUnknown, Reason::kEmpty, "the file is empty"};
  for (const FormatCodec& codec : FormatCodecs())
    if (const auto sniffed = codec.sniff(bytes)) return *sniffed;
  if (const auto foreign = SniffForeign(bytes)) return *foreign;
  return {ImageFormat::kUnknown, Reason::kNotImage,
          "the bytes are no image that we know"};
}

bool MayBeImage(ByteSpan first) {
  return Sniff(first).reason != Reason::kNotImage;
}

std::optional<ImageHeader> PeekHeader(ByteSpan bytes) {
  const Sniffed sniffed = Sniff(bytes);
  if (sniffed.format == ImageFormat::kUnknown) return std::nullopt;
  return CodecOf(sniffed.format).peek(bytes);
}

}  // namespace thumbmill
