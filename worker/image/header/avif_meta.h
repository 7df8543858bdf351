// worker/image/header/avif_meta.h: the items of a still AVIF, by their numbers:
// what they are, where their bytes lie, what refers to what, which properties
// each has.
//
// Runs in  the worker: the tables are as long as the file's (bounded below).
// Errors   Read() is empty where the boxes make no sense. Every read is
//          bounds-checked. Fuzzed.
// Contract ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, 9.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace thumbmill {

// Bytes of the file, not looked at yet: they may lie beyond its end.
struct AvifExtent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct AvifAssociation {
  std::uint16_t number = 0;  // of the property; the first is number 1
  bool essential = false;    // who does not know it must not show the item

  friend bool operator==(const AvifAssociation&,
                         const AvifAssociation&) = default;
};

class AvifMeta {
 public:
  using Id = std::uint32_t;
  // Of each table. Costs about 50 bytes an entry.
  static constexpr std::size_t kMaxEntries = 1 << 16;

  // Why the bytes of an item are not where this reader looks.
  enum class Place { kKnown, kNowhere, kElsewhere };

  [[nodiscard]] static std::optional<AvifMeta> Read(ByteSpan file);

  [[nodiscard]] Id primary() const { return primary_; }
  // Returns empty if there is no such item.
  [[nodiscard]] std::string_view TypeOf(Id item) const;
  [[nodiscard]] Place PlaceOf(Id item, std::vector<AvifExtent>* extents) const;
  // Returns them in the order of the boxes, each property once.
  [[nodiscard]] std::vector<AvifAssociation> PropertiesOf(Id item) const;
  // Returns a box with its header, empty if there is no such property.
  [[nodiscard]] ByteSpan Property(std::uint16_t number) const;

  // Returns the inputs that a derived item names, in its order.
  [[nodiscard]] std::vector<Id> InputsOf(Id item) const;
  // Returns the first items that refer to `item`: as its auxiliary picture
  // ("auxl"), as its description ("cdsc"). Others would be one too many for any
  // picture.
  [[nodiscard]] std::vector<Id> Referring(std::string_view type, Id item) const;
  [[nodiscard]] bool Refers(std::string_view type, Id from, Id to) const;

  // Returns true if bytes of some item lie beyond the end of the file.
  [[nodiscard]] bool LacksBytes() const;

  // Returns true if libavif of any version refuses the boxes, or takes them for
  // others, or needs much memory for items that no picture needs.
  [[nodiscard]] bool odd() const { return odd_ || entries() > kManyEntries; }
  [[nodiscard]] bool has_many_entries() const {
    return entries() > kManyEntries;
  }
  // Returns true if a table is longer than kMaxEntries. It was not read to its
  // end.
  [[nodiscard]] bool too_long() const { return too_long_; }

 private:
  // libavif keeps some kilobytes for each item that any table names.
  static constexpr std::size_t kManyEntries = 4096;

  struct Item {
    Id id = 0;
    std::string_view type;
  };
  struct Location {
    Id id = 0;
    ByteSpan entry;  // from what follows the identifier on
  };
  struct Group {
    Id id = 0;
    ByteSpan numbers;
    bool wide = false;  // numbers of two bytes
  };
  struct Reference {
    std::string_view type;
    Id from = 0;
    Id to = 0;
  };

  [[nodiscard]] std::size_t entries() const {
    return items_.size() + locations_.size() + groups_.size() +
           by_source_.size();
  }
  // Returns true if a table has room for another entry.
  template <typename T>
  [[nodiscard]] bool HasRoom(const std::vector<T>& table) {
    too_long_ |= table.size() == kMaxEntries;
    return !too_long_;
  }
  [[nodiscard]] bool ReadMeta(ByteSpan body);
  [[nodiscard]] bool ReadItems(ByteSpan body);
  [[nodiscard]] bool ReadLocations(ByteSpan body);
  [[nodiscard]] bool ReadReferences(ByteSpan body);
  [[nodiscard]] bool ReadReference(std::string_view type, ByteSpan body,
                                   std::size_t id_bytes);
  [[nodiscard]] bool ReadProperties(ByteSpan body);
  [[nodiscard]] bool ReadAssociations(ByteSpan body);
  void Sort();

  ByteSpan file_;
  Id primary_ = 0;
  bool odd_ = false;
  bool too_long_ = false;
  std::vector<Item> items_;
  // How a location is written: bytes of each number.
  std::size_t offset_bytes_ = 0, length_bytes_ = 0, base_bytes_ = 0,
              index_bytes_ = 0;
  bool has_method_ = false;
  std::vector<Location> locations_;
  ByteSpan data_;  // of the idat box
  std::vector<ByteSpan> properties_;
  std::vector<Group> groups_;
  std::vector<Reference> by_source_;  // in the order of the boxes
  std::vector<Reference> by_target_;
};

}  // namespace thumbmill
