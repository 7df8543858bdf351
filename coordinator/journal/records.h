// coordinator/journal/records.h: the reading side of a journal.
//
// A run reads through its Journal. Other commands open the records of a state
// without its recipe, and change nothing: they write no byte, create no file
// and set no mode.
//
// Threads  any; each batch is read under the journal's own mutex.
// Errors   OpenRecords(): kNotFound if there is no job, kBadData if the journal
//          is damaged or not ours, kUsage if another version of the program
//          wrote it or another user may have, kUnavailable while a run opens or
//          closes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "common/result.h"
#include "coordinator/journal/record.h"

namespace thumbmill {

struct JournalCounts {
  std::uint64_t done = 0, skipped = 0, failed = 0;
  std::map<std::string, std::uint64_t> skipped_by_reason, failed_by_reason;
};

// Selects the records of a walk by their status.
struct RecordFilter {
  bool done = true, skipped = true, failed = true;
};
inline constexpr RecordFilter kFailedOnly{false, false, true};

class Records {
 public:
  using Visit = std::function<Status(std::span<const ItemRecord>)>;

  virtual ~Records() = default;
  // Counts all items ever recorded in this state.
  [[nodiscard]] virtual Result<JournalCounts> Counts() = 0;
  // Passes the records to `visit` in batches of bounded size. Ends with the
  // first error of `visit`, and returns it. Failed records alone come in the
  // order of the list, others in the order in which they were recorded. If a
  // run records items meanwhile, the walk may pass an item's old record and its
  // new one.
  [[nodiscard]] virtual Status Walk(const RecordFilter& filter,
                                    const Visit& visit) = 0;
};

// Opens the records in the folder `state`. If no run works on it, none can
// start before the records are closed. Do not call it in the process that runs
// the job. Queries fail with kCancelled soon after `*stop`, which may be null,
// has become true.
[[nodiscard]] Result<std::unique_ptr<Records>> OpenRecords(
    const std::string& state, const std::atomic<bool>* stop);

}  // namespace thumbmill
