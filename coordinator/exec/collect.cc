#include "coordinator/exec/collect.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <string>
#include <utility>

namespace thumbmill {
namespace {

// Returns true if a worker may give this reason: it is about the image. The
// other reasons belong to download and storage. Some of those would make the
// item skipped, so that the report would not name it as failed.
bool CanComeFromWorker(Reason reason) {
  switch (reason) {
    case Reason::kNone:  // done, or the output range is too small
    case Reason::kNotImage:
    case Reason::kEmpty:
    case Reason::kUnsupported:
    case Reason::kTruncated:
    case Reason::kCorrupt:
    case Reason::kTooManyPixels:
    case Reason::kTooCostly:
    case Reason::kMemory:
      return true;
    case Reason::kDuplicate:
    case Reason::kFiltered:
    case Reason::kBadLine:
    case Reason::kRead:
    case Reason::kDns:
    case Reason::kConnect:
    case Reason::kTls:
    case Reason::kHttp4xx:
    case Reason::kHttp5xx:
    case Reason::kRedirect:
    case Reason::kForbiddenAddress:
    case Reason::kTimeout:
    case Reason::kTooSlow:
    case Reason::kTooBig:
    case Reason::kTruncatedBody:
    case Reason::kHashMismatch:
    case Reason::kCrash:
    case Reason::kHang:
    case Reason::kNameCollision:
    case Reason::kUpload:
    case Reason::kCancelled:
      return false;
  }
  return false;  // a number that is no reason
}

// Returns the fault of one thumbnail, or null if there is none. `missing` has a
// bit for each size that no thumbnail has named yet.
const char* FaultOf(const Thumbnail& thumbnail, std::uint64_t missing,
                    std::uint64_t capacity) {
  if (thumbnail.size_index >= kMaxSizes ||
      (missing >> thumbnail.size_index & 1) == 0)
    return "a thumbnail that was not requested";
  if (thumbnail.width == 0 || thumbnail.height == 0)
    return "a thumbnail without pixels";
  const ByteRange& bytes = thumbnail.bytes;
  if (bytes.length == 0 || bytes.offset > capacity ||
      bytes.length > capacity - bytes.offset)
    return "a thumbnail outside of its output range";
  return nullptr;
}

// Returns true if two thumbnails share bytes. If none do, their sum fits into
// the range, so that no more than the granted bytes are copied.
bool DoOverlap(const std::vector<Thumbnail>& thumbnails) {
  std::vector<ByteRange> ranges;
  ranges.reserve(thumbnails.size());
  for (const Thumbnail& thumbnail : thumbnails)
    ranges.push_back(thumbnail.bytes);
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) {
              return a.offset < b.offset;
            });
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].offset - ranges[i - 1].offset < ranges[i - 1].length)
      return true;
  return false;
}

Status Check(const Task& task, const Outcome& outcome, std::uint64_t capacity) {
  if (!CanBeWritten(outcome.output_format))
    return Fail(ErrorCode::kBadData, "a format that cannot be written");
  std::uint64_t missing = task.size_mask;
  for (const Thumbnail& thumbnail : outcome.thumbnails) {
    if (const char* fault = FaultOf(thumbnail, missing, capacity))
      return Fail(ErrorCode::kBadData, fault);
    if (!CanBeWritten(outcome.FormatOf(thumbnail)))
      return Fail(ErrorCode::kBadData, "a format that cannot be written");
    missing &= ~(std::uint64_t{1} << thumbnail.size_index);
  }
  if (missing != 0)
    return Fail(ErrorCode::kBadData,
                "too few thumbnails: " +
                    std::to_string(std::popcount(missing)) + " are missing");
  if (DoOverlap(outcome.thumbnails))
    return Fail(ErrorCode::kBadData, "thumbnails that share bytes");
  return {};
}

// Limits `time` to `rest`, the time that the worker can still have used, and
// subtracts it from `rest`.
Micros Bounded(Micros time, Micros* rest) {
  const Micros bounded = std::clamp(time, Micros(0), *rest);
  *rest -= bounded;
  return bounded;
}

}  // namespace

void BoundTimes(Micros passed, StageTimes* times) {
  Micros rest = std::max(passed, Micros(0));
  times->decode = Bounded(times->decode, &rest);
  times->resize = Bounded(times->resize, &rest);
  times->encode = Bounded(times->encode, &rest);
}

Result<std::vector<std::vector<std::uint8_t>>> Collect(const Task& task,
                                                       ByteSpan range,
                                                       Outcome* outcome) {
  std::vector<std::vector<std::uint8_t>> copies;
  if (!CanComeFromWorker(outcome->reason))
    return Fail(ErrorCode::kBadData, "a reason that no worker may give");
  if (!outcome->ok()) {
    outcome->thumbnails.clear();
    return copies;
  }
  if (task.size_mask == 0 && outcome->thumbnails.empty()) return copies;
  RETURN_IF_ERROR(Check(task, *outcome, range.size()));
  copies.reserve(outcome->thumbnails.size());
  for (const Thumbnail& thumbnail : outcome->thumbnails) {
    const ByteSpan bytes =
        range.subspan(thumbnail.bytes.offset, thumbnail.bytes.length);
    copies.emplace_back(bytes.begin(), bytes.end());
  }
  return copies;
}

Result<Finished> CollectAnswer(const Lease& lease, TaskResult result,
                               TimePoint now) {
  const ByteSpan range(lease.output.data(), std::min(lease.task.output_capacity,
                                                     lease.output.capacity()));
  Finished finished;
  finished.id = result.id;
  finished.outcome = std::move(result.outcome);
  ASSIGN_OR_RETURN(finished.outputs,
                   Collect(lease.task, range, &finished.outcome));
  BoundTimes(std::chrono::duration_cast<Micros>(now - lease.sent),
             &finished.outcome.times);
  return finished;
}

}  // namespace thumbmill
