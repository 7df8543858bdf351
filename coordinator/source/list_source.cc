#include "coordinator/source/list_source.h"

#include <fmt/format.h>

#include <string_view>

#include "coordinator/net/url.h"
#include "coordinator/source/csv_row.h"
#include "coordinator/source/list_entry.h"

namespace thumbmill {

Result<std::optional<ImageRef>> ListSource::Next() {
  while (true) {
    ASSIGN_OR_RETURN(const auto line, lines_->Next());
    if (!line) return std::nullopt;
    if (lines_->cut()) {
      ImageRef ref;
      ref.uri = Identity(*line);
      ref.reason = Reason::kBadLine;
      ref.message = fmt::format("line {}: longer than {} bytes: '{}'",
                                lines_->line_number(), LineReader::kMaxLine,
                                Excerpt(RedactUrl(line->substr(0, 200))));
      return ref;
    }
    const std::string_view entry = TrimBlanks(*line);
    if (entry.empty() || entry.front() == '#') continue;
    return FromListEntry(entry, lines_->origin());
  }
}

}  // namespace thumbmill
