#include <algorithm>
#include <array>
#include <utility>

#include "tests/fuzz/containers.h"

namespace thumbmill::fuzz {
namespace {

// Returns a random list of parts, at any depth.
std::vector<Part>* AnyList(const Below& below, std::vector<Part>* parts) {
  std::vector<Part*> inner;
  for (Part& part : *parts)
    if (!part.boxes.empty()) inner.push_back(&part);
  if (inner.empty() || below(3) == 0) return parts;
  return AnyList(below, &inner[below(inner.size())]->boxes);
}

const Part* AnyPart(const Below& below, const std::vector<Part>& parts) {
  if (parts.empty()) return nullptr;
  const Part& part = parts[below(parts.size())];
  if (part.boxes.empty() || below(3) == 0) return &part;
  return AnyPart(below, part.boxes);
}

// Replaces a number of one, two or four bytes with a value at an edge of its
// range.
void ChangeField(const Below& below, Bytes* body) {
  constexpr std::array<std::uint32_t, 10> kEdges = {
      0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF};
  const std::size_t width = std::size_t{1} << below(3);
  if (body->size() < width) return;
  // Half of the changes go to the front, where most lengths and counts are.
  const std::size_t range =
      below(2) == 0 ? std::min<std::size_t>(body->size(), 32) : body->size();
  const std::size_t at = below(range - std::min(range, width) + 1);
  std::uint32_t value = kEdges[below(kEdges.size())];
  for (std::size_t i = std::min(width, body->size() - at); i-- > 0; value >>= 8)
    (*body)[at + i] = static_cast<std::uint8_t>(value);
}

}  // namespace

bool MutateParts(const Below& below, const ChangeBytes& change,
                 const File& other, File* file) {
  if (file->container == Container::kNone || file->parts.empty()) return false;
  std::vector<Part>& parts = *AnyList(below, &file->parts);
  const std::size_t n = parts.size();
  const std::size_t i = below(n);
  const auto at = [&](std::size_t k) {
    return parts.begin() + static_cast<std::ptrdiff_t>(k);
  };
  switch (below(8)) {
    case 0:
      parts.erase(at(i));
      return true;
    case 1: {
      Part twin = parts[i];
      parts.insert(at(below(n + 1)), std::move(twin));
      return true;
    }
    case 2:
      std::swap(parts[i], parts[below(n)]);
      return true;
    case 3: {
      // Parts fit only into a file of their own format.
      const Part* taken = other.container == file->container
                              ? AnyPart(below, other.parts)
                              : nullptr;
      if (taken == nullptr) return false;
      Part copy = *taken;
      if (below(2) == 0) {
        parts[i] = std::move(copy);
      } else {
        parts.insert(at(below(n + 1)), std::move(copy));
      }
      return true;
    }
    case 4:
      change(&file->head, file->head.size());
      return !file->head.empty();
    case 5:
    case 6:
      ChangeField(below, &parts[i].body);
      return true;
    default:
      change(&parts[i].body, parts[i].body.size() + 64);
      return true;
  }
}

}  // namespace thumbmill::fuzz
