// coordinator/journal/verdict.h: decides from the record of an earlier run
// whether an item is made again.
#pragma once

#include "coordinator/journal/journal.h"
#include "coordinator/journal/past_records.h"

namespace thumbmill {

ClaimVerdict JudgePast(const JournalOptions& options,
                       const ClaimRequest& request, const PastRecord& past);

}  // namespace thumbmill
