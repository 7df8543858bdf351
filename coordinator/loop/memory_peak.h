// coordinator/loop/memory_peak.h: the most private memory that this process has
// held, including peaks between two looks.
//
// The problem: a look now and then misses memory that is allocated and freed
// between two looks; a run that held 579 MB for a moment reported 3. The kernel
// keeps the highest resident size itself (VmHWM), but counts shared pages in
// it.
//
// The idea: if that mark has risen since the last look, a peak lies between
// the two looks. Its private part is the mark less the shared pages. Their
// number at the peak is unknown; the smaller one of the two looks is taken, so
// that the result is not too low.
//
// Exact    where the process stands at its highest mark when it looks. Else
//          never too low for a new highest mark, and too high by the shared
//          pages that come between two looks: looks are 10 ms apart while the
//          loop turns, and made for each 2 MiB of downloads. A peak between two
//          looks that stays below a later or earlier mark can be missed, by no
//          more than the shared pages of that mark.
// Errors   if the file cannot be read, the peak stays as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/unique_fd.h"

namespace thumbmill {

// The memory of a process as the kernel reports it, in bytes.
struct ResidentMemory {
  std::uint64_t private_bytes = 0;  // anonymous
  std::uint64_t shared_bytes = 0;   // files and shared memory
  std::uint64_t peak_bytes = 0;     // highest sum of both so far
};

// Reads the text of /proc/PID/status. Returns empty if a field is missing.
[[nodiscard]] std::optional<ResidentMemory> ParseStatus(std::string_view text);

class MemoryPeak {
 public:
  MemoryPeak();

  // Looks at this process now.
  void Look();
  // Call before touching `bytes` more of shared memory. Looks each time that
  // these calls add up to 2 MiB.
  void SharedGrows(std::uint64_t bytes);
  // Counts one look. Look() passes the kernel's numbers; tests pass their own.
  void Count(const ResidentMemory& now);

  [[nodiscard]] std::uint64_t peak() const { return peak_; }
  [[nodiscard]] std::uint64_t now() const { return now_; }
  // Returns the highest value since the last call.
  [[nodiscard]] std::uint64_t TakeRecent();

 private:
  UniqueFd status_;
  bool looked_ = false;
  std::uint64_t now_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t recent_ = 0;
  std::uint64_t grown_ = 0;  // bytes of shared memory since the last look
  ResidentMemory last_;
};

}  // namespace thumbmill
