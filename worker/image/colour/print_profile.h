// worker/image/colour/print_profile.h: the colours of offset print, as a
// profile.
//
// Source   print_profile.icc: the table from inks to colours (A2B0) of the
//          profile "Chemical proof". "Created by Graeme W. Gill. Released into
//          the public domain." libvips, and so sharp, has it built in.
#pragma once

#include "common/bytes.h"

namespace thumbmill {

[[nodiscard]] ByteSpan PrintProfile();

}  // namespace thumbmill
