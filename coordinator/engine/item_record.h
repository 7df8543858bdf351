// coordinator/engine/item_record.h: an item in the words of the journal, of the
// counters, and of people.
//
// Pure     reads the item only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/engine/item.h"
#include "coordinator/journal/journal.h"
#include "coordinator/stats/run_stats.h"

namespace thumbmill {

// Returns true if an item that ends for this reason is skipped, not failed.
[[nodiscard]] bool IsSkip(const Item& item, Reason reason);

// Returns the message of an item whose name belongs to the source `owner`.
[[nodiscard]] std::string CollisionText(const Item& item,
                                        const std::string& owner);

// Returns the record of an item, without its end: the status, the reason, the
// message and the outputs.
[[nodiscard]] ItemRecord RecordOf(const Item& item);

// Returns the time between the last fetched byte and the thumbnails.
[[nodiscard]] Micros TimeToMake(const Item& item);

[[nodiscard]] std::uint64_t BytesOf(
    const std::vector<std::vector<std::uint8_t>>& outputs);

// Returns the part of an item and its record that is counted. The result points
// into the item.
[[nodiscard]] FinalImage ForCounters(const Item& item,
                                     const ItemRecord& record);

}  // namespace thumbmill
