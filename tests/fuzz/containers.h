// tests/fuzz/containers.h: a mutator that knows what PNG, JPEG, WebP, GIF and
// AVIF files are made of, so that a change gets past lengths and check sums.
//
// The idea: a file is a list of parts (chunks, segments, blocks, boxes). One of
// them is removed, doubled, moved, changed, or taken from another file; then
// all are written again with right lengths and CRCs.
//
// Errors  none: bytes that are no such file have no parts, and what is left
//         over stays as one part at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace thumbmill::fuzz {

using Bytes = std::vector<std::uint8_t>;

enum class Container : std::uint8_t { kNone, kPng, kJpeg, kWebp, kGif, kAvif };

struct Part {
  // PNG, WebP, AVIF: four letters. JPEG: the second byte of the marker. GIF:
  // the first byte of the block, and the label of an extension. Empty: bytes
  // that belong to no part, written as they are.
  std::string type;
  // Without lengths and sums: they are made as the part is written. GIF, and
  // the scan of a JPEG: all that follows the type.
  Bytes body;
  // AVIF: instead of a body, boxes, after so many bytes of `body`.
  std::vector<Part> boxes;
};

struct File {
  Container container = Container::kNone;
  Bytes head;  // what stands before the first part
  std::vector<Part> parts;
};

[[nodiscard]] File Parse(ByteSpan bytes);
[[nodiscard]] Bytes Write(const File& file);

// Draws a number below its argument, which is not 0.
using Below = std::function<std::size_t(std::size_t)>;
// Changes bytes, in a length up to the second argument.
using ChangeBytes = std::function<void(Bytes*, std::size_t)>;

// Changes one part; may take one from `other`. False: there is no part.
bool MutateParts(const Below& below, const ChangeBytes& change,
                 const File& other, File* file);

}  // namespace thumbmill::fuzz
