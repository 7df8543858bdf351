// worker/image/codec/jpeg_scan_order.h: what the scans of a JPEG bring, by
// their headers alone: whether a sample is missing, whether one is coarse, and
// whether scans that come out of their order do harm.
//
// Errors   none.
// Source   ITU-T T.81, annex G; libjpeg-turbo's jdphuff.c and jdarith.c for
//          the effect of a scan on coefficients that are known already.
#pragma once

#include <cstdint>
#include <span>

#include "common/bytes.h"
#include "worker/image/header/inspect.h"

namespace thumbmill {

struct ScanOrder {
  // Each component has its means. False: samples are missing.
  bool has_all_components = false;
  // Each coefficient has all of its bits. False: the picture is coarse, as it
  // is while it loads.
  bool is_exact = false;
  // No scan spoils what an earlier one brought. A scan that comes twice may
  // bring the same again; a second refinement of AC coefficients may not.
  bool loses_nothing = true;
};

// `ids` are the identifiers of the frame's components, in its order. A scan of
// a sequential frame brings all of a component, whatever its header says.
[[nodiscard]] ScanOrder ReadScanOrder(ByteSpan bytes, const JpegScans& scans,
                                      std::span<const std::uint8_t> ids,
                                      bool progressive);

}  // namespace thumbmill
