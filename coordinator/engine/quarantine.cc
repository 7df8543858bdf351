#include "coordinator/engine/quarantine.h"

#include <utility>

#include "common/hash.h"
#include "common/log.h"
#include "coordinator/engine/poison.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "coordinator/loop/memory_peak.h"

namespace thumbmill {
namespace {

// Returns true if the image cost workers or had to be refused memory.
bool IsPoison(Reason reason) {
  return reason == Reason::kCrash || reason == Reason::kHang ||
         reason == Reason::kMemory;
}

}  // namespace

Quarantine::Quarantine(EventLoop* loop, IoPool* pool, MemoryPeak* memory,
                       std::string folder, Inbox inbox)
    : loop_(loop),
      pool_(pool),
      memory_(memory),
      folder_(std::move(folder)),
      inbox_(std::move(inbox)) {}

void Quarantine::Take(ItemFailed failed) {
  const ItemPtr item = failed.item;
  if (!item->slot.valid() || item->length == 0)
    return inbox_(Examined{item, failed.reason, std::move(failed.message)});
  const std::uint64_t index = item->ref.index;
  const bool keep = IsPoison(failed.reason) && !folder_.empty();
  held_[index] = std::move(failed);
  // `item` holds the slot while the thread reads it, even if the run has ended
  // meanwhile. The thread posts only the index: a callback that never runs
  // would keep the slot beyond the life of the arena.
  pool_->Submit([this, watch = guard_.watch(), loop = loop_, item, index,
                 folder = keep ? folder_ : ""] {
    const ByteSpan bytes(item->slot.data(), item->length);
    const std::string sha256 = ToHex(HashBytes(bytes));
    Status kept;
    if (!folder.empty())
      kept = KeepPoison(
          folder, PoisonName(sha256, item->ref.stem, item->ref.srcext), bytes);
    loop->Post(watch.Wrap([this, index, sha256, kept = std::move(kept)] {
      OnHashed(index, sha256, kept);
    }));
  });
}

void Quarantine::OnHashed(std::uint64_t index, std::string sha256,
                          const Status& kept) {
  if (!kept) LogWarning("--keep-poison: " + kept.error().what);
  const ItemPtr item = held_.at(index).item;
  item->sha256 = std::move(sha256);
  // The hash has mapped all pages of the input; the slot gives them back soon.
  memory_->SharedGrows(item->length);
  if (item->length < kLargeInput) return Pass(index);
  pool_->Submit([this, watch = guard_.watch(), loop = loop_, item, index] {
    item->slot.DropPages();
    loop->Post(watch.Wrap([this, index] { Pass(index); }));
  });
}

void Quarantine::Pass(std::uint64_t index) {
  ItemFailed failed = std::move(held_.extract(index).mapped());
  inbox_(Examined{std::move(failed.item), failed.reason,
                  std::move(failed.message)});
}

}  // namespace thumbmill
