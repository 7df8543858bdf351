#include "worker/image/codec/jpeg_complaints.h"

#include <cstdio>
// jpeglib.h needs stdio before it, and jerror.h jpeglib.h: without it the
// numbers of the last messages are others than those of the library.
#include <jpeglib.h>
//
#include <jerror.h>

namespace thumbmill {
namespace {

// Bits that are missing from the end of the file are cut off; elsewhere they
// are damage.
Severity MissingBits(const JpegCircumstances& is) {
  return is.hit_end ? Severity::kTruncated : Severity::kDamaged;
}

}  // namespace

// All warnings of libjpeg-turbo 2.1 and 3. Each reason says what becomes of the
// samples.
Severity SeverityOfJpegWarning(int code, const JpegCircumstances& is) {
  switch (code) {
    // The transform is guessed from the number of components, as by all others.
    case JWRN_ADOBE_XFORM:
      return Severity::kMinor;
    // A value that no encoder writes: from here on the samples are guesses.
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HUFF_BAD_CODE:
      return MissingBits(is);
    // The library fills up with zeros from here on.
    case JWRN_HIT_MARKER:
      return MissingBits(is);
    // A scan is out of its order. It may bring again what is there.
    case JWRN_BOGUS_PROGRESSION:
      return is.scans_lose_nothing ? Severity::kMinor : Severity::kDamaged;
    // Bytes between segments, or after the last sample of an interval, whose
    // codes were all whole. They are passed over.
    case JWRN_EXTRANEOUS_DATA:
      return Severity::kMinor;
    // A number in a header that changes nothing.
    case JWRN_JFIF_MAJOR:
      return Severity::kMinor;
    // Huffman codes ask for bytes ahead of the bits that they use, and complain
    // by JWRN_HIT_MARKER of each bit that is not there: until then nothing is
    // missing. An arithmetic decoder takes zeros for what is cut off, without a
    // word: the last samples may be wrong. Where scans have not come, they are
    // what was cut off.
    case JWRN_JPEG_EOF:
      return is.arithmetic || !is.scans_are_exact ? Severity::kTruncated
                                                  : Severity::kMinor;
    // The library guesses which restart intervals are missing.
    case JWRN_MUST_RESYNC:
      return MissingBits(is);
    // Sequential data are all of a component, whatever their header says: the
    // library does not look at these numbers.
    case JWRN_NOT_SEQUENTIAL:
      return Severity::kMinor;
    // From functions that are not called here.
    case JWRN_TOO_MUCH_DATA:
    case JWRN_BOGUS_ICC:
    default:
      return Severity::kMinor;
  }
}

}  // namespace thumbmill
