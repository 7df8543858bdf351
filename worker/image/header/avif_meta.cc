#include "worker/image/header/avif_meta.h"

#include <algorithm>
#include <bitset>
#include <tuple>

#include "worker/image/header/box_walker.h"

namespace thumbmill {
namespace {

constexpr std::size_t kFullBox = BoxWalker::kFullBox;

// Reads one number after another. After a read past the end, every further
// number is 0.
class NumberReader {
 public:
  explicit NumberReader(ByteSpan bytes) : rest_(bytes) {}

  std::uint64_t Take(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return 0;
    }
    const std::uint64_t value = BoxNumber(rest_, 0, size);
    rest_ = rest_.subspan(size);
    return value;
  }
  std::uint32_t Take32(std::size_t size) {
    return static_cast<std::uint32_t>(Take(size));
  }
  // Skips `count` fields of `size` bytes.
  void Skip(std::size_t count, std::size_t size) {
    const std::size_t bytes = count * size;  // both are small
    ok_ &= bytes <= rest_.size();
    rest_ = ok_ ? rest_.subspan(bytes) : ByteSpan();
  }
  [[nodiscard]] ByteSpan rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  ByteSpan rest_;
  bool ok_ = true;
};

template <typename T>
void SortById(std::vector<T>* table) {
  std::stable_sort(table->begin(), table->end(),
                   [](const T& x, const T& y) { return x.id < y.id; });
}

// Returns the range of one item's entries in a sorted table.
template <typename T>
auto EntriesOf(const std::vector<T>& table, std::uint32_t id) {
  struct Before {
    bool operator()(const T& x, std::uint32_t y) const { return x.id < y; }
    bool operator()(std::uint32_t x, const T& y) const { return x < y.id; }
  };
  return std::equal_range(table.begin(), table.end(), id, Before());
}

// Returns false on overflow.
bool AddTo(std::uint64_t* sum, std::uint64_t more) {
  return !__builtin_add_overflow(*sum, more, sum);
}

}  // namespace

std::optional<AvifMeta> AvifMeta::Read(ByteSpan file) {
  AvifMeta meta;
  meta.file_ = file;
  WalkBudget budget;
  for (BoxWalker box(file, &budget); box.Next();) {
    if (box.type() != "meta") continue;
    // libavif of Debian 12 does not read a size of 0 as "to the end of the
    // file".
    meta.odd_ = BoxU32(box.box(), 0) == 0;
    const bool ok = !box.cut() && meta.ReadMeta(box.body());
    if (!ok && !meta.too_long_) return std::nullopt;
    meta.Sort();
    return meta;
  }
  return std::nullopt;
}

bool AvifMeta::ReadMeta(ByteSpan body) {
  WalkBudget budget;
  bool named = false, ok = true;
  std::size_t references = 0;
  for (BoxWalker box(After(body, kFullBox), &budget); ok && box.Next();) {
    const ByteSpan inner = box.body();
    if (box.type() == "pitm" && !named) {
      NumberReader in(inner);
      const bool wide = in.Take(1) != 0;
      in.Skip(1, 3);
      primary_ = in.Take32(wide ? 4 : 2);
      ok = named = in.ok();
    } else if (box.type() == "iinf" && items_.empty()) {
      ok = ReadItems(inner);
    } else if (box.type() == "iloc" && locations_.empty()) {
      ok = ReadLocations(inner);
    } else if (box.type() == "iref") {
      odd_ |= ++references > 1;
      ok = ReadReferences(inner);
    } else if (box.type() == "iprp" && properties_.empty()) {
      ok = ReadProperties(inner);
    } else if (box.type() == "idat" && data_.empty()) {
      data_ = inner;
    }
  }
  return ok && named;
}

bool AvifMeta::ReadItems(ByteSpan body) {
  WalkBudget budget;
  const bool wide = !body.empty() && body[0] != 0;
  const ByteSpan boxes = After(body, kFullBox + (wide ? 4 : 2));
  for (BoxWalker box(boxes, &budget); box.Next();) {
    NumberReader in(box.body());
    const std::uint64_t version = in.Take(1);
    in.Skip(1, 3);
    if (box.type() != "infe" || version < 2) continue;
    const Id id = in.Take32(version == 2 ? 2 : 4);
    in.Skip(1, 2);  // protection
    if (!in.ok() || in.rest().size() < 4) continue;
    if (!HasRoom(items_)) return false;
    items_.push_back({id, AsText(in.rest().first(4))});
  }
  return true;
}

// Notes where each item's entry starts; PlaceOf() reads the extents. Source:
// ISO/IEC 14496-12, 8.11.3.
bool AvifMeta::ReadLocations(ByteSpan body) {
  NumberReader in(body);
  const std::uint64_t version = in.Take(1);
  in.Skip(1, 3);
  const std::uint64_t sizes = in.Take(2);
  offset_bytes_ = sizes >> 12 & 15;
  length_bytes_ = sizes >> 8 & 15;
  base_bytes_ = sizes >> 4 & 15;
  has_method_ = version == 1 || version == 2;
  index_bytes_ = has_method_ ? sizes & 15 : 0;
  for (const std::size_t size :
       {offset_bytes_, length_bytes_, base_bytes_, index_bytes_})
    if (size != 0 && size != 4 && size != 8) return false;
  if (version > 2) return false;
  const std::size_t id_bytes = version == 2 ? 4 : 2;
  const std::uint64_t count = in.Take(id_bytes);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Id id = in.Take32(id_bytes);
    const ByteSpan entry = in.rest();
    in.Skip(1, (has_method_ ? 2 : 0) + 2 + base_bytes_);
    const std::uint64_t extents = in.Take(2);
    in.Skip(extents, index_bytes_ + offset_bytes_ + length_bytes_);
    if (!in.ok() || !HasRoom(locations_)) return false;
    locations_.push_back({id, entry});
  }
  return true;
}

bool AvifMeta::ReadReference(std::string_view type, ByteSpan body,
                             std::size_t id_bytes) {
  NumberReader in(body);
  const Id from = in.Take32(id_bytes);
  const std::uint64_t count = in.Take(2);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Id to = in.Take32(id_bytes);
    if (!in.ok() || !HasRoom(by_source_)) return false;
    by_source_.push_back({type, from, to});
  }
  return in.ok();
}

bool AvifMeta::ReadReferences(ByteSpan body) {
  WalkBudget budget;
  const std::size_t id_bytes = !body.empty() && body[0] != 0 ? 4 : 2;
  for (BoxWalker box(After(body, kFullBox), &budget); box.Next();)
    if (!ReadReference(box.type(), box.body(), id_bytes)) return false;
  return true;
}

bool AvifMeta::ReadProperties(ByteSpan body) {
  WalkBudget budget;
  std::size_t associations = 0;
  for (BoxWalker box(body, &budget); box.Next();) {
    if (box.type() == "ipma") {
      odd_ |= ++associations > 1;
      if (!ReadAssociations(box.body())) return false;
    } else if (box.type() == "ipco" && properties_.empty()) {
      for (BoxWalker one(box.body(), &budget); one.Next();) {
        if (one.cut() || !HasRoom(properties_)) return false;
        properties_.push_back(one.box());
      }
    }
  }
  return true;
}

// Notes the property numbers of each item. Source: HEIF, 9.3.
bool AvifMeta::ReadAssociations(ByteSpan body) {
  NumberReader in(body);
  const std::size_t id_bytes = in.Take(1) == 0 ? 2 : 4;
  in.Skip(1, 2);
  const bool wide = (in.Take(1) & 1) != 0;
  const std::uint64_t count = in.Take(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Id id = in.Take32(id_bytes);
    const std::size_t size = in.Take(1) * (wide ? 2 : 1);
    const ByteSpan numbers = in.rest().first(std::min(size, in.rest().size()));
    in.Skip(1, size);
    if (!in.ok() || !HasRoom(groups_)) return false;
    // The standard wants each item once, in the order of the identifiers.
    odd_ |= !groups_.empty() && groups_.back().id >= id;
    groups_.push_back({id, numbers, wide});
  }
  return in.ok();
}

// The sort is stable: if an item has several entries, the first in the file
// stays first.
void AvifMeta::Sort() {
  SortById(&items_);
  SortById(&locations_);
  SortById(&groups_);
  by_target_ = by_source_;
  std::stable_sort(by_source_.begin(), by_source_.end(),
                   [](const Reference& x, const Reference& y) {
                     return std::tie(x.type, x.from) < std::tie(y.type, y.from);
                   });
  std::stable_sort(by_target_.begin(), by_target_.end(),
                   [](const Reference& x, const Reference& y) {
                     return std::tie(x.type, x.to) < std::tie(y.type, y.to);
                   });
}

std::string_view AvifMeta::TypeOf(Id item) const {
  const auto [first, last] = EntriesOf(items_, item);
  return first == last ? std::string_view() : first->type;
}

AvifMeta::Place AvifMeta::PlaceOf(Id item,
                                  std::vector<AvifExtent>* extents) const {
  const auto [first, last] = EntriesOf(locations_, item);
  if (first == last) return Place::kNowhere;
  NumberReader in(first->entry);
  const std::uint64_t method = has_method_ ? in.Take(2) & 15 : 0;
  const std::uint64_t file = in.Take(2);
  const std::uint64_t base = in.Take(base_bytes_);
  const std::uint64_t count = in.Take(2);
  if (method > 1 || file != 0) return Place::kElsewhere;
  // Construction method 1: offsets count from the `idat` box. That box is part
  // of the file too, so they become offsets in the file.
  const std::uint64_t start =
      method == 1 && !data_.empty()
          ? static_cast<std::uint64_t>(data_.data() - file_.data())
          : 0;
  const std::uint64_t end = method == 1 ? data_.size() : file_.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    in.Skip(1, index_bytes_);
    AvifExtent extent;
    extent.offset = in.Take(offset_bytes_);
    extent.size = in.Take(length_bytes_);
    if (!AddTo(&extent.offset, base)) return Place::kNowhere;
    // A length that is 0 or absent means "to the end".
    if (extent.size == 0 && extent.offset < end)
      extent.size = end - extent.offset;
    if (method == 1 &&
        (extent.offset > end || end - extent.offset < extent.size))
      return Place::kNowhere;
    if (!AddTo(&extent.offset, start)) return Place::kNowhere;
    extents->push_back(extent);
  }
  return in.ok() && count > 0 ? Place::kKnown : Place::kNowhere;
}

bool AvifMeta::LacksBytes() const {
  for (std::size_t i = 0; i < locations_.size(); ++i) {
    const Id id = locations_[i].id;
    std::vector<AvifExtent> extents;
    if (i > 0 && locations_[i - 1].id == id)
      continue;  // the first entry of an item counts
    if (PlaceOf(id, &extents) != Place::kKnown) continue;
    for (const AvifExtent& extent : extents)
      if (extent.offset > file_.size() ||
          extent.size > file_.size() - extent.offset)
        return true;
  }
  return false;
}

std::vector<AvifAssociation> AvifMeta::PropertiesOf(Id item) const {
  constexpr int kMaxGroups = 8;  // for one item; a hostile file has thousands
  std::vector<AvifAssociation> found;
  std::bitset<0x8000> known;
  known.set(0);  // 0 means "no property"
  const auto [first, last] = EntriesOf(groups_, item);
  for (auto group = first; group != last && group - first < kMaxGroups;
       ++group) {
    NumberReader in(group->numbers);
    const std::size_t size = group->wide ? 2 : 1;
    const std::uint64_t essential = group->wide ? 0x8000 : 0x80;
    while (in.rest().size() >= size) {
      const std::uint64_t value = in.Take(size);
      const AvifAssociation one{
          static_cast<std::uint16_t>(value & (essential - 1)),
          (value & essential) != 0};
      // The count of an item's properties has one byte.
      if (known[one.number] || found.size() == 255) continue;
      known.set(one.number);
      found.push_back(one);
    }
  }
  return found;
}

ByteSpan AvifMeta::Property(std::uint16_t number) const {
  if (number == 0 || number > properties_.size()) return {};
  return properties_[number - 1u];
}

std::vector<AvifMeta::Id> AvifMeta::InputsOf(Id item) const {
  std::vector<Id> inputs;
  const auto key = std::make_tuple(std::string_view("dimg"), item);
  auto at = std::lower_bound(by_source_.begin(), by_source_.end(), key,
                             [](const Reference& x, const auto& y) {
                               return std::make_tuple(x.type, x.from) < y;
                             });
  for (; at != by_source_.end() && at->type == "dimg" && at->from == item; ++at)
    inputs.push_back(at->to);
  return inputs;
}

std::vector<AvifMeta::Id> AvifMeta::Referring(std::string_view type,
                                              Id item) const {
  // A hostile file may have thousands of references to one item.
  constexpr std::size_t kMost = 16;
  std::vector<Id> sources;
  const auto key = std::make_tuple(type, item);
  auto at = std::lower_bound(by_target_.begin(), by_target_.end(), key,
                             [](const Reference& x, const auto& y) {
                               return std::make_tuple(x.type, x.to) < y;
                             });
  for (; at != by_target_.end() && at->type == type && at->to == item &&
         sources.size() < kMost;
       ++at)
    sources.push_back(at->from);
  return sources;
}

bool AvifMeta::Refers(std::string_view type, Id from, Id to) const {
  const std::vector<Id> sources = Referring(type, to);
  return std::find(sources.begin(), sources.end(), from) != sources.end();
}

}  // namespace thumbmill
