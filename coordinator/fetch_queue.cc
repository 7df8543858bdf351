#include "coordinator/fetch_queue.h"

#include <utility>

#include "common/check.h"

namespace thumbmill {
namespace {

// Local files share one line without a bound.
const std::string& HostOf(const Item& item) {
  static const std::string kLocal;
  return item.ref.is_url ? item.ref.host : kLocal;
}

}  // namespace

bool FetchQueue::HasRoom(const std::string& host, const Line& line) const {
  return host.empty() || line.active < per_host_;
}

void FetchQueue::GiveTurn(const std::string& host, Line* line) {
  if (line->in_turn || line->items.empty() || !HasRoom(host, *line)) return;
  line->in_turn = true;
  turns_.push_back(host);
}

void FetchQueue::Push(ItemPtr item) {
  const std::string& host = HostOf(*item);
  Line& line = lines_[host];
  line.items.push_back(std::move(item));
  ++size_;
  GiveTurn(HostOf(*line.items.back()), &line);
}

void FetchQueue::PushFront(ItemPtr item) {
  const std::string& host = HostOf(*item);
  Line& line = lines_[host];
  line.items.push_front(std::move(item));
  ++size_;
  GiveTurn(HostOf(*line.items.front()), &line);
}

void FetchQueue::PushLater(ItemPtr item, TimePoint not_before) {
  later_.emplace(not_before, std::move(item));
}

ItemPtr FetchQueue::Take(TimePoint now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    ItemPtr item = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    Push(std::move(item));
  }
  while (!turns_.empty()) {
    const std::string host = std::move(turns_.front());
    turns_.pop_front();
    const auto found = lines_.find(host);
    if (found == lines_.end()) continue;
    Line& line = found->second;
    line.in_turn = false;
    if (line.items.empty() || !HasRoom(host, line)) continue;
    ItemPtr item = std::move(line.items.front());
    line.items.pop_front();
    --size_;
    ++line.active;
    GiveTurn(host, &line);
    return item;
  }
  return nullptr;
}

void FetchQueue::Done(const Item& item) {
  const std::string host = HostOf(item);
  const auto found = lines_.find(host);
  CHECK(found != lines_.end() && found->second.active > 0);
  Line& line = found->second;
  --line.active;
  if (line.items.empty() && line.active == 0) {
    // A turn that still names the host is passed over by Take().
    lines_.erase(found);
    return;
  }
  GiveTurn(host, &line);
}

std::optional<TimePoint> FetchQueue::NextDue() const {
  if (later_.empty()) return std::nullopt;
  return later_.begin()->first;
}

std::vector<ItemPtr> FetchQueue::Clear() {
  std::vector<ItemPtr> all;
  for (auto& [host, line] : lines_) {
    for (ItemPtr& item : line.items) all.push_back(std::move(item));
    line.items.clear();
    line.in_turn = false;
  }
  for (auto& [due, item] : later_) all.push_back(std::move(item));
  later_.clear();
  turns_.clear();
  size_ = 0;
  return all;
}

}  // namespace thumbmill
