#include "coordinator/journal/verdict.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "coordinator/journal/record_columns.h"
#include "coordinator/net/retry_rules.h"

namespace thumbmill {
namespace {

using Kind = ClaimVerdict::Kind;

ClaimVerdict JudgeDone(const JournalOptions& options,
                       const ClaimRequest& request, const PastRecord& past) {
  ClaimVerdict verdict;
  if (options.revalidate && request.stamp.empty()) {
    verdict.kind = Kind::kAgain;
    return verdict;
  }
  std::vector<OutputRecord> made = UnpackOutputs(past.outputs);
  verdict.missing_mask = 0;
  for (std::size_t i = 0; i < options.sizes.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    const auto there =
        std::find_if(made.begin(), made.end(), [&](const OutputRecord& output) {
          return output.size == options.sizes[i];
        });
    if (there == made.end()) {
      verdict.missing_mask |= bit;
    } else if (options.tell_made) {
      verdict.made.push_back({bit, std::move(there->name), there->bytes});
    }
  }
  verdict.kind = verdict.missing_mask == 0 ? Kind::kDone : Kind::kPartly;
  return verdict;
}

// Returns true if a rerun may come to another result, although the image is the
// same.
bool MayDifferToday(Rerun rerun, const JournalOptions& options,
                    const PastRecord& past) {
  switch (rerun) {
    case Rerun::kAlways:
      return true;
    case Rerun::kLargerBounds:
      return AnyLarger(options.cost_bounds, past.bounds);
    case Rerun::kOnRequest:
    case Rerun::kNever:
      return false;
  }
  return false;
}

}  // namespace

ClaimVerdict JudgePast(const JournalOptions& options,
                       const ClaimRequest& request, const PastRecord& past) {
  const std::optional<ItemStatus> status = ItemStatusFromWord(past.status);
  const Reason reason = ReasonFromWord(past.reason).value_or(Reason::kNone);
  ClaimVerdict verdict;
  verdict.kind = Kind::kAgain;
  verdict.reason = reason;
  if (!status || past.stamp != request.stamp) return verdict;
  if (status == ItemStatus::kDone) return JudgeDone(options, request, past);
  if (MayDifferToday(RuleFor(reason).rerun, options, past)) return verdict;
  if (status == ItemStatus::kSkipped) {
    verdict.kind = Kind::kSkippedBefore;
  } else if (!options.retry_failed) {
    verdict.kind = Kind::kFailedBefore;
  }
  return verdict;
}

}  // namespace thumbmill
