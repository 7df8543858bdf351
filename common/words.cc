#include "common/words.h"

#include <algorithm>

namespace thumbmill {
namespace {

// Counts the edits between two words (optimal string alignment). Keeps three
// rows of the usual table: a swap looks two rows back.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + other});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string NormaliseFlag(std::string argument) {
  if (!argument.starts_with("--")) return argument;
  const std::size_t end = std::min(argument.find('='), argument.size());
  std::replace(argument.begin(),
               argument.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
  return argument;
}

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    if (comma > from) parts.emplace_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

std::string NearestWord(std::string_view word,
                        std::span<const std::string> known) {
  // A typed word may be wrong in a third of its letters. A longer one than any
  // real flag is no slip, and its table would cost time.
  constexpr std::size_t kLongest = 64;
  if (word.size() > kLongest) return "";
  std::size_t least = std::max<std::size_t>(word.size() / 3, 1) + 1;
  std::string nearest;
  for (const std::string& each : known) {
    const std::size_t distance = EditDistance(word, each);
    if (distance >= least) continue;
    least = distance;
    nearest = each;
  }
  return nearest;
}

}  // namespace thumbmill
