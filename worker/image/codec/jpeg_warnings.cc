#include "worker/image/codec/jpeg_warnings.h"

#include <cstdio>
// jpeglib.h needs stdio before it, and jerror.h needs jpeglib.h: without it
// the last message codes would differ from the library's.
#include <jpeglib.h>
//
#include <jerror.h>

namespace thumbmill {
namespace {

// Returns kTruncated if bits are missing because the file ends, else kDamaged.
Severity MissingBits(const JpegCircumstances& is) {
  return is.hit_end ? Severity::kTruncated : Severity::kDamaged;
}

}  // namespace

// Lists all warnings of libjpeg-turbo 2.1 and 3. Each comment names the effect
// on the samples.
Severity SeverityOfJpegWarning(int code, const JpegCircumstances& is) {
  switch (code) {
    // The library guesses the colour transform from the number of components,
    // as all other decoders do.
    case JWRN_ADOBE_XFORM:
      return Severity::kMinor;
    // No encoder writes such a value: all later samples are guesses.
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HUFF_BAD_CODE:
      return MissingBits(is);
    // The library reads zeros from here on.
    case JWRN_HIT_MARKER:
      return MissingBits(is);
    // A scan is out of order. It may only repeat known coefficients.
    case JWRN_BOGUS_PROGRESSION:
      return is.scans_lose_nothing ? Severity::kMinor : Severity::kDamaged;
    // The library skips bytes between segments or after the last sample of a
    // restart interval. All codes before them were complete.
    case JWRN_EXTRANEOUS_DATA:
      return Severity::kMinor;
    // The version number in the header changes no sample.
    case JWRN_JFIF_MAJOR:
      return Severity::kMinor;
    // The Huffman decoder asks for bytes before it needs their bits, and warns
    // with JWRN_HIT_MARKER when it needs a bit that is not there. Until then
    // nothing is missing. The arithmetic decoder reads zeros after the end
    // without any other warning, so its last samples may be wrong. If scans are
    // missing, they were cut off.
    case JWRN_JPEG_EOF:
      return is.arithmetic || !is.scans_are_exact ? Severity::kTruncated
                                                  : Severity::kMinor;
    // A restart marker is not the expected one. The library guesses which
    // intervals are missing.
    case JWRN_MUST_RESYNC:
      return MissingBits(is);
    // The header of a sequential scan names a part of the coefficients. The
    // library ignores that: a sequential scan always holds all of them.
    case JWRN_NOT_SEQUENTIAL:
      return Severity::kMinor;
    // Only functions that we do not call give these warnings.
    case JWRN_TOO_MUCH_DATA:
    case JWRN_BOGUS_ICC:
    default:
      return Severity::kMinor;
  }
}

}  // namespace thumbmill
