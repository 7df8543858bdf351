// proto/image_format.h: the image formats that the programs know, one row for
// each: its words, and whether thumbnails can be written in it.
//
// Contract  the numbers of the enumerators are on the wire
//           (proto/thumbmill.proto); add new formats at the end.
// See also  worker/image/codec/formats.h: how a format is read and written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace thumbmill {

enum class ImageFormat : std::uint8_t {
  kUnknown,
  kJpeg,
  kPng,
  kWebp,
  kGif,
  kAvif,
  kBmp,
  kLast = kBmp,
};

// Number of enumerators, kUnknown included: the length of an array that is
// indexed by a format.
constexpr std::size_t kImageFormats =
    static_cast<std::size_t>(ImageFormat::kLast) + 1;

constexpr std::size_t IndexOf(ImageFormat format) {
  return static_cast<std::size_t>(format);
}

struct ImageFormatRow {
  ImageFormat format = ImageFormat::kUnknown;
  std::string_view name;  // for people: "JPEG"
  // The extension of our outputs, and the format's word in flags and reports.
  std::string_view extension;
  std::string_view mime_type;
  bool can_be_written = false;  // thumbnails can have this format
  // Further extensions that name the format.
  std::array<std::string_view, 3> other_extensions{};
};

// Returns the rows of all formats in the order of the enumerators, without
// kUnknown.
[[nodiscard]] std::span<const ImageFormatRow> ImageFormatRows();

// Returns the row of a format. The row of kUnknown has the words for a file of
// unknown format.
[[nodiscard]] const ImageFormatRow& RowOf(ImageFormat format);

// Returns the format that an extension names, in small or capital letters, or
// kUnknown.
[[nodiscard]] ImageFormat FormatFromExtension(std::string_view extension);

[[nodiscard]] inline bool CanBeWritten(ImageFormat format) {
  return RowOf(format).can_be_written;
}

}  // namespace thumbmill
