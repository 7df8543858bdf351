#include "coordinator/engine/try_log.h"

#include <fmt/format.h>

#include <string>

#include "common/log.h"
#include "coordinator/cli/units.h"

namespace thumbmill {
namespace {

std::string Ms(Micros time) {
  return fmt::format("{:.1f} ms", static_cast<double>(time.count()) / 1000);
}

// Returns "reason: message".
std::string Failure(Reason reason, const std::string& message) {
  return fmt::format("{}: {}", ToString(reason), message);
}

}  // namespace

void LogFetchTry(const Item& item, const FetchAnswer& answer) {
  if (!LogEnabled(LogLevel::kDebug)) return;
  const TransferTimes& times = item.fetch_times;
  std::string text =
      fmt::format("fetch {}, try {}: ", NameOf(item), item.fetch_tries);
  text += answer.reason == Reason::kNone
              ? FormatBytes(item.length)
              : Failure(answer.reason, answer.message);
  // A dropped download has no times.
  if (!answer.dropped) text += " after " + Ms(times.total);
  if (item.ref.is_url && !answer.dropped)
    text += fmt::format(" (name {}, connection {}, first byte {})",
                        Ms(times.dns), Ms(times.connect), Ms(times.first_byte));
  LogDebug(text);
}

void LogMakeTry(const Item& item) {
  if (!LogEnabled(LogLevel::kDebug)) return;
  const Outcome& outcome = item.outcome;
  std::string text =
      fmt::format("make {}, attempt {}: ", NameOf(item), item.attempts + 1);
  if (outcome.needs_output_bytes > 0)
    text += "needs more room for its thumbnails";
  else if (outcome.reason != Reason::kNone)
    text += Failure(outcome.reason, outcome.message);
  else
    text += fmt::format("{} thumbnails", outcome.thumbnails.size());
  LogDebug(fmt::format("{} (decode {}, resize {}, encode {})", text,
                       Ms(outcome.times.decode), Ms(outcome.times.resize),
                       Ms(outcome.times.encode)));
}

void LogStoreTry(const Item& item, Micros took, const StoreResult& result) {
  if (!LogEnabled(LogLevel::kDebug)) return;
  LogDebug(fmt::format(
      "store {}, try {}: {} after {}", NameOf(item), item.put_tries,
      result.outcome == StoreOutcome::kStored ? "done" : result.message,
      Ms(took)));
}

void LogRetry(const char* name, const Item& item, Millis delay) {
  if (!LogEnabled(LogLevel::kDebug)) return;
  LogDebug(
      fmt::format("{} {}: again in {} ms", name, NameOf(item), delay.count()));
}

}  // namespace thumbmill
