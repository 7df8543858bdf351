// coordinator/engine/inbox.h: everything that the engine can hear.
//
// The parts of the walk answer with events instead of calling each other. Only
// the engine knows which step follows: see Engine::Hear().
//
// Runs in  the loop's thread. An event is handled before Inbox returns, so a
//          part calls it last, or expects to be called back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/engine/committer.h"
#include "coordinator/engine/item.h"
#include "coordinator/exec/executor.h"
#include "coordinator/journal/journal.h"

namespace thumbmill {

struct ListedItem {
  ItemPtr item;
  ClaimVerdict verdict;
};

// The lister has read more of the sources.
struct Listed {
  std::vector<ListedItem> items;
  // Set if a list could not be read to its end. The source has logged the
  // error.
  std::optional<Error> unread;
};

// The bytes of an item are in its slot.
struct Fetched {
  ItemPtr item;
};

// The thumbnails of an item are made: item->outcome is set, the slot is
// returned, and the store grant equals the bytes in `outputs`.
struct Made {
  ItemPtr item;
  std::vector<std::vector<std::uint8_t>> outputs;
};

// The files of an item are at the target, but not yet visible there.
struct Stored {
  ItemPtr item;
  std::vector<OutputRecord> outputs;
};

// The storer tries to store an item again.
struct StoreRetried {};

// An item has failed for good: no try is left, or the image itself is at fault.
struct ItemFailed {
  ItemPtr item;
  Reason reason = Reason::kNone;
  std::string message;
};

// The quarantine has finished with the input of a failed item.
struct Examined {
  ItemPtr item;
  Reason reason = Reason::kNone;
  std::string message;
};

// The records of a batch are durable.
struct Committed {
  std::vector<CommitEntry> batch;
};

// No host has served anything for too long.
struct NetworkGone {
  Error error;
};

// A part cannot go on, and so the run cannot.
struct RunFailed {
  Error error;
};

// A signal asks the run to stop.
struct StopAsked {
  int signal = 0;
};

// The time of a run that drains is over.
struct DrainTimeOver {};

using Event = std::variant<Listed, Fetched, Finished, Lost, Made, StoreRetried,
                           Stored, ItemFailed, Examined, Committed, NetworkGone,
                           RunFailed, StopAsked, DrainTimeOver>;

using Inbox = std::function<void(Event)>;

// One function object with one call for each event.
template <typename... Calls>
struct Overloaded : Calls... {
  using Calls::operator()...;
};
template <typename... Calls>
Overloaded(Calls...) -> Overloaded<Calls...>;

}  // namespace thumbmill
