#include "coordinator/engine/suspicion.h"

#include <algorithm>

namespace thumbmill {
namespace {

// Lost workers in which an image may wait before it must run alone.
constexpr int kNearLosses = 2;
// A photograph takes about 50 ms. If somebody kills its worker every 300 ms,
// one run dies with a chance of 1 in 6, and eight in a row with about 1 in a
// million.
constexpr int kKillsInARow = 8;
constexpr int kKillsAtMost = 20;

void NoteDeath(const Lost& lost, Item* item) {
  item->signal = lost.signal;
  item->phase = lost.phase;
}

}  // namespace

bool Suspicion::Convicts(const Lost& lost, Item* item) {
  if (lost.running && lost.outside) ++kills_;
  return lost.alone ? ConvictsAlone(lost, item) : ConvictsInCompany(lost, item);
}

bool Suspicion::ConvictsInCompany(const Lost& lost, Item* item) const {
  if (lost.running || ++item->losses >= kNearLosses) item->alone = true;
  if (!lost.charged) return false;
  NoteDeath(lost, item);
  // The image has used up its CPU limit, and would use it up again.
  const bool hopeless = lost.reason == Reason::kTooCostly && lost.certain;
  // Keeps the last attempt for a place where the image is alone.
  if (hopeless || item->attempts + 1 < attempts_) ++item->attempts;
  return hopeless;
}

bool Suspicion::ConvictsAlone(const Lost& lost, Item* item) {
  NoteDeath(lost, item);
  // A hang counts as an attempt even if it looks like SIGSTOP from outside,
  // because each hang costs a whole time limit.
  if (lost.outside && lost.reason != Reason::kHang)
    return ConvictsOfKills(item);
  ++item->attempts;
  return lost.reason == Reason::kTooCostly || item->attempts >= attempts_;
}

bool Suspicion::ConvictsOfKills(Item* item) {
  // kills_ counts this kill too, so a difference of 1 means that no other
  // worker was killed since this item's last kill.
  const bool others_too = item->kills > 0 && kills_ - item->kills_seen > 1;
  item->kills_seen = kills_;
  item->kills_in_a_row = others_too ? 1 : item->kills_in_a_row + 1;
  ++item->kills;
  if (item->kills_in_a_row < kKillsInARow && item->kills < kKillsAtMost)
    return false;
  item->attempts = std::max(item->attempts, item->kills);
  return true;
}

}  // namespace thumbmill
