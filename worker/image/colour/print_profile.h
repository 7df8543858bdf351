// worker/image/colour/print_profile.h: an ICC profile with the colours of
// offset print.
//
// Source   print_profile.icc: the table from inks to colours (A2B0) of the
//          profile "Chemical proof". "Created by Graeme W. Gill. Released into
//          the public domain." libvips has it built in, and sharp uses libvips.
#pragma once

#include "common/bytes.h"

namespace thumbmill {

[[nodiscard]] ByteSpan PrintProfile();

}  // namespace thumbmill
