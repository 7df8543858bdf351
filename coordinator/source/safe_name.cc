#include "coordinator/source/safe_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/hash.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxPartBytes = 255;

bool IsUnsafe(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || u == 0x7f || c == '\\';
}

// Returns true if `text` starts like an escape of SafePart(): '%' and the two
// digits of a byte that SafePart() escapes. SafePart() escapes such a '%' too;
// otherwise a file named "%0a" and one named by a line feed would collide.
bool LooksEscaped(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return false;
  const char high = text[1], low = text[2];
  const bool hex = (low >= '0' && low <= '9') || (low >= 'a' && low <= 'f');
  if (high == '0' || high == '1') return hex;
  return (high == '2' && (low == '5' || low == 'e')) ||
         (high == '5' && low == 'c') || (high == '7' && low == 'f');
}

// Returns a part that is safe in a target: escapes control characters,
// backslashes, and the dots of "." and "..".
std::string SafePart(std::string_view part) {
  const bool dots = part == "." || part == "..";
  std::string safe;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (dots || IsUnsafe(part[i]) || LooksEscaped(part.substr(i))) {
      AppendEscaped(part[i], &safe);
    } else {
      safe += part[i];
    }
  }
  return safe;
}

// Cuts a part to the bytes that file systems allow. A hash keeps parts distinct
// that would become equal. The end stays, because it tells size and format.
std::string FitPart(std::string part) {
  if (part.size() <= kMaxPartBytes) return part;
  constexpr std::size_t kTail = 48;
  const std::string mark = "~" + ToHex(HashKey(part)).substr(0, 16) + "~";
  const std::size_t head = kMaxPartBytes - kTail - mark.size();
  std::size_t cut = head;
  // Never cut within a UTF-8 character.
  while (cut > 0 && (static_cast<unsigned char>(part[cut]) & 0xc0) == 0x80)
    --cut;
  std::size_t tail = part.size() - kTail;
  while (tail < part.size() &&
         (static_cast<unsigned char>(part[tail]) & 0xc0) == 0x80)
    ++tail;
  return part.substr(0, cut) + mark + part.substr(tail);
}

}  // namespace

void AppendEscaped(char c, std::string* out) {
  *out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
}

std::string OnePart(std::string_view stem) {
  std::string safe;
  for (const char c : stem) {
    if (c == '/') {
      AppendEscaped(c, &safe);
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string SafeName(std::string_view name) {
  std::string safe;
  std::size_t from = 0;
  while (from <= name.size()) {
    const std::size_t slash = std::min(name.find('/', from), name.size());
    const std::string_view part = name.substr(from, slash - from);
    if (!part.empty()) {
      if (!safe.empty()) safe += '/';
      safe += FitPart(SafePart(part));
    }
    from = slash + 1;
  }
  if (safe.empty()) return "unnamed";  // "{dir}" of a file at the root
  // The state folder of a run lies beside the thumbnails: no thumbnail may
  // overwrite a file in it.
  if (safe == ".thumbmill" || safe.starts_with(".thumbmill/"))
    safe.replace(0, 1, "%2e");
  return safe;
}

}  // namespace thumbmill
