#include "coordinator/engine/item.h"

#include <optional>

#include "common/check.h"
#include "coordinator/net/url.h"

namespace thumbmill {

const char* ToString(ItemState state) {
  switch (state) {
    case ItemState::kListed:
      return "listed";
    case ItemState::kFetching:
      return "fetching";
    case ItemState::kReady:
      return "ready";
    case ItemState::kLeased:
      return "leased";
    case ItemState::kMade:
      return "made";
    case ItemState::kStoring:
      return "storing";
    case ItemState::kStored:
      return "stored";
    case ItemState::kFinal:
      return "final";
  }
  return "?";
}

bool IsLegalMove(ItemState from, ItemState to) {
  using S = ItemState;
  if (to == S::kFinal) return from != S::kFinal;
  switch (from) {
    case S::kListed:
      return to == S::kFetching;
    case S::kFetching:
      return to == S::kReady || to == S::kListed;
    case S::kReady:
      return to == S::kLeased;
    case S::kLeased:
      return to == S::kMade || to == S::kReady;
    case S::kMade:
      return to == S::kStoring;
    case S::kStoring:
      return to == S::kStored || to == S::kMade;
    case S::kStored:
    case S::kFinal:
      return false;
  }
  return false;
}

Item::Item(ImageRef source) : ref(std::move(source)) {
  if (!ref.is_url) return;
  authority = ref.host;
  const std::optional<Url> url = ParseUrl(ref.uri);
  if (!url) return;
  authority = url->host;
  if (url->port != 0) authority += ":" + std::to_string(url->port);
}

void Item::Move(ItemState to) {
  CHECK(IsLegalMove(state_, to));
  state_ = to;
}

std::string NameOf(const Item& item) {
  return item.ref.is_url ? RedactUrl(item.ref.uri) : item.ref.uri;
}

}  // namespace thumbmill
