// worker/image/codec/formats.h: how each image format is read and written, one
// row for each. A new format needs a row here and one in proto/image_format.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "common/bytes.h"
#include "proto/image_format.h"
#include "proto/recipe.h"
#include "worker/image/codec/decoder.h"
#include "worker/image/codec/encoder.h"
#include "worker/image/header/image_header.h"
#include "worker/image/header/sniff.h"
#include "worker/image/picture/geometry.h"

namespace thumbmill {

// How thumbnails of a format are written.
struct FormatWriter {
  std::uint32_t longest_side = 0;  // in pixels
  bool holds_alpha = false;
  bool holds_grey = false;  // grey needs no RGB
  // Planes of Y, Cb and Cr have the limited range of video.
  bool limited_range = false;
  // Returns true if the format stores chroma at half its size. Null if it never
  // does.
  bool (*halves_chroma)(const Recipe& recipe) = nullptr;
  // Returns the encoder's own memory for a thumbnail of so many pixels.
  std::uint64_t (*memory)(std::uint64_t pixels) = nullptr;
  // Returns a likely upper bound of the file's size, without metadata.
  std::uint64_t (*file_bytes)(const Placement& place,
                              const Recipe& recipe) = nullptr;
  ImageResult<std::uint64_t> (*encode)(RowProducer& rows, const Recipe& recipe,
                                       const Metadata& metadata,
                                       MutableByteSpan out) = nullptr;
  // Encodes planes of BT.601 without converting them. Null if the format does
  // not store planes.
  ImageResult<std::uint64_t> (*encode_planes)(const PlaneSet& planes,
                                              const Recipe& recipe,
                                              const Metadata& metadata,
                                              MutableByteSpan out) = nullptr;
};

struct FormatCodec {
  ImageFormat format = ImageFormat::kUnknown;
  // Returns empty if the bytes are of another format.
  std::optional<Sniffed> (*sniff)(ByteSpan bytes) = nullptr;
  // Reads the header's facts, without a library.
  ImageHeader (*peek)(ByteSpan bytes) = nullptr;
  ImageResult<std::unique_ptr<Decoder>> (*open)(
      ByteSpan bytes, const DecoderOptions& options,
      DecodeWarnings* warnings) = nullptr;
  // Predicts the memory of a picture while it is decoded.
  DecodeMemory (*memory)(const ImageHeader& header,
                         const DecodeHint& hint) = nullptr;
  // The container can turn the picture, even if the recipe ignores EXIF.
  bool turns_by_container = false;
  const FormatWriter* writer = nullptr;  // null: no thumbnail has this format
};

// Returns the rows in the order in which formats are recognised.
[[nodiscard]] std::span<const FormatCodec> FormatCodecs();

// `format` is not kUnknown.
[[nodiscard]] const FormatCodec& CodecOf(ImageFormat format);

// CanBeWritten(format) is true.
[[nodiscard]] const FormatWriter& WriterOf(ImageFormat format);

}  // namespace thumbmill
