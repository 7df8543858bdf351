// worker/image/codec/jpeg_scan_order.h: finds out from the headers of a JPEG's
// scans whether samples will be missing or coarse, and whether scans in an
// unusual order do harm.
//
// Errors   none.
// Source   ITU-T T.81, annex G; libjpeg-turbo's jdphuff.c and jdarith.c for
//          the effect of a scan on coefficients that are already known.
#pragma once

#include <cstdint>
#include <span>

#include "common/bytes.h"
#include "worker/image/header/jpeg_layout.h"

namespace thumbmill {

struct ScanOrder {
  // Each component has its DC coefficients. If false, samples are missing.
  bool has_all_components = false;
  // Each coefficient has all of its bits. If false, the picture is coarse, as
  // in a browser that is still loading it.
  bool is_exact = false;
  // No scan spoils the coefficients of an earlier one. A first scan may come
  // twice with the same data; a refinement of AC coefficients may not.
  bool loses_nothing = true;
};

// Reads the order of the scans. `ids` are the identifiers of the frame's
// components, in the frame's order. A scan of a sequential frame counts as all
// coefficients of its components, even if its header names fewer.
[[nodiscard]] ScanOrder ReadScanOrder(ByteSpan bytes, const JpegScans& scans,
                                      std::span<const std::uint8_t> ids,
                                      bool progressive);

}  // namespace thumbmill
