// libFuzzer's hooks for image targets. Three changes in four go to the parts of
// a file (containers.h); the others go to its bytes, as in libFuzzer itself. A
// target compiles this file in if it has a "Mutator:" line.
#include <algorithm>
#include <cstring>
#include <random>

#include "tests/fuzz/containers.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t max_size);

namespace {

using thumbmill::ByteSpan;
using thumbmill::fuzz::Below;
using thumbmill::fuzz::Bytes;
using thumbmill::fuzz::File;
using thumbmill::fuzz::MutateParts;
using thumbmill::fuzz::Parse;
using thumbmill::fuzz::Write;

// Returns a file that was changed earlier; the mutator takes parts from it.
File& Other() {
  static File other;
  return other;
}

void ChangeAsLibFuzzer(Bytes* bytes, std::size_t most) {
  if (most == 0) return;
  const std::size_t size = bytes->size();
  bytes->resize(std::max(most, size));
  bytes->resize(LLVMFuzzerMutate(bytes->data(), size, bytes->size()));
}

// Returns the bytes stored, or 0 if `made` is empty or too long.
std::size_t Store(const Bytes& made, std::uint8_t* data, std::size_t max_size) {
  if (made.empty() || made.size() > max_size) return 0;
  std::memcpy(data, made.data(), made.size());
  return made.size();
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t max_size,
                                               unsigned int seed) {
  std::minstd_rand random(seed);
  const Below below = [&random](std::size_t limit) { return random() % limit; };
  if (below(4) > 0) {
    File file = Parse(ByteSpan(data, size));
    File before = file;
    bool changed = false;
    for (std::size_t n = 1 + below(3); n > 0; --n)
      changed |= MutateParts(below, ChangeAsLibFuzzer, Other(), &file);
    if (changed)
      if (const std::size_t made = Store(Write(file), data, max_size)) {
        if (below(8) == 0) Other() = std::move(before);
        return made;
      }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}

// Replaces or inserts parts of the first file, taking them from the second.
extern "C" std::size_t LLVMFuzzerCustomCrossOver(
    const std::uint8_t* one, std::size_t one_size, const std::uint8_t* two,
    std::size_t two_size, std::uint8_t* out, std::size_t max_size,
    unsigned int seed) {
  std::minstd_rand random(seed);
  const Below below = [&random](std::size_t limit) { return random() % limit; };
  File file = Parse(ByteSpan(one, one_size));
  const File other = Parse(ByteSpan(two, two_size));
  const auto nothing = [](Bytes*, std::size_t) {};
  for (int i = 0; i < 3; ++i)
    static_cast<void>(MutateParts(below, nothing, other, &file));
  return Store(Write(file), out, max_size);
}
