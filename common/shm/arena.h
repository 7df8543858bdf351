// common/shm/arena.h: sparse byte slots in one memfd, shared with workers.
//
// The problem: the size of an image is unknown until it has arrived, and the
// limit on memory is one for the whole run, not one for each slot.
//
// The idea: each slot is a wide range of a sparse memfd, where only touched
// pages cost memory. A growing slot is charged to the budget page by page. When
// it returns, its pages are released (a punched hole), except:
//   kept   its first `keep_bytes` stay touched and charged for good, so that a
//          small image costs neither a system call nor a page fault;
//   warm   up to `warm_bytes` more, over all free slots together, stay touched
//          and charged until the budget would refuse a charge.
//
// Owns     the memfd, sealed SHRINK|GROW|SEAL, its mapping, and the private
//          table of slots: free or held, generation, charge.
// Runs in  the coordinator. Workers get reader_fd(), opened read-only.
// Threads  the loop's thread acquires, grows and returns slots. The holder of a
//          slot may let any thread write its bytes.
// Units    bytes. A slot is named by index + generation, never by pointer.
// Errors   Create() fails with kIo or kNoMemory. A lack of free slots or of
//          budget is not an error: Acquire() returns empty, Grow() false.
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
  std::uint64_t keep_bytes = 64 << 10;  // stay touched when a slot returns
  const char* name = "thumbmill";       // shown in /proc/PID/maps only
  std::uint64_t warm_bytes = 0;         // for all free slots, beyond keep_bytes
};

class Arena;

// The right to use one slot. Returns the slot when destroyed. Move only. The
// Arena must outlive it.
class SlotLease {
 public:
  SlotLease() = default;
  SlotLease(SlotLease&& other) noexcept;
  SlotLease& operator=(SlotLease&& other) noexcept;
  ~SlotLease() { Reset(); }

  [[nodiscard]] bool valid() const { return arena_ != nullptr; }
  [[nodiscard]] std::uint32_t index() const { return index_; }
  [[nodiscard]] std::uint32_t generation() const { return generation_; }
  // Byte offset of the slot within the memfd.
  [[nodiscard]] std::uint64_t offset() const;
  [[nodiscard]] std::uint64_t capacity() const;
  // Bytes that are charged and may be touched.
  [[nodiscard]] std::uint64_t granted() const;
  [[nodiscard]] std::uint8_t* data() const;

  // Makes at least `bytes` usable. Returns false and changes nothing if the
  // budget refuses or if `bytes` exceeds capacity().
  [[nodiscard]] bool Grow(std::uint64_t bytes);
  // Gives the pages of the bytes back to the system; they then read as zeros.
  // Reset() does the same, but for a large slot this takes long: 30 ms for
  // 100 MB. Any thread may call it while nobody else uses the lease.
  void DropPages() const;
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
  // Each slot charges keep_bytes to `budget` at its first use.
  [[nodiscard]] static Result<std::unique_ptr<Arena>> Create(
      const ArenaLayout& layout, MemoryBudget* budget);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Returns empty if every slot is held, or if the budget refuses even
  // keep_bytes.
  [[nodiscard]] std::optional<SlotLease> Acquire();

  // The whole region in the coordinator's own mapping.
  [[nodiscard]] ByteSpan view() const { return {base_, size_bytes_}; }
  [[nodiscard]] std::size_t held() const { return held_; }
  // Bytes of free slots that are still charged. Charge() releases them when the
  // budget is full.
  [[nodiscard]] std::uint64_t warm() const { return warm_; }
  [[nodiscard]] const ArenaLayout& layout() const { return layout_; }
  [[nodiscard]] MemoryBudget* budget() const { return budget_; }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
  // Opened read-write; for an output memfd that a worker fills.
  [[nodiscard]] int writer_fd() const { return fd_.get(); }
  // A read-only descriptor (O_RDONLY). A process that has only this one cannot
  // map the memory for writing, not even with mprotect().
  [[nodiscard]] int reader_fd() const { return reader_fd_.get(); }
  // Bytes that the kernel has allocated for the memfd now (st_blocks).
  [[nodiscard]] std::uint64_t allocated_bytes() const;

 private:
  friend class SlotLease;
  struct Slot {
    bool held = false;
    bool kept = false;  // its keep_bytes are charged
    std::uint32_t generation = 0;
    std::uint64_t granted = 0;  // charged bytes: kept, and grown or warm
  };
  Arena(const ArenaLayout& layout, MemoryBudget* budget);
  bool Grow(std::uint32_t index, std::uint64_t bytes);
  void Return(std::uint32_t index);
  // Punches the granted pages of a slot beyond `rest` bytes.
  void Punch(std::uint32_t index, std::uint64_t rest) const;
  // Charges `bytes`. Cools warm slots if the budget refuses.
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
  std::vector<std::uint32_t> free_;  // a stack: the last one used comes first
};

// A mapping of the same bytes in the process that received the descriptor.
class MappedRegion {
 public:
  enum class Access { kRead, kReadWrite };
  // Maps the whole file. Asks the descriptor for its size.
  [[nodiscard]] static Result<MappedRegion> Map(int fd, Access access);
  MappedRegion() = default;
  MappedRegion(MappedRegion&& other) noexcept;
  MappedRegion& operator=(MappedRegion&& other) noexcept;
  ~MappedRegion();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Returns empty if the range does not lie within the region.
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
