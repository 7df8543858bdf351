#include "common/shm/arena.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "common/check.h"

namespace thumbmill {
namespace {

std::uint64_t PageSize() {
  static const auto size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return size;
}

std::uint64_t WholePages(std::uint64_t bytes) {
  const std::uint64_t page = PageSize();
  return (bytes + page - 1) / page * page;
}

// Opens a second, read-only descriptor of the same file. The first descriptor
// of a memfd is always read-write, and nothing can take that away.
Result<UniqueFd> OpenReader(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  UniqueFd reader(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reader.valid()) return FailSystem("open " + path, errno);
  return reader;
}

}  // namespace

// ---- SlotLease ---------------------------------------------------------

SlotLease::SlotLease(SlotLease&& other) noexcept
    : arena_(std::exchange(other.arena_, nullptr)),
      index_(other.index_),
      generation_(other.generation_) {}

SlotLease& SlotLease::operator=(SlotLease&& other) noexcept {
  if (this == &other) return *this;
  Reset();
  arena_ = std::exchange(other.arena_, nullptr);
  index_ = other.index_;
  generation_ = other.generation_;
  return *this;
}

std::uint64_t SlotLease::offset() const {
  CHECK(valid());
  return index_ * arena_->layout_.slot_bytes;
}

std::uint64_t SlotLease::capacity() const {
  CHECK(valid());
  return arena_->layout_.slot_bytes;
}

std::uint64_t SlotLease::granted() const {
  CHECK(valid());
  return arena_->slots_[index_].granted;
}

std::uint8_t* SlotLease::data() const {
  CHECK(valid());
  return arena_->base_ + offset();
}

bool SlotLease::Grow(std::uint64_t bytes) {
  CHECK(valid());
  return arena_->Grow(index_, bytes);
}

void SlotLease::DropPages() const {
  arena_->Punch(index_, arena_->layout_.keep_bytes);
}

void SlotLease::Reset() {
  if (arena_ == nullptr) return;
  std::exchange(arena_, nullptr)->Return(index_);
}

// ---- Arena -------------------------------------------------------------

Arena::Arena(const ArenaLayout& layout, MemoryBudget* budget)
    : layout_(layout), budget_(budget) {}

Result<std::unique_ptr<Arena>> Arena::Create(const ArenaLayout& layout,
                                             MemoryBudget* budget) {
  CHECK(layout.slots > 0 && layout.slot_bytes > 0);
  auto arena = std::unique_ptr<Arena>(new Arena(layout, budget));
  arena->layout_.slot_bytes = WholePages(layout.slot_bytes);
  arena->layout_.keep_bytes =
      std::min(WholePages(layout.keep_bytes), arena->layout_.slot_bytes);
  arena->layout_.warm_bytes = WholePages(layout.warm_bytes);
  if (layout.slots > (std::uint64_t{1} << 46) / arena->layout_.slot_bytes)
    return Fail(ErrorCode::kNoMemory, "the shared slots exceed 64 TB");
  arena->size_bytes_ = layout.slots * arena->layout_.slot_bytes;

  arena->fd_.Reset(memfd_create(layout.name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const int fd = arena->fd_.get();
  if (fd < 0) return FailSystem("memfd_create", errno);
  if (ftruncate(fd, static_cast<off_t>(arena->size_bytes_)) != 0)
    return FailSystem("ftruncate of shared memory", errno);
  // Without the seal a worker could shrink the file, and the next read here
  // would raise SIGBUS.
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return FailSystem("sealing shared memory", errno);
  ASSIGN_OR_RETURN(arena->reader_fd_, OpenReader(fd));
  // MAP_NORESERVE: the slots' ranges are far larger than the memory, and the
  // budget bounds their touched pages.
  void* base = mmap(nullptr, arena->size_bytes_, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base == MAP_FAILED) return FailSystem("mmap of shared memory", errno);
  arena->base_ = static_cast<std::uint8_t*>(base);
  arena->slots_.resize(layout.slots);
  for (std::size_t i = layout.slots; i > 0; --i)
    arena->free_.push_back(static_cast<std::uint32_t>(i - 1));
  return arena;
}

Arena::~Arena() {
  if (base_ != nullptr) munmap(base_, size_bytes_);
}

std::optional<SlotLease> Arena::Acquire() {
  if (free_.empty()) return std::nullopt;
  const std::uint32_t index = free_.back();
  Slot& slot = slots_[index];
  if (!slot.kept) {
    if (!Charge(layout_.keep_bytes)) return std::nullopt;
    slot.kept = true;
    slot.granted = layout_.keep_bytes;
  }
  free_.pop_back();
  // The holder takes over the charge of the slot's warm pages.
  warm_ -= slot.granted - layout_.keep_bytes;
  slot.held = true;
  ++held_;
  return SlotLease(this, index, slot.generation);
}

bool Arena::Grow(std::uint32_t index, std::uint64_t bytes) {
  Slot& slot = slots_[index];
  CHECK(slot.held);
  if (bytes <= slot.granted) return true;
  if (bytes > layout_.slot_bytes) return false;
  const std::uint64_t wanted = WholePages(bytes);
  if (!Charge(wanted - slot.granted)) return false;
  slot.granted = wanted;
  return true;
}

bool Arena::Charge(std::uint64_t bytes) {
  // Cool the bottom of the stack first: those slots are used again last.
  for (std::size_t i = 0; !budget_->TryCharge(bytes); ++i) {
    while (i < free_.size() && slots_[free_[i]].granted <= layout_.keep_bytes)
      ++i;
    if (i >= free_.size()) return false;
    const std::uint32_t index = free_[i];
    warm_ -= slots_[index].granted - layout_.keep_bytes;
    Cool(index, layout_.keep_bytes);
  }
  return true;
}

void Arena::Punch(std::uint32_t index, std::uint64_t rest) const {
  const std::uint64_t granted = slots_[index].granted;
  if (granted <= rest) return;
  // Cannot fail for a range within the file. If it did, the pages would only
  // stay until the next use of the slot.
  (void)fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(index * layout_.slot_bytes + rest),
                  static_cast<off_t>(granted - rest));
}

// Releases the pages and the charge of a slot beyond `rest` bytes.
void Arena::Cool(std::uint32_t index, std::uint64_t rest) {
  Slot& slot = slots_[index];
  if (slot.granted <= rest) return;
  Punch(index, rest);
  budget_->Release(slot.granted - rest);
  slot.granted = rest;
}

void Arena::Return(std::uint32_t index) {
  Slot& slot = slots_[index];
  CHECK(slot.held);
  // Keep as many pages warm as the limit for all free slots still allows.
  Cool(index, layout_.keep_bytes + layout_.warm_bytes - warm_);
  warm_ += slot.granted - layout_.keep_bytes;
  slot.held = false;
  // A message that still names the old holder's slot no longer matches.
  ++slot.generation;
  --held_;
  free_.push_back(index);
}

std::uint64_t Arena::allocated_bytes() const {
  struct stat st;
  if (fstat(fd_.get(), &st) != 0) return 0;
  return static_cast<std::uint64_t>(st.st_blocks) * 512;
}

// ---- MappedRegion ------------------------------------------------------

Result<MappedRegion> MappedRegion::Map(int fd, Access access) {
  struct stat st;
  if (fstat(fd, &st) != 0) return FailSystem("fstat of shared memory", errno);
  MappedRegion region;
  region.size_ = static_cast<std::uint64_t>(st.st_size);
  region.writable_ = access == Access::kReadWrite;
  const int protection = region.writable_ ? PROT_READ | PROT_WRITE : PROT_READ;
  void* base = mmap(nullptr, region.size_, protection,
                    MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base == MAP_FAILED) return FailSystem("mmap of shared memory", errno);
  region.base_ = static_cast<std::uint8_t*>(base);
  return region;
}

MappedRegion::MappedRegion(MappedRegion&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      writable_(other.writable_) {}

MappedRegion& MappedRegion::operator=(MappedRegion&& other) noexcept {
  if (this == &other) return *this;
  if (base_ != nullptr) munmap(base_, size_);
  base_ = std::exchange(other.base_, nullptr);
  size_ = std::exchange(other.size_, 0);
  writable_ = other.writable_;
  return *this;
}

MappedRegion::~MappedRegion() {
  if (base_ != nullptr) munmap(base_, size_);
}

std::optional<ByteSpan> MappedRegion::View(std::uint64_t offset,
                                           std::uint64_t length) const {
  if (offset > size_ || length > size_ - offset) return std::nullopt;
  return ByteSpan(base_ + offset, length);
}

std::optional<MutableByteSpan> MappedRegion::MutableView(
    std::uint64_t offset, std::uint64_t length) const {
  if (!writable_ || offset > size_ || length > size_ - offset)
    return std::nullopt;
  return MutableByteSpan(base_ + offset, length);
}

}  // namespace thumbmill
