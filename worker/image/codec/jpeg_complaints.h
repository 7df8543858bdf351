// worker/image/codec/jpeg_complaints.h: which of libjpeg's warnings mean that a
// sample of the picture may be wrong or missing. Only those are damage.
//
// Errors   none.
#pragma once

#include "worker/image/picture/refusal.h"

namespace thumbmill {

// The circumstances that decide how bad some warnings are.
struct JpegCircumstances {
  bool arithmetic = false;
  // All bytes were read, and the library asked for more.
  bool hit_end = false;
  // The scans that are there give each coefficient to its last bit.
  bool scans_are_exact = true;
  // See ScanOrder.
  bool scans_lose_nothing = true;
};

// `code` is a JWRN_ of jerror.h. Under a library that has others, an unknown
// one is odd, but no damage.
[[nodiscard]] Severity SeverityOfJpegWarning(int code,
                                             const JpegCircumstances& is);

}  // namespace thumbmill
