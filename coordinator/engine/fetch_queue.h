// coordinator/engine/fetch_queue.h: what waits to be fetched, in which order.
//
// Hosts take turns, so that a list in host order does not send all downloads
// to one server; how many run at a host at once, and when, is said by
// HostCare. Within a host the list's order is kept. A host is a name with its
// port: a dead port is no dead machine.
//
// Runs in  the loop's thread.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "coordinator/engine/item.h"
#include "coordinator/net/host_care.h"

namespace thumbmill {

class FetchQueue {
 public:
  struct Taken {
    ItemPtr item;            // null: none
    bool host_dead = false;  // not to be fetched; takes no Done()
  };

  // `care` outlives the queue.
  explicit FetchQueue(HostCare* care) : care_(care) {}

  void Push(ItemPtr item);
  // To the head of its line: it was taken, but could not be started.
  void PushFront(ItemPtr item);
  void PushLater(ItemPtr item, TimePoint not_before);

  // The next one whose host has room; its host counts one more as active
  // until Done(). None: none waits, or all hosts are at their bound or held.
  // `local`: may it be a file?
  [[nodiscard]] Taken Take(TimePoint now, bool local = true);
  // While the network is away: local files only.
  [[nodiscard]] Taken TakeLocal();
  // One of the next host in turn, whatever is thought of it.
  [[nodiscard]] Taken TakeProbe();
  void Done(const Item& item);
  // Hosts that are held may be asked again: HostCare forgave them.
  void WakeHosts();

  // When the earliest item or host that waits for its time may go.
  [[nodiscard]] std::optional<TimePoint> NextDue() const;
  // The host that is held longest, while something waits for it.
  [[nodiscard]] std::optional<std::pair<std::string, TimePoint>> LongestHeld()
      const;
  [[nodiscard]] std::size_t size() const { return size_ + later_.size(); }
  // Files that were taken and are not done.
  [[nodiscard]] std::size_t active_files() const;
  // Everything that waits; for a run that stops.
  [[nodiscard]] std::vector<ItemPtr> Clear();

 private:
  struct Line {
    std::deque<ItemPtr> items;
    std::size_t active = 0;
    // Its name stands in turns_ or held_.
    bool in_turn = false;
  };
  // Nothing while it has a turn already, or no items.
  void GiveTurn(const std::string& host, Line* line);
  void WakeDue(TimePoint now);
  ItemPtr PopFront(Line* line);
  [[nodiscard]] Taken TakeFrom(const std::string& host, Line* line,
                               TimePoint now);

  HostCare* care_;
  std::size_t size_ = 0;
  std::unordered_map<std::string, Line> lines_;
  std::list<std::string> turns_;  // hosts that have items and may have room
  std::multimap<TimePoint, std::string> held_;
  std::multimap<TimePoint, ItemPtr> later_;
  std::size_t probes_taken_ = 0;
};

}  // namespace thumbmill
