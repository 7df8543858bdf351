#include "proto/image_format.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/check.h"

namespace thumbmill {
namespace {

// clang-format off
constexpr std::array<ImageFormatRow, kImageFormats> kRows = {{
  {ImageFormat::kUnknown, "an unknown format", "", "application/octet-stream", false},
  {ImageFormat::kJpeg, "JPEG", "jpg", "image/jpeg", true, {"jpeg", "jpe", "jfif"}},
  {ImageFormat::kPng, "PNG", "png", "image/png", true},
  {ImageFormat::kWebp, "WebP", "webp", "image/webp", true},
  {ImageFormat::kGif, "GIF", "gif", "image/gif", false},
  {ImageFormat::kAvif, "AVIF", "avif", "image/avif", false},
  {ImageFormat::kBmp, "BMP", "bmp", "image/bmp", false, {"dib"}},
}};
// clang-format on

// A format without a row would get the next one's words.
consteval bool EachHasItsRow() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (IndexOf(kRows[i].format) != i) return false;
  return true;
}
static_assert(EachHasItsRow());

bool HasExtension(const ImageFormatRow& row, std::string_view lower) {
  const auto& others = row.other_extensions;
  return lower == row.extension ||
         std::find(others.begin(), others.end(), lower) != others.end();
}

}  // namespace

std::span<const ImageFormatRow> ImageFormatRows() {
  return std::span(kRows).subspan(1);
}

const ImageFormatRow& RowOf(ImageFormat format) {
  CHECK(IndexOf(format) < kRows.size());
  return kRows[IndexOf(format)];
}

ImageFormat FormatFromExtension(std::string_view extension) {
  // The places of missing extensions are empty texts.
  if (extension.empty()) return ImageFormat::kUnknown;
  std::string lower(extension);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const ImageFormatRow& row : ImageFormatRows())
    if (HasExtension(row, lower)) return row.format;
  return ImageFormat::kUnknown;
}

}  // namespace thumbmill
