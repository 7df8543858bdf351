#include "coordinator/engine/fetch_queue.h"

#include <iterator>
#include <utility>

#include "common/check.h"

namespace thumbmill {
namespace {

// Returns the name of the item's line. All local files share one line, which
// has the empty name and no bound.
const std::string& HostOf(const Item& item) {
  static const std::string kLocal;
  return item.ref.is_url ? item.authority : kLocal;
}

}  // namespace

void FetchQueue::GiveTurn(const std::string& host, Line* line) {
  if (line->in_turn || line->items.empty()) return;
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

void FetchQueue::WakeDue(TimePoint now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    ItemPtr item = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    Push(std::move(item));
  }
  while (!held_.empty() && held_.begin()->first <= now) {
    turns_.push_back(std::move(held_.begin()->second));
    held_.erase(held_.begin());
  }
}

ItemPtr FetchQueue::PopFront(Line* line) {
  ItemPtr item = std::move(line->items.front());
  line->items.pop_front();
  --size_;
  return item;
}

FetchQueue::Taken FetchQueue::Take(TimePoint now, bool local) {
  WakeDue(now);
  if (const auto files = lines_.find(""); local && files != lines_.end())
    GiveTurn("", &files->second);  // a Take() without `local` took its turn
  while (!turns_.empty()) {
    const std::string host = std::move(turns_.front());
    turns_.pop_front();
    const auto found = lines_.find(host);
    if (found == lines_.end()) continue;
    found->second.in_turn = false;
    if (found->second.items.empty()) continue;
    if (host.empty() && !local) continue;
    Taken taken = TakeFrom(host, &found->second, now);
    if (taken.item) return taken;
  }
  return {};
}

FetchQueue::Taken FetchQueue::TakeFrom(const std::string& host, Line* line,
                                       TimePoint now) {
  HostLimiter::Permit permit;
  if (!host.empty()) permit = limiter_->Ask(host, line->active, now);
  switch (permit.leave) {
    case HostLimiter::Leave::kFull:
      return {};  // Done() will give it a turn
    case HostLimiter::Leave::kWait:
      line->in_turn = true;
      held_.emplace(permit.until, host);
      return {};
    case HostLimiter::Leave::kDead: {
      // The item is not counted as active, so nobody calls Done() for it, and
      // an empty line must be erased here.
      Taken taken{PopFront(line), true};
      if (line->items.empty() && line->active == 0) {
        lines_.erase(host);
      } else {
        GiveTurn(host, line);
      }
      return taken;
    }
    case HostLimiter::Leave::kGo:
      break;
  }
  ++line->active;
  ItemPtr item = PopFront(line);
  GiveTurn(host, line);
  return {std::move(item), false};
}

FetchQueue::Taken FetchQueue::TakeLocal() {
  const auto found = lines_.find("");
  if (found == lines_.end() || found->second.items.empty()) return {};
  ++found->second.active;
  return {PopFront(&found->second), false};
}

FetchQueue::Taken FetchQueue::TakeProbe() {
  // Items that wait for another try may serve as probes too: a probe need not
  // respect their delay.
  if (size_ == 0) WakeDue(TimePoint::max());
  if (lines_.empty()) return {};
  // Each probe starts one line further, so that the probes go to different
  // hosts.
  auto at =
      std::next(lines_.begin(),
                static_cast<std::ptrdiff_t>(probes_taken_++ % lines_.size()));
  for (std::size_t looked = 0; looked < lines_.size(); ++looked, ++at) {
    if (at == lines_.end()) at = lines_.begin();
    Line& line = at->second;
    if (at->first.empty() || line.items.empty()) continue;
    ++line.active;
    return {PopFront(&line), false};
  }
  return {};
}

void FetchQueue::WakeHosts() {
  for (auto& [due, host] : held_) turns_.push_back(std::move(host));
  held_.clear();
}

void FetchQueue::Done(const Item& item) {
  const std::string host = HostOf(item);
  const auto found = lines_.find(host);
  CHECK(found != lines_.end() && found->second.active > 0);
  Line& line = found->second;
  --line.active;
  if (line.items.empty() && line.active == 0) {
    // turns_ or held_ may still contain the host; Take() skips it there.
    lines_.erase(found);
    return;
  }
  GiveTurn(host, &line);
}

std::size_t FetchQueue::active_files() const {
  const auto files = lines_.find("");
  return files == lines_.end() ? 0 : files->second.active;
}

std::optional<std::pair<std::string, TimePoint>> FetchQueue::LongestHeld()
    const {
  for (auto at = held_.rbegin(); at != held_.rend(); ++at) {
    const auto line = lines_.find(at->second);
    if (line != lines_.end() && !line->second.items.empty())
      return std::pair(at->second, at->first);
  }
  return std::nullopt;
}

void FetchQueue::Clear() {
  // The lines stay: fetches that run will still call Done() for their host.
  for (auto& [host, line] : lines_) {
    line.items.clear();
    line.in_turn = false;
  }
  later_.clear();
  turns_.clear();
  held_.clear();
  size_ = 0;
}

}  // namespace thumbmill
