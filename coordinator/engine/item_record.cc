#include "coordinator/engine/item_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "coordinator/net/url.h"

namespace thumbmill {

bool IsSkip(const Item& item, Reason reason) {
  if (reason == Reason::kDuplicate || reason == Reason::kFiltered) return true;
  // A walk finds other files too, but a list is expected to name images.
  return reason == Reason::kNotImage && item.ref.origin == Origin::kDirectory;
}

std::string CollisionText(const Item& item, const std::string& owner) {
  return fmt::format(
      "its name '{}' belongs to {}; --name '{}' tells them apart", item.claim,
      RedactUrl(owner),
      item.ref.is_url ? "{host}/{dir}/{stem}-{hash}_{size}.{ext}"
                      : "{dir}/{stem}.{srcext}_{size}.{ext}");
}

ItemRecord RecordOf(const Item& item) {
  ItemRecord record;
  record.index = item.ref.index;
  record.source_key = item.source_key;
  record.uri = item.ref.uri;
  record.claim = item.claim;
  record.stamp = item.ref.stamp;
  record.warnings = item.outcome.warnings;
  record.attempts = static_cast<std::uint32_t>(
      std::max({item.attempts, item.fetch_tries, item.put_tries}));
  record.signal = item.signal;
  record.phase = item.phase;
  record.width = item.outcome.source_width;
  record.height = item.outcome.source_height;
  record.bytes_in = item.length;
  record.sha256 = item.sha256;
  record.host = item.ref.host;
  record.dir = item.ref.dir;
  record.stem = item.ref.stem;
  record.srcext = item.ref.srcext;
  return record;
}

Micros TimeToMake(const Item& item) {
  return std::chrono::duration_cast<Micros>(item.made_at - item.ready_at);
}

std::uint64_t BytesOf(const std::vector<std::vector<std::uint8_t>>& outputs) {
  std::uint64_t bytes = 0;
  for (const auto& output : outputs) bytes += output.size();
  return bytes;
}

FinalImage ForCounters(const Item& item, const ItemRecord& record) {
  FinalImage image;
  image.status = record.status;
  image.reason = record.reason;
  image.warned = !record.warnings.empty();
  image.bytes_in = record.bytes_in;
  image.files_out = record.outputs.size();
  for (const OutputRecord& output : record.outputs)
    image.bytes_out += output.bytes;
  if (item.ref.is_url) image.host = item.ref.host;
  image.fetch_time = item.fetch_times.total;
  return image;
}

}  // namespace thumbmill
