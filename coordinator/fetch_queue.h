// coordinator/fetch_queue.h: what is to be fetched, in a fair order.
//
// Items wait in one line a host; hosts take turns, and a host with
// `per_host` transfers under way is passed over. Local files have no host and
// no such bound. An item may be put back with a time before which it is not
// taken (a retry).
//
// Runs in  the loop's thread. Time is an argument.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "coordinator/item.h"

namespace thumbmill {

class FetchQueue {
 public:
  explicit FetchQueue(std::size_t per_host) : per_host_(per_host) {}

  void Push(ItemPtr item);
  // To the head of its line: it was taken, but could not be started.
  void PushFront(ItemPtr item);
  void PushLater(ItemPtr item, TimePoint not_before);

  // The next one whose host has room; its host counts one more as active
  // until Done(). Empty: none, or all hosts are at their bound.
  [[nodiscard]] ItemPtr Take(TimePoint now);
  void Done(const Item& item);

  // When the earliest item that waits for its time may go.
  [[nodiscard]] std::optional<TimePoint> NextDue() const;
  [[nodiscard]] std::size_t size() const { return size_ + later_.size(); }
  // Everything that waits; for a run that stops.
  [[nodiscard]] std::vector<ItemPtr> Clear();

 private:
  struct Line {
    std::deque<ItemPtr> items;
    std::size_t active = 0;
    bool in_turn = false;  // its name stands in turns_
  };
  bool HasRoom(const std::string& host, const Line& line) const;
  void GiveTurn(const std::string& host, Line* line);

  std::size_t per_host_;
  std::size_t size_ = 0;
  std::unordered_map<std::string, Line> lines_;
  std::list<std::string> turns_;  // hosts that have items and room
  std::multimap<TimePoint, ItemPtr> later_;
};

}  // namespace thumbmill
