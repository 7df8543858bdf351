// coordinator/stats/run_stats.h: the counters of a run, for the progress block,
// the summary and the report.
//
// Threads  the loop's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "coordinator/stats/latency.h"
#include "proto/reason.h"
#include "proto/task.h"

namespace thumbmill {

struct StageLatencies {
  LatencyHistogram dns, connect, first_byte, body, wait, decode, resize, encode,
      store;
};

struct HostStats {
  std::uint64_t items = 0, failed = 0, bytes = 0;
  Micros time{0};
  Micros recent{0};  // moving mean of the time for one answer
};

// The bound of --max-failures: a count, or a share of the items that ended.
struct FailureBound {
  std::uint64_t count = 0;
  double percent = 0;  // if above 0, it replaces `count` after 1,000 items
};

// An image that became final, as far as the counters look at it.
struct FinalImage {
  ItemStatus status = ItemStatus::kDone;
  Reason reason = Reason::kNone;
  bool warned = false;  // its record has warnings
  std::uint64_t bytes_in = 0, bytes_out = 0, files_out = 0;
  std::string_view host;  // empty for a file
  Micros fetch_time{0};
};

struct RunStats {
  // Counts an item of the list that an earlier run has made final.
  void CountBefore(ItemStatus status);
  // Counts an item that the list names again. It gets no record, because the
  // record of the first one stands.
  void CountDuplicate();
  // Counts an image that the workers have made.
  void CountMade(const StageTimes& times, Micros since_ready,
                 std::uint64_t bytes);
  // Counts an item whose record goes to the journal. It counts before the
  // record is durable, so that Exceeds() does not wait for the disk.
  void CountEnded(ItemStatus status);
  // Counts an item whose record is durable.
  void Count(const FinalImage& image, TimePoint now);
  // Updates the moving mean of the host's answers. A host has statistics only
  // after its first image is final.
  void CountAnswer(const std::string& host, Micros took);

  // Returns true if more items have failed than the bound allows.
  [[nodiscard]] bool Exceeds(const FailureBound& bound) const;

  // Items that became final in this run, by status and reason.
  std::uint64_t done = 0, skipped = 0, failed = 0;
  std::map<Reason, std::uint64_t> skipped_by_reason, failed_by_reason;
  // Items of this run's list that an earlier run has made final.
  std::uint64_t done_before = 0, skipped_before = 0, failed_before = 0;
  std::uint64_t listed = 0;
  std::uint64_t open =
      0;  // items that are listed, need work, and are not final
  // Items given to the journal, and those of them that failed.
  std::uint64_t ended = 0, ended_failed = 0;
  // Items that were done before, but whose outputs were missing or had another
  // size. This run makes them again and also counts them above.
  std::uint64_t damaged_before = 0;
  std::uint64_t warnings = 0;
  std::uint64_t retries = 0;
  std::uint64_t dropped = 0;  // fetches that were given up for lack of memory
  std::uint64_t bytes_in = 0, bytes_out = 0, files_out = 0;
  std::uint64_t copied_bytes = 0;  // thumbnails copied out of shared memory
  StageLatencies latency;
  std::map<std::string, HostStats> hosts;  // the first kMaxHosts seen
  static constexpr std::size_t kMaxHosts = 10'000;

  std::uint64_t peak_coordinator_bytes = 0;
  std::uint64_t peak_worker_bytes = 0;   // the largest worker
  std::uint64_t peak_workers_bytes = 0;  // all workers together
  std::uint64_t peak_shared_bytes = 0;   // allocated blocks, counted once
  std::uint64_t peak_bytes = 0;          // everything at one time
  std::uint64_t workers_lost = 0;
  std::uint64_t workers_recycled = 0;  // replaced because their memory grew
  std::uint64_t message_bytes = 0;     // between coordinator and workers
  TimePoint started{};
  Millis elapsed{0};
  Millis first_done{0};  // from the start until the first image was done

  [[nodiscard]] double images_per_second() const {
    const double seconds = static_cast<double>(elapsed.count()) / 1000;
    return seconds > 0 ? static_cast<double>(done) / seconds : 0;
  }

 private:
  void CountHost(const FinalImage& image);
};

}  // namespace thumbmill
