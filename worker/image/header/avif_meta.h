// worker/image/header/avif_meta.h: the items of a still AVIF, by their numbers:
// type, place of the bytes, references, and properties.
//
// Runs in  the worker: the tables are as long as those of the file, up to
//          kMaxEntries each.
// Errors   Read() returns empty if the boxes make no sense. Every read is
//          bounds-checked. Fuzzed.
// Contract ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, 9.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace thumbmill {

// A range of bytes in the file. Nobody has checked it: it may lie beyond the
// end.
struct AvifExtent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// One property of an item.
struct AvifAssociation {
  std::uint16_t number = 0;  // number of the property, from 1
  // A reader that does not know the property must not show the item.
  bool essential = false;

  friend bool operator==(const AvifAssociation&,
                         const AvifAssociation&) = default;
};

class AvifMeta {
 public:
  using Id = std::uint32_t;
  // The most entries of each table. An entry takes about 50 bytes.
  static constexpr std::size_t kMaxEntries = 1 << 16;

  // Whether the bytes of an item can be found: in this file (kKnown), not at
  // all (kNowhere), or in another file or item (kElsewhere).
  enum class Place { kKnown, kNowhere, kElsewhere };

  // Reads the first `meta` box. If a table is too long, the answer has only the
  // entries before the limit, and too_long() is true.
  [[nodiscard]] static std::optional<AvifMeta> Read(ByteSpan file);

  [[nodiscard]] Id primary() const { return primary_; }
  // Returns the type of an item, empty if there is no such item.
  [[nodiscard]] std::string_view TypeOf(Id item) const;
  // Appends the extents of an item's bytes to `extents`. They count only if the
  // answer is kKnown.
  [[nodiscard]] Place PlaceOf(Id item, std::vector<AvifExtent>* extents) const;
  // Returns the properties of an item in the order of the boxes, each once.
  [[nodiscard]] std::vector<AvifAssociation> PropertiesOf(Id item) const;
  // Returns the box of a property with its header, empty if there is no such
  // property.
  [[nodiscard]] ByteSpan Property(std::uint16_t number) const;

  // Returns the inputs of a derived item, in the order of its reference.
  [[nodiscard]] std::vector<Id> InputsOf(Id item) const;
  // Returns the items that refer to `item`: as its auxiliary picture ("auxl")
  // or its description ("cdsc"). Returns at most 16; no real picture needs
  // more.
  [[nodiscard]] std::vector<Id> Referring(std::string_view type, Id item) const;
  [[nodiscard]] bool Refers(std::string_view type, Id from, Id to) const;

  // Returns true if some item has bytes beyond the end of the file.
  [[nodiscard]] bool LacksBytes() const;

  // Returns true if some version of libavif refuses these boxes, reads them in
  // another way, or needs much memory for items that no picture needs.
  [[nodiscard]] bool odd() const { return odd_ || entries() > kManyEntries; }
  [[nodiscard]] bool has_many_entries() const {
    return entries() > kManyEntries;
  }
  // Returns true if a table is longer than kMaxEntries. Its end was not read.
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
    ByteSpan entry;  // the bytes after the identifier
  };
  struct Group {
    Id id = 0;
    ByteSpan numbers;
    bool wide = false;  // each number has two bytes
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
  // Returns true if `table` has room for another entry. If not, too_long() is
  // true from here on.
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
  // The bytes of each number in a location.
  std::size_t offset_bytes_ = 0, length_bytes_ = 0, base_bytes_ = 0,
              index_bytes_ = 0;
  bool has_method_ = false;
  std::vector<Location> locations_;
  ByteSpan data_;  // body of the idat box
  std::vector<ByteSpan> properties_;
  std::vector<Group> groups_;
  std::vector<Reference> by_source_;  // in the order of the boxes
  std::vector<Reference> by_target_;
};

}  // namespace thumbmill
