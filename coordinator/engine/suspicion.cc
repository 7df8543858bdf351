#include "coordinator/engine/suspicion.h"

#include <algorithm>

namespace thumbmill {
namespace {

// Lost workers in which an image only waited, before it runs alone.
constexpr int kNearLosses = 2;
// A photograph takes some 50 ms. Where somebody kills its worker every 300 ms,
// each run ends so with a chance of 1 in 6: eight in a row with 1 in a million.
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
  // More CPU time would be used up just the same.
  const bool hopeless = lost.reason == Reason::kTooCostly && lost.certain;
  // The last attempt is one that the image has alone.
  if (hopeless || item->attempts + 1 < attempts_) ++item->attempts;
  return hopeless;
}

bool Suspicion::ConvictsAlone(const Lost& lost, Item* item) {
  NoteDeath(lost, item);
  // Who is stopped costs a time limit each time.
  if (lost.outside && lost.reason != Reason::kHang)
    return ConvictsOfKills(item);
  ++item->attempts;
  return lost.reason == Reason::kTooCostly || item->attempts >= attempts_;
}

bool Suspicion::ConvictsOfKills(Item* item) {
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
