// coordinator/engine/suspicion.h: decides the fate of each image that a lost
// worker held.
//
// The problem: several images share a worker, and the worker itself writes the
// record of the image at work. An image whose library calls exit() takes its
// neighbours with it; an attacker who controls the decoder may blame one of
// them.
//
// The idea: no image is convicted while it shares a worker, except one that has
// certainly used up its CPU limit. An image that was at work when a worker was
// lost, or that waited in two lost workers, runs alone from then on: in a
// process that has run nothing before and gets nothing else. If that process
// dies, either this image or somebody outside killed it.
//
// Somebody outside (a person with kill -9, an out-of-memory daemon) hits all
// workers; an image hits only its own. A death that looks like a kill from
// outside counts against the image if no other worker was killed in this way
// since the image's last death. Eight of them in a row convict the image. If
// other workers die too, twenty convict it, so that a run always ends.
//
// Contract docs/isolation.md, "How deaths are charged".
#pragma once

#include <cstdint>

#include "coordinator/engine/item.h"
#include "coordinator/exec/executor.h"

namespace thumbmill {

class Suspicion {
 public:
  // `attempts` is the number of deaths charged to an image before it fails.
  explicit Suspicion(int attempts) : attempts_(attempts) {}

  // Notes the loss in `item`. Returns true if the item is guilty and must fail.
  // Otherwise lease it again, and alone if item->alone is set.
  [[nodiscard]] bool Convicts(const Lost& lost, Item* item);

 private:
  bool ConvictsInCompany(const Lost& lost, Item* item) const;
  bool ConvictsAlone(const Lost& lost, Item* item);
  bool ConvictsOfKills(Item* item);

  int attempts_;
  std::uint64_t kills_ = 0;  // workers killed at work, seemingly from outside
};

}  // namespace thumbmill
