#include "coordinator/engine/suspicion.h"

#include <algorithm>

#include "coordinator/net/retry_rules.h"

namespace thumbmill {
namespace {

void NoteDeath(const Lost& lost, Item* item) {
  item->signal = lost.signal;
  item->phase = lost.phase;
}

bool IsFinal(const Lost& lost) {
  return RuleFor(lost.reason).charge == Charge::kFinal;
}

}  // namespace

bool Suspicion::Convicts(const Lost& lost, Item* item) {
  if (lost.running && lost.outside) ++kills_;
  return lost.alone ? ConvictsAlone(lost, item) : ConvictsInCompany(lost, item);
}

bool Suspicion::ConvictsInCompany(const Lost& lost, Item* item) const {
  if (lost.running || ++item->losses >= bounds::kNearLosses) item->alone = true;
  if (!lost.charged) return false;
  NoteDeath(lost, item);
  // The image has used up its CPU limit, and would use it up again.
  const bool hopeless = IsFinal(lost) && lost.certain;
  // Keeps the last attempt for a place where the image is alone.
  if (hopeless || item->attempts + 1 < attempts_) ++item->attempts;
  return hopeless;
}

bool Suspicion::ConvictsAlone(const Lost& lost, Item* item) {
  NoteDeath(lost, item);
  // A hang may look like SIGSTOP from outside, but is charged anyway.
  const Charge charge = RuleFor(lost.reason).charge;
  if (lost.outside && charge != Charge::kCostlyAttempt)
    return ConvictsOfKills(item);
  ++item->attempts;
  return IsFinal(lost) || item->attempts >= attempts_;
}

bool Suspicion::ConvictsOfKills(Item* item) {
  // kills_ counts this kill too, so a difference of 1 means that no other
  // worker was killed since this item's last kill.
  const bool others_too = item->kills > 0 && kills_ - item->kills_seen > 1;
  item->kills_seen = kills_;
  item->kills_in_a_row = others_too ? 1 : item->kills_in_a_row + 1;
  ++item->kills;
  if (item->kills_in_a_row < bounds::kKillsInARow &&
      item->kills < bounds::kKillsAtMost)
    return false;
  item->attempts = std::max(item->attempts, item->kills);
  return true;
}

}  // namespace thumbmill
