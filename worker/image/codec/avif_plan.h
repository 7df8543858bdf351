// worker/image/codec/avif_plan.h: chooses the items, references and properties
// that the new head of an AVIF names (avif_rewrite.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "worker/image/header/avif_meta.h"

namespace thumbmill {

// Lists the items of the picture in the order of the new head.
class AvifPlan {
 public:
  using Id = AvifMeta::Id;
  using Ids = std::vector<Id>;
  using Associations = std::vector<AvifAssociation>;

  // An item of the new head. Its number is its position in the plan, from 1.
  struct Item {
    std::string_view type;
    std::vector<AvifExtent> extents;
    Associations properties;
  };

  struct Reference {
    std::string_view type;
    Id from = 0;
    Ids to;
  };

  explicit AvifPlan(const AvifMeta& meta) : meta_(meta) {}

  // Returns false if no new head is needed or possible: libavif then reads the
  // file as it is, unless too_long().
  [[nodiscard]] bool Make();
  [[nodiscard]] bool too_long() const { return too_long_; }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] const std::vector<Reference>& references() const {
    return references_;
  }
  [[nodiscard]] const AvifMeta& meta() const { return meta_; }

 private:
  [[nodiscard]] std::optional<Id> Add(Id item);
  [[nodiscard]] bool AddInputs(Id number, const Ids& inputs);
  [[nodiscard]] bool AddAlpha();
  [[nodiscard]] bool AddAlphaOfTiles(const Ids& tiles);
  void AddExif();
  [[nodiscard]] bool IsAlpha(Id item) const;
  [[nodiscard]] Id AlphaOf(Id item) const;
  [[nodiscard]] Associations Only(std::string_view type, Id item) const;

  const AvifMeta& meta_;
  std::vector<Item> items_;
  std::vector<Reference> references_;
  std::size_t extents_ = 0;
  std::size_t associations_ = 0;
  bool too_long_ = false;
};

}  // namespace thumbmill
