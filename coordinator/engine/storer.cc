#include "coordinator/engine/storer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/fail_point.h"
#include "common/hash.h"
#include "coordinator/engine/try_log.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"

namespace thumbmill {

Storer::Storer(const StorerParts& parts, const StorerOptions& options,
               Events events)
    : parts_(parts), options_(options), events_(std::move(events)) {}

Storer::Naming Storer::NameOutputs(
    const Item& item, const std::vector<std::vector<std::uint8_t>>& outputs) {
  const Outcome& outcome = item.outcome;
  Naming naming;
  naming.second_claim = options_.name->NeedsSecondClaim(
      item.ref, outcome.output_format, options_.recipe->format);
  for (std::size_t i = 0; i < outcome.thumbnails.size(); ++i) {
    const Thumbnail& thumbnail = outcome.thumbnails[i];
    const SizeSpec& size = options_.recipe->sizes[thumbnail.size_index];
    OutputRecord record;
    record.size = size.text;
    record.width = thumbnail.width;
    record.height = thumbnail.height;
    record.bytes = outputs[i].size();
    const ImageFormat written = outcome.FormatOf(thumbnail);
    // The first claim assumed the extension of `output_format`, so a name with
    // another extension is not claimed yet.
    naming.second_claim |= written != outcome.output_format;
    record.name =
        options_.name->Name(item.ref, size, thumbnail.width, thumbnail.height,
                            written, options_.recipe->format);
    for (const OutputRecord& other : naming.records)
      if (other.name == record.name) naming.clash = record.name;
    naming.records.push_back(std::move(record));
  }
  return naming;
}

void Storer::Add(ItemPtr item, std::vector<std::vector<std::uint8_t>> outputs) {
  ++active_;
  Naming naming = NameOutputs(*item, outputs);
  if (!naming.clash.empty())
    return Fail(item, Reason::kNameCollision,
                fmt::format("two sizes of it get the name '{}'; add {{size}} "
                            "to --name",
                            naming.clash));
  auto store = std::make_shared<StoreItem>();
  store->id = item->ref.index;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    StoreItem::File file;
    file.name = naming.records[i].name;
    file.bytes = std::move(outputs[i]);
    file.content_type =
        RowOf(item->outcome.FormatOf(item->outcome.thumbnails[i])).mime_type;
    store->files.push_back(std::move(file));
  }
  item->store = std::move(store);
  std::vector<std::string> names;
  if (naming.second_claim) names = NamesToClaim(item.get(), naming.records);
  HashAndClaim(std::move(item), std::move(naming.records), std::move(names));
}

// Returns the names that the item must own. The default template gives
// different names for different claims, so the claims are enough. A user's
// template may give one name for two claims, so its names are claimed.
std::vector<std::string> Storer::NamesToClaim(
    Item* item, const std::vector<OutputRecord>& records) const {
  if (options_.name->text().empty()) {
    const Outcome& outcome = item->outcome;
    const auto claim = [&](ImageFormat written) {
      return options_.name->ClaimWritten(item->ref, written,
                                         options_.recipe->format);
    };
    item->claim = claim(outcome.output_format);
    std::vector<std::string> claims = {item->claim};
    for (const Thumbnail& thumbnail : outcome.thumbnails) {
      std::string name = claim(outcome.FormatOf(thumbnail));
      if (std::find(claims.begin(), claims.end(), name) == claims.end())
        claims.push_back(std::move(name));
    }
    return claims;
  }
  std::vector<std::string> names;
  names.reserve(records.size());
  for (const OutputRecord& record : records) names.push_back(record.name);
  return names;
}

// Does in the pool what the loop's thread must not wait for: the hashes of all
// outputs, and the journal, which may wait for the disk or for another caller.
void Storer::HashAndClaim(ItemPtr item, std::vector<OutputRecord> records,
                          std::vector<std::string> names) {
  parts_.pool->Submit([this, watch = guard_.watch(), store = item->store,
                       item = std::move(item), records = std::move(records),
                       names = std::move(names), parts = parts_]() mutable {
    for (std::size_t i = 0; i < records.size(); ++i)
      records[i].sha256 = ToHex(HashBytes(store->files[i].bytes));
    // A name that the first claim covers needs no second one.
    Result<std::optional<TakenName>> taken = std::nullopt;
    if (!names.empty())
      taken = parts.journal->ClaimNames(names, item->source_key);
    parts.loop->Post(
        watch.Wrap([this, item = std::move(item), records = std::move(records),
                    taken = std::move(taken)]() mutable {
          OnClaimed(item, std::move(records), std::move(taken));
        }));
  });
}

void Storer::OnClaimed(const ItemPtr& item, std::vector<OutputRecord> records,
                       Result<std::optional<TakenName>> taken) {
  if (!taken) {
    --active_;
    return events_.fatal(taken.error().what);
  }
  if (taken->has_value())
    return Fail(item, Reason::kNameCollision,
                fmt::format("its name '{}' belongs to {}", (*taken)->name,
                            (*taken)->owner));
  Put(item, std::move(records));
}

void Storer::Put(const ItemPtr& item, std::vector<OutputRecord> records) {
  item->Move(ItemState::kStoring);
  ++item->put_tries;
  under_way_[item] = Now();
  parts_.sink->Put(
      item->store,
      guard_.Wrap([this, item, records = std::move(records)](
                      const std::shared_ptr<StoreItem>&, StoreResult result) {
        OnPut(item, records, std::move(result));
      }));
}

void Storer::OnPut(const ItemPtr& item, std::vector<OutputRecord> records,
                   StoreResult result) {
  const auto since = under_way_.extract(item).mapped();
  LogStoreTry(*item, std::chrono::duration_cast<Micros>(Now() - since), result);
  switch (result.outcome) {
    case StoreOutcome::kStored:
      TM_FAIL_POINT("stored");
      LetGo(item.get());
      item->Move(ItemState::kStored);
      --active_;
      return events_.stored(item, std::move(records));
    case StoreOutcome::kRefused:
      return Fail(item, Reason::kUpload, std::move(result.message));
    case StoreOutcome::kTransient:
      return TryLater(item, std::move(records), std::move(result));
    case StoreOutcome::kAway:
      if (stopped_)
        return Fail(item, Reason::kUpload, std::move(result.message));
      --item->put_tries;
      item->Move(ItemState::kMade);
      events_.retried();
      return Put(item, std::move(records));
    case StoreOutcome::kFatal:
      --active_;
      return events_.fatal(std::move(result.message));
  }
}

void Storer::TryLater(const ItemPtr& item, std::vector<OutputRecord> records,
                      StoreResult result) {
  const std::optional<Millis> delay =
      options_.retry.NextDelay(item->put_tries, result.retry_after, random_());
  if (stopped_ || !delay)
    return Fail(item, Reason::kUpload, std::move(result.message));
  item->Move(ItemState::kMade);
  events_.retried();
  ++waiting_;
  LogRetry("store", *item, *delay);
  // The timer may fire after StopRetrying(), which has already given up the
  // item.
  parts_.loop->After(*delay,
                     guard_.Wrap([this, item, records = std::move(records)] {
                       if (stopped_) return;
                       --waiting_;
                       Put(item, records);
                     }));
}

void Storer::StopRetrying() {
  stopped_ = true;
  active_ -= std::exchange(waiting_, 0);
}

void Storer::LetGo(Item* item) {
  // clear() would keep the memory; a swap with an empty vector frees it. The
  // names stay: Publish() needs them.
  for (StoreItem::File& file : item->store->files)
    std::vector<std::uint8_t>().swap(file.bytes);
  parts_.store->Release(std::exchange(item->store_grant, 0));
}

void Storer::Fail(const ItemPtr& item, Reason reason, std::string message) {
  if (item->store) LetGo(item.get());
  parts_.store->Release(std::exchange(item->store_grant, 0));
  item->store.reset();
  --active_;
  events_.failed(item, reason, std::move(message));
}

}  // namespace thumbmill
