// worker/image/codec/plain_picture.h: what libjpeg-turbo read of a header, as
// the reader of our own takes it.
#pragma once

#include <optional>

#include "common/bytes.h"
#include "worker/image/codec/decoder.h"
#include "worker/image/codec/plain_jpeg.h"
#include "worker/image/header/inspect.h"

struct jpeg_decompress_struct;

namespace thumbmill {

// `bytes` is the file, `data` what follows the header of the first scan, that
// the library has just read. `scans` are those of a progressive picture. Empty:
// not plain, see plain_jpeg.h.
[[nodiscard]] std::optional<PlainPicture> DescribePlain(
    const jpeg_decompress_struct& jpeg, ByteSpan bytes, ByteSpan data,
    const JpegScans& scans, const DecodeHint& hint);

}  // namespace thumbmill
