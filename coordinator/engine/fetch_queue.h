// coordinator/engine/fetch_queue.h: the items that wait for their fetch, and
// the order of the fetches.
//
// Hosts take turns, so that a list in host order does not send all downloads
// to one server. HostLimiter decides how many requests a host gets at once, and
// when. The items of one host keep the list's order. A host is a name with its
// port, because a dead port does not mean a dead machine.
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

#include "common/clock.h"
#include "coordinator/engine/item.h"
#include "coordinator/net/host_limiter.h"

namespace thumbmill {

class FetchQueue {
 public:
  struct Taken {
    ItemPtr item;            // null if there is none
    bool host_dead = false;  // do not fetch it, and do not call Done() for it
  };

  // `limiter` must outlive the queue.
  explicit FetchQueue(HostLimiter* limiter) : limiter_(limiter) {}

  void Push(ItemPtr item);
  // Puts an item back at the head of its line, after it was taken but could not
  // be fetched.
  void PushFront(ItemPtr item);
  // Adds an item that may not be taken before `not_before`.
  void PushLater(ItemPtr item, TimePoint not_before);

  // Takes the next item whose host has room; it counts as active at its host
  // until Done(). Returns no item if none waits, or if all hosts are at their
  // bound or held. Takes a local file only if `local` is true.
  [[nodiscard]] Taken Take(TimePoint now, bool local = true);
  // Takes the next local file. For the time while the network is lost.
  [[nodiscard]] Taken TakeLocal();
  // Takes an item of the next host in turn without a question to HostLimiter.
  // For probes while the network is lost.
  [[nodiscard]] Taken TakeProbe();
  void Done(const Item& item);
  // Gives held hosts a turn again, after HostLimiter has forgiven them.
  void WakeHosts();

  // Returns the host that is held longest and has items, with the end of its
  // hold.
  [[nodiscard]] std::optional<std::pair<std::string, TimePoint>> LongestHeld()
      const;
  [[nodiscard]] std::size_t size() const { return size_ + later_.size(); }
  // Local files that were taken and are not done.
  [[nodiscard]] std::size_t active_files() const;
  // Drops all items that wait. For a run that stops.
  void Clear();

 private:
  struct Line {
    std::deque<ItemPtr> items;
    std::size_t active = 0;
    // True while turns_ or held_ contains the host.
    bool in_turn = false;
  };
  // Appends the host to turns_ unless it is there, is held or has no items.
  void GiveTurn(const std::string& host, Line* line);
  void WakeDue(TimePoint now);
  ItemPtr PopFront(Line* line);
  [[nodiscard]] Taken TakeFrom(const std::string& host, Line* line,
                               TimePoint now);

  HostLimiter* limiter_;
  std::size_t size_ = 0;
  std::unordered_map<std::string, Line> lines_;
  std::list<std::string> turns_;  // hosts that have items and may have room
  std::multimap<TimePoint, std::string> held_;  // hosts, by end of the hold
  std::multimap<TimePoint, ItemPtr> later_;     // items, by earliest start
  std::size_t probes_taken_ = 0;
};

}  // namespace thumbmill
