// common/shm/arena.h: sparse byte slots in one memfd, shared with workers.
//
// The problem: an image's size is not known before it has arrived, and memory
// is bounded by the run, not by the slot. So every slot is a wide range of a
// sparse memfd; only the pages that were touched cost anything. A slot is
// charged to the budget page by page as it grows and punched when it returns,
// except for its first `keep_bytes`, which stay touched (and charged for good)
// so that small images cost neither a system call nor a page fault. What large
// ones have touched stays, too, up to `warm_bytes` of all free slots together:
// charged, but given back as soon as the budget would refuse somebody.
//
// Owns     the memfd, sealed SHRINK|GROW|SEAL, its mapping, and the private
//          table of slots: free or held, generation, charge.
// Runs in  the coordinator. Workers get reader_fd(), opened read-only.
// Threads  Acquire/Grow/return: the loop's thread. Bytes of a held slot may be
//          written by whichever thread its holder hands them to.
// Units    bytes. A slot is named by index + generation, never by pointer.
// Errors   Create() fails with kIo/kNoMemory. No free slot and no room in the
//          budget are not errors: empty, false.
// Contract proto/PROTOCOL.md, "Slots".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"
#include "common/shm/budget.h"
#include "common/unique_fd.h"

namespace thumbmill {

struct ArenaLayout {
  std::size_t slots = 0;
  std::uint64_t slot_bytes = 0;         // rounded up to whole pages
  std::uint64_t keep_bytes = 64 << 10;  // stays touched when a slot returns
  const char* name = "thumbmill";       // seen in /proc/PID/maps only
  std::uint64_t warm_bytes = 0;         // of all free slots, beyond keep_bytes
};

class Arena;

// The right to use one slot; gives it back when destroyed. Move only.
// Outlived by its Arena.
class SlotLease {
 public:
  SlotLease() = default;
  SlotLease(SlotLease&& other) noexcept;
  SlotLease& operator=(SlotLease&& other) noexcept;
  ~SlotLease() { Reset(); }

  [[nodiscard]] bool valid() const { return arena_ != nullptr; }
  [[nodiscard]] std::uint32_t index() const { return index_; }
  [[nodiscard]] std::uint32_t generation() const { return generation_; }
  // Of the slot within the memfd.
  [[nodiscard]] std::uint64_t offset() const;
  [[nodiscard]] std::uint64_t capacity() const;
  // Bytes that are charged and may be touched.
  [[nodiscard]] std::uint64_t granted() const;
  [[nodiscard]] std::uint8_t* data() const;

  // Makes at least `bytes` usable. False: the budget refused, nothing changed.
  // False also when `bytes` exceeds capacity().
  [[nodiscard]] bool Grow(std::uint64_t bytes);
  void Reset();

 private:
  friend class Arena;
  SlotLease(Arena* arena, std::uint32_t index, std::uint32_t generation)
      : arena_(arena), index_(index), generation_(generation) {}

  Arena* arena_ = nullptr;
  std::uint32_t index_ = 0;
  std::uint32_t generation_ = 0;
};

class Arena {
 public:
  // The budget is charged keep_bytes for a slot when it is first used.
  [[nodiscard]] static Result<std::unique_ptr<Arena>> Create(
      const ArenaLayout& layout, MemoryBudget* budget);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Empty: every slot is held, or the budget refuses even keep_bytes.
  [[nodiscard]] std::optional<SlotLease> Acquire();

  // The whole region as the coordinator itself sees it.
  [[nodiscard]] ByteSpan view() const { return {base_, size_bytes_}; }
  [[nodiscard]] std::size_t held() const { return held_; }
  // Charged for free slots, and given back when it is wanted.
  [[nodiscard]] std::uint64_t warm() const { return warm_; }
  [[nodiscard]] const ArenaLayout& layout() const { return layout_; }
  [[nodiscard]] MemoryBudget* budget() const { return budget_; }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
  // Read and write; for an output memfd that a worker fills.
  [[nodiscard]] int writer_fd() const { return fd_.get(); }
  // Opened O_RDONLY: denies PROT_WRITE, also by mprotect.
  [[nodiscard]] int reader_fd() const { return reader_fd_.get(); }
  // What the kernel has allocated for the memfd now (st_blocks).
  [[nodiscard]] std::uint64_t allocated_bytes() const;

 private:
  friend class SlotLease;
  struct Slot {
    bool held = false;
    bool kept = false;  // keep_bytes are charged already
    std::uint32_t generation = 0;
    std::uint64_t granted = 0;  // includes the kept bytes; free: the warm
  };
  Arena(const ArenaLayout& layout, MemoryBudget* budget);
  bool Grow(std::uint32_t index, std::uint64_t bytes);
  void Return(std::uint32_t index);
  // Also at the cost of what is warm.
  [[nodiscard]] bool Charge(std::uint64_t bytes);
  void Cool(std::uint32_t index, std::uint64_t rest);

  ArenaLayout layout_;
  MemoryBudget* budget_;
  UniqueFd fd_, reader_fd_;
  std::uint8_t* base_ = nullptr;
  std::uint64_t size_bytes_ = 0;
  std::size_t held_ = 0;
  std::uint64_t warm_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;  // a stack: the warm slot first
};

// The same bytes seen from the process that got the descriptor.
class MappedRegion {
 public:
  enum class Access { kRead, kReadWrite };
  // The size comes from the descriptor itself.
  [[nodiscard]] static Result<MappedRegion> Map(int fd, Access access);
  MappedRegion() = default;
  MappedRegion(MappedRegion&& other) noexcept;
  MappedRegion& operator=(MappedRegion&& other) noexcept;
  ~MappedRegion();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Empty when the range does not lie within the region.
  [[nodiscard]] std::optional<ByteSpan> View(std::uint64_t offset,
                                             std::uint64_t length) const;
  [[nodiscard]] std::optional<MutableByteSpan> MutableView(
      std::uint64_t offset, std::uint64_t length) const;

 private:
  std::uint8_t* base_ = nullptr;
  std::uint64_t size_ = 0;
  bool writable_ = false;
};

}  // namespace thumbmill
