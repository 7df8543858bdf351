// tests/fuzz/containers.h: a mutator that understands the structure of PNG,
// JPEG, WebP, GIF, AVIF and BMP files, so that its changes get past the checks
// of lengths and check sums.
//
// The idea: a file is a list of parts (chunks, segments, blocks, boxes). The
// mutator removes, doubles, moves or changes one part, or takes one from
// another file. It then writes all parts again with correct lengths and CRCs.
//
// Errors  none. A file of another format has no parts. Bytes that fit no part
//         stay at the end as one part without a type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace thumbmill::fuzz {

using Bytes = std::vector<std::uint8_t>;

enum class Container : std::uint8_t {
  kNone,
  kPng,
  kJpeg,
  kWebp,
  kGif,
  kAvif,
  kBmp,
};

struct Part {
  // Type of the part: four letters in PNG, WebP and AVIF; the second byte of
  // the marker in JPEG; the first byte of the block in GIF, with the label if
  // the block is an extension; "info", "more" or "data" in BMP. An empty type
  // marks bytes that belong to no part; Write() copies them unchanged.
  std::string type;
  // Bytes of the part without lengths and check sums, which Write() computes.
  // GIF blocks and the scan of a JPEG hold all bytes after the type.
  Bytes body;
  // Boxes inside an AVIF box. `body` then holds only the bytes before the
  // first.
  std::vector<Part> boxes;
};

struct File {
  Container container = Container::kNone;
  Bytes head;  // bytes before the first part
  std::vector<Part> parts;
};

[[nodiscard]] File Parse(ByteSpan bytes);
[[nodiscard]] Bytes Write(const File& file);

// Returns a random number below its argument, which is not 0.
using Below = std::function<std::size_t(std::size_t)>;
// Changes bytes at random; the result has at most as many as the second
// argument.
using ChangeBytes = std::function<void(Bytes*, std::size_t)>;

// Changes one part; may take one from `other`. Returns false if it changed
// nothing.
bool MutateParts(const Below& below, const ChangeBytes& change,
                 const File& other, File* file);

}  // namespace thumbmill::fuzz
