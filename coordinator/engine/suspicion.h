// coordinator/engine/suspicion.h: decides what the loss of a worker means for
// each image that the worker held.
//
// The problem: several images share a worker, and the record of which one was
// at work is written by the worker itself. A library that calls exit() takes
// its neighbours with it; a decoder that was taken over may blame one of them.
//
// The idea: nobody is convicted in company. An image that was at work when a
// worker was lost, or waited twice in a lost one, runs alone from then on: in
// a process that has run nothing before and is given nothing else. A process
// that dies then died of this image, or of somebody outside.
//
// Somebody outside (kill -9 by a person, an out-of-memory daemon) hits all
// workers, an image only its own. A death that looks like his counts against
// an image when no other worker died so since the image's last one; eight in a
// row convict it. Where others die too, twenty do, so that a run always ends.
//
// Contract docs/isolation.md, "How deaths are charged".
#pragma once

#include <cstdint>

#include "coordinator/engine/item.h"
#include "coordinator/exec/executor.h"

namespace thumbmill {

class Suspicion {
 public:
  // `attempts`: deaths that are charged to an image before it fails.
  explicit Suspicion(int attempts) : attempts_(attempts) {}

  // Notes the loss in `item`. True: the item is guilty and fails; false: it is
  // leased again, alone where item->alone says so.
  [[nodiscard]] bool Convicts(const Lost& lost, Item* item);

 private:
  bool ConvictsInCompany(const Lost& lost, Item* item) const;
  bool ConvictsAlone(const Lost& lost, Item* item);
  bool ConvictsOfKills(Item* item);

  int attempts_;
  std::uint64_t kills_ = 0;  // workers lost at work, by a hand from outside
};

}  // namespace thumbmill
