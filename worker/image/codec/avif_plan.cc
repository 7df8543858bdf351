#include "worker/image/codec/avif_plan.h"

#include <algorithm>
#include <utility>

#include "worker/image/header/avif_layout.h"
#include "worker/image/header/box_walker.h"

namespace thumbmill {
namespace {

std::string_view TypeOfBox(ByteSpan box) {
  return box.size() < 8 ? std::string_view() : AsText(box.subspan(4, 4));
}

}  // namespace

std::optional<AvifPlan::Id> AvifPlan::Add(Id item) {
  constexpr std::size_t kMaxItems = 65535;  // item numbers have two bytes
  Item planned;
  planned.type = meta_.TypeOf(item);
  planned.properties = meta_.PropertiesOf(item);
  if (meta_.PlaceOf(item, &planned.extents) != AvifMeta::Place::kKnown)
    return std::nullopt;
  extents_ += planned.extents.size();
  associations_ += planned.properties.size();
  too_long_ |= items_.size() == kMaxItems || extents_ > AvifMeta::kMaxEntries ||
               associations_ > 4 * AvifMeta::kMaxEntries;
  if (too_long_) return std::nullopt;
  items_.push_back(std::move(planned));
  return static_cast<Id>(items_.size());
}

// Adds the inputs of a derived item. libavif does not accept one tile twice, so
// each use of a tile becomes an item.
bool AvifPlan::AddInputs(Id number, const Ids& inputs) {
  if (inputs.empty()) return false;
  Reference reference{"dimg", number, {}};
  for (const Id input : inputs) {
    const auto added = Add(input);
    if (!added) return false;
    reference.to.push_back(*added);
  }
  references_.push_back(std::move(reference));
  return true;
}

// Returns the properties of one type that an item has.
AvifPlan::Associations AvifPlan::Only(std::string_view type, Id item) const {
  Associations found = meta_.PropertiesOf(item);
  std::erase_if(found, [&](const AvifAssociation& one) {
    return TypeOfBox(meta_.Property(one.number)) != type;
  });
  return found;
}

bool AvifPlan::IsAlpha(Id item) const {
  const Associations found = Only("auxC", item);
  return std::any_of(found.begin(), found.end(),
                     [&](const AvifAssociation& one) {
                       return NamesAlpha(After(meta_.Property(one.number), 8));
                     });
}

// Returns the item that is the alpha of `item`, or 0 if there is none.
AvifPlan::Id AvifPlan::AlphaOf(Id item) const {
  for (const Id other : meta_.Referring("auxl", item))
    if (IsAlpha(other)) return other;
  return 0;
}

// Each tile of the grid may have its own alpha, without a grid for them.
// libavif wants one, so the alphas become tiles of a new grid of the same
// shape. If a tile has no alpha, the picture has none.
bool AvifPlan::AddAlphaOfTiles(const Ids& tiles) {
  Ids alphas;
  for (const Id tile : tiles) {
    const Id alpha = AlphaOf(tile);
    if (alpha == 0) return true;
    alphas.push_back(alpha);
  }
  Item grid = items_.front();
  grid.properties = Only("ispe", meta_.primary());
  for (const AvifAssociation& one : Only("auxC", alphas.front()))
    grid.properties.push_back(one);
  items_.push_back(std::move(grid));
  const auto number = static_cast<Id>(items_.size());
  references_.push_back({"auxl", number, {1}});
  if (meta_.Refers("prem", tiles.front(), alphas.front()))
    references_.push_back({"prem", 1, {number}});
  return AddInputs(number, alphas);
}

bool AvifPlan::AddAlpha() {
  const Id alpha = AlphaOf(meta_.primary());
  const Ids tiles = meta_.InputsOf(meta_.primary());
  if (alpha == 0)
    return items_.front().type != "grid" || AddAlphaOfTiles(tiles);
  const auto number = Add(alpha);
  if (!number) return false;
  references_.push_back({"auxl", *number, {1}});
  if (meta_.Refers("prem", meta_.primary(), alpha))
    references_.push_back({"prem", 1, {*number}});
  return meta_.TypeOf(alpha) != "grid" ||
         AddInputs(*number, meta_.InputsOf(alpha));
}

// Adds the EXIF of the picture. Without it the picture can still be decoded.
void AvifPlan::AddExif() {
  for (const Id item : meta_.Referring("cdsc", meta_.primary())) {
    if (meta_.TypeOf(item) != "Exif") continue;
    if (const auto number = Add(item))
      references_.push_back({"cdsc", *number, {1}});
    return;
  }
}

bool AvifPlan::Make() {
  const Id primary = meta_.primary();
  const bool grid = meta_.TypeOf(primary) == "grid" ||
                    meta_.TypeOf(AlphaOf(primary)) == "grid";
  if (!meta_.odd() && !grid) return false;
  if (!Add(primary)) return false;
  if (items_.front().type == "grid" && !AddInputs(1, meta_.InputsOf(primary)))
    return false;
  if (!AddAlpha()) return false;
  AddExif();
  return true;
}

}  // namespace thumbmill
