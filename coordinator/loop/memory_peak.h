// coordinator/loop/memory_peak.h: the most private memory that this process has
// held, peaks between two looks included.
//
// The problem: a look now and then misses what is allocated and freed between
// two of them; a run that held 579 MB for a moment reported 3. The kernel keeps
// the highest resident size itself (VmHWM), but counts shared pages in it. So
// when that mark has risen since the last look, the private part of the peak is
// the mark less the shared pages, of which there are as many as at the looks
// before or after, whichever are fewer.
//
// Exact    never too low for a peak that is the highest of the resident size so
//          far. Too high by the shared pages that come between two looks: looks
//          are 10 ms apart while the loop turns, and made for each 2 MiB of
//          downloads. A peak between two looks that stays below an earlier mark
//          can be missed, by no more than the shared pages of that mark.
// Errors   a file that cannot be read leaves the peak as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/unique_fd.h"

namespace thumbmill {

// What the kernel says of a process, in bytes.
struct ResidentMemory {
  std::uint64_t private_bytes = 0;  // anonymous
  std::uint64_t shared_bytes = 0;   // files and shared memory
  std::uint64_t peak_bytes = 0;     // of both together, ever
};

// Reads the text of /proc/PID/status.
[[nodiscard]] std::optional<ResidentMemory> ParseStatus(std::string_view text);

class MemoryPeak {
 public:
  MemoryPeak();

  // Looks at this process now.
  void Look();
  // Looks before much more shared memory is touched than at the last look.
  void SharedGrows(std::uint64_t bytes);
  // Counts one look; Look() with what the kernel said.
  void Count(const ResidentMemory& now);

  [[nodiscard]] std::uint64_t peak() const { return peak_; }
  [[nodiscard]] std::uint64_t now() const { return now_; }
  // The most since the last call.
  [[nodiscard]] std::uint64_t TakeRecent();

 private:
  UniqueFd status_;
  bool looked_ = false;
  std::uint64_t now_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t recent_ = 0;
  std::uint64_t grown_ = 0;  // shared memory since the last look
  ResidentMemory last_;
};

}  // namespace thumbmill
