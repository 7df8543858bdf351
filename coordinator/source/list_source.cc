#include "coordinator/source/list_source.h"

#include <fmt/format.h>

#include <string_view>

#include "coordinator/source/list_entry.h"

namespace thumbmill {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

Result<std::optional<ImageRef>> ListSource::Next() {
  while (true) {
    ASSIGN_OR_RETURN(const auto line, lines_->Next());
    if (!line) return std::nullopt;
    if (lines_->cut()) {
      ImageRef ref;
      ref.uri = Excerpt(*line);
      ref.reason = Reason::kBadLine;
      ref.message = fmt::format("a line longer than {} bytes",
                                LineReader::kMaxLine);
      return ref;
    }
    const std::string_view entry = Trim(*line);
    if (entry.empty() || entry.front() == '#') continue;
    return FromListEntry(entry, Origin::kList);
  }
}

}  // namespace thumbmill
