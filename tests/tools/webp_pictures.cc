// Writes WebP for tests: libwebp makes the bitstreams, this file the container.
#include <webp/decode.h>
#include <webp/encode.h>

#include <algorithm>

#include "common/check.h"
#include "tests/tools/pictures.h"

namespace thumbmill::testing {
namespace {

void AppendNumber(std::uint32_t value, int bytes, Bytes* out) {
  for (int i = 0; i < bytes; ++i)
    out->push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void AppendChunk(const std::string& type, const Bytes& body, Bytes* out) {
  out->insert(out->end(), type.begin(), type.end());
  AppendNumber(static_cast<std::uint32_t>(body.size()), 4, out);
  out->insert(out->end(), body.begin(), body.end());
  if (body.size() % 2 != 0) out->push_back(0);
}

Bytes Riff(const Bytes& chunks) {
  Bytes body = {'W', 'E', 'B', 'P'};
  body.insert(body.end(), chunks.begin(), chunks.end());
  Bytes file;
  AppendChunk("RIFF", body, &file);
  return file;
}

// Returns the samples as RGB or RGBA.
Bytes Interleaved(const Picture& picture) {
  const bool alpha = picture.channels % 2 == 0;
  Bytes raster;
  for (std::uint32_t y = 0; y < picture.height; ++y)
    for (std::uint32_t x = 0; x < picture.width; ++x) {
      for (int c = 0; c < 3; ++c)
        raster.push_back(picture.At(x, y, picture.channels < 3 ? 0 : c));
      if (alpha) raster.push_back(picture.At(x, y, picture.channels - 1));
    }
  return raster;
}

Bytes Encode(const Picture& picture, const WebpOptions& options) {
  const bool alpha = picture.channels % 2 == 0;
  const int width = static_cast<int>(picture.width);
  const int stride = width * (alpha ? 4 : 3);
  const Bytes raster = Interleaved(picture);
  WebPConfig config;
  WebPPicture to;
  WebPMemoryWriter writer;
  CHECK(WebPConfigInit(&config) && WebPPictureInit(&to));
  WebPMemoryWriterInit(&writer);
  config.quality = static_cast<float>(options.quality);
  config.lossless = options.lossless ? 1 : 0;
  config.method = options.method;
  // Keep the colours of transparent pixels, which libwebp would change.
  config.exact = 1;
  to.use_argb = config.lossless;
  to.width = width;
  to.height = static_cast<int>(picture.height);
  to.writer = WebPMemoryWrite;
  to.custom_ptr = &writer;
  CHECK(alpha ? WebPPictureImportRGBA(&to, raster.data(), stride)
              : WebPPictureImportRGB(&to, raster.data(), stride));
  CHECK(WebPEncode(&config, &to));
  const Bytes bytes(writer.mem, writer.mem + writer.size);
  WebPPictureFree(&to);
  WebPMemoryWriterClear(&writer);
  return bytes;
}

// Returns the chunks of the image, without the file header and VP8X.
Bytes ImageChunks(const Bytes& file) {
  const bool extended = file[12] == 'V' && file[15] == 'X';
  return {file.begin() + (extended ? 30 : 12), file.end()};
}

Bytes Frame(const Picture& picture, const WebpOptions& options) {
  Bytes body;
  // The format stores offsets in units of two pixels and sizes less one.
  AppendNumber(options.frame_x / 2, 3, &body);
  AppendNumber(options.frame_y / 2, 3, &body);
  AppendNumber(picture.width - 1, 3, &body);
  AppendNumber(picture.height - 1, 3, &body);
  AppendNumber(100, 3, &body);  // duration in milliseconds
  body.push_back(0);
  const Bytes image = ImageChunks(Encode(picture, options));
  body.insert(body.end(), image.begin(), image.end());
  return body;
}

}  // namespace

Bytes WriteWebp(const Picture& picture, const WebpOptions& options) {
  const bool animated = options.canvas_width != 0;
  const Bytes plain = Encode(picture, options);
  if (!animated && options.orientation == 0 && options.icc.empty())
    return plain;
  const bool alpha = picture.channels % 2 == 0;
  const int flags = (animated ? 0x02 : 0) | (alpha ? 0x10 : 0) |
                    (options.orientation != 0 ? 0x08 : 0) |
                    (options.icc.empty() ? 0 : 0x20);
  Bytes header, chunks;
  AppendNumber(static_cast<std::uint32_t>(flags), 4, &header);
  AppendNumber((animated ? options.canvas_width : picture.width) - 1, 3,
               &header);
  AppendNumber((animated ? options.canvas_height : picture.height) - 1, 3,
               &header);
  AppendChunk("VP8X", header, &chunks);
  if (!options.icc.empty())
    AppendChunk("ICCP", {options.icc.begin(), options.icc.end()}, &chunks);
  if (animated) {
    AppendChunk("ANIM", {0, 0, 255, 255, 0, 0}, &chunks);
    // A dark second frame shows a reader that takes the wrong frame.
    Picture second = picture;
    std::fill(second.samples.begin(), second.samples.end(), std::uint8_t{9});
    AppendChunk("ANMF", Frame(picture, options), &chunks);
    AppendChunk("ANMF", Frame(second, options), &chunks);
  } else {
    const Bytes image = ImageChunks(plain);
    chunks.insert(chunks.end(), image.begin(), image.end());
  }
  if (options.orientation != 0)
    AppendChunk("EXIF", MakeExif(options.orientation), &chunks);
  return Riff(chunks);
}

Picture ReadWebp(ByteSpan bytes) {
  WebPBitstreamFeatures features;
  CHECK(WebPGetFeatures(bytes.data(), bytes.size(), &features) ==
        VP8_STATUS_OK);
  Picture picture;
  picture.width = static_cast<std::uint32_t>(features.width);
  picture.height = static_cast<std::uint32_t>(features.height);
  picture.channels = features.has_alpha != 0 ? 4 : 3;
  const int stride = features.width * picture.channels;
  picture.samples.resize(static_cast<std::size_t>(stride) * picture.height);
  const auto decode =
      picture.channels == 4 ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  CHECK(decode(bytes.data(), bytes.size(), picture.samples.data(),
               picture.samples.size(), stride) != nullptr);
  return picture;
}

}  // namespace thumbmill::testing
