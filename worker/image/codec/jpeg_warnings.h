// worker/image/codec/jpeg_warnings.h: tells libjpeg's warnings about wrong or
// missing samples from the others. Only the former are damage.
//
// Errors   none.
#pragma once

#include "worker/image/picture/image_result.h"

namespace thumbmill {

// The state of decoding, which decides how bad some warnings are.
struct JpegCircumstances {
  bool arithmetic = false;
  // The library has read all bytes and asked for more.
  bool hit_end = false;
  // The scans in the file bring all bits of each coefficient.
  bool scans_are_exact = true;
  // ScanOrder::loses_nothing.
  bool scans_lose_nothing = true;
};

// Returns the severity of a warning; `code` is a JWRN_ constant of jerror.h. A
// code that only other versions of the library have is not damage.
[[nodiscard]] Severity SeverityOfJpegWarning(int code,
                                             const JpegCircumstances& is);

}  // namespace thumbmill
