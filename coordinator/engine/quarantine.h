// coordinator/engine/quarantine.h: takes the inputs of failed images: computes
// their hashes, which name the inputs in the report, and keeps the guilty ones
// in the folder of --keep-poison.
//
// Both may take long for a large input, and so does giving its pages back, so
// pool threads do all three. The item and its slot wait meanwhile; then
// Examined comes.
//
// Runs in  the loop's thread.
// Errors   an input that cannot be kept is a warning.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "coordinator/engine/inbox.h"
#include "coordinator/loop/callback_guard.h"

namespace thumbmill {

class EventLoop;
class IoPool;
class MemoryPeak;

// From this size on, a pool thread gives the pages of an input back. Below it,
// the loop's thread needs 2 ms at most, and may keep pages for the next input.
constexpr std::uint64_t kLargeInput = 8 << 20;

class Quarantine {
 public:
  // Keeps no input if `folder` is empty.
  Quarantine(EventLoop* loop, IoPool* pool, MemoryPeak* memory,
             std::string folder, Inbox inbox);

  // Takes a failed item. Answers with Examined, at once if there is no input.
  void Take(ItemFailed failed);
  // Returns true if no item waits for a pool thread.
  [[nodiscard]] bool empty() const { return held_.empty(); }

 private:
  void OnHashed(std::uint64_t index, std::string sha256, const Status& kept);
  void Pass(std::uint64_t index);

  EventLoop* loop_;
  IoPool* pool_;
  MemoryPeak* memory_;
  std::string folder_;
  Inbox inbox_;
  std::unordered_map<std::uint64_t, ItemFailed> held_;  // by index
  CallbackGuard guard_;
};

}  // namespace thumbmill
