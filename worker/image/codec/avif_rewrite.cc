#include "worker/image/codec/avif_rewrite.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "worker/image/codec/avif_plan.h"
#include "worker/image/header/avif_meta.h"

namespace thumbmill {
namespace {

using Id = AvifMeta::Id;
using Bytes = std::vector<std::uint8_t>;

// Writes boxes into a growing buffer.
class BoxWriter {
 public:
  void Number(std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
      bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  void Text(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }
  void Copy(ByteSpan bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  // Writes a box. `fill` writes the body; the size is filled in afterwards.
  template <typename Fill>
  void Box(std::string_view type, const Fill& fill) {
    const std::size_t start = bytes_.size();
    Number(0, 4);
    Text(type);
    fill();
    const std::size_t size = bytes_.size() - start;
    for (std::size_t i = 0; i < 4; ++i)
      bytes_[start + i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
  }
  [[nodiscard]] Bytes& bytes() { return bytes_; }

 private:
  Bytes bytes_;
};

// Writes the `ftyp` and `meta` boxes of a plan.
class HeadWriter {
 public:
  // `shift` is the size of the new head: libavif sees each byte of the file
  // this much later.
  HeadWriter(const AvifPlan& plan, std::uint64_t shift)
      : plan_(plan), shift_(shift) {}

  [[nodiscard]] Bytes Write();

 private:
  void WriteMeta();
  void WriteItems();
  void WriteLocations();
  void WriteReferences();
  void WriteProperties();
  // Returns the number of a property in the new head. Gives it a number if it
  // has none yet.
  std::uint16_t NumberOf(std::uint16_t old);

  const AvifPlan& plan_;
  const std::uint64_t shift_;
  BoxWriter out_;
  std::map<std::uint16_t, std::uint16_t> numbers_;
  std::vector<std::uint16_t>
      properties_;  // old numbers, in the order of the new ones
};

void HeadWriter::WriteItems() {
  out_.Box("iinf", [this] {
    out_.Number(0, 4);
    out_.Number(plan_.items().size(), 2);
    Id number = 0;
    for (const AvifPlan::Item& item : plan_.items())
      out_.Box("infe", [&] {
        out_.Number(0x02000000, 4);
        out_.Number(++number, 2);
        out_.Number(0, 2);
        out_.Text(item.type);
        out_.Number(0, 1);  // empty name
      });
  });
}

void HeadWriter::WriteLocations() {
  out_.Box("iloc", [this] {
    out_.Number(0, 4);
    out_.Number(0x8800, 2);  // offsets and lengths of 8 bytes, no base
    out_.Number(plan_.items().size(), 2);
    Id number = 0;
    for (const AvifPlan::Item& item : plan_.items()) {
      out_.Number(++number, 2);
      out_.Number(0, 2);
      out_.Number(item.extents.size(), 2);
      for (const AvifExtent& extent : item.extents) {
        out_.Number(extent.offset + shift_, 8);
        out_.Number(extent.size, 8);
      }
    }
  });
}

void HeadWriter::WriteReferences() {
  if (plan_.references().empty()) return;
  out_.Box("iref", [this] {
    out_.Number(0, 4);
    for (const AvifPlan::Reference& reference : plan_.references())
      out_.Box(reference.type, [&] {
        out_.Number(reference.from, 2);
        out_.Number(reference.to.size(), 2);
        for (const Id to : reference.to) out_.Number(to, 2);
      });
  });
}

std::uint16_t HeadWriter::NumberOf(std::uint16_t old) {
  const auto [at, added] = numbers_.try_emplace(
      old, static_cast<std::uint16_t>(properties_.size() + 1));
  if (added) properties_.push_back(old);
  return at->second;
}

void HeadWriter::WriteProperties() {
  // `ipma` is written first, into its own buffer: it gives the properties their
  // new numbers, which `ipco`, the box before it, needs.
  BoxWriter groups;
  groups.Box("ipma", [&] {
    groups.Number(1, 4);  // property numbers have 15 bits
    groups.Number(plan_.items().size(), 4);
    Id number = 0;
    for (const AvifPlan::Item& item : plan_.items()) {
      groups.Number(++number, 2);
      groups.Number(item.properties.size(), 1);
      for (const AvifAssociation& one : item.properties)
        groups.Number((one.essential ? 0x8000u : 0u) | NumberOf(one.number), 2);
    }
  });
  out_.Box("iprp", [&] {
    out_.Box("ipco", [&] {
      for (const std::uint16_t old : properties_)
        out_.Copy(plan_.meta().Property(old));
    });
    out_.Copy(groups.bytes());
  });
}

void HeadWriter::WriteMeta() {
  out_.Number(0, 4);
  out_.Box("hdlr", [this] {
    out_.Number(0, 8);
    out_.Text("pict");
    for (int i = 0; i < 3; ++i) out_.Number(0, 4);
    out_.Number(0, 1);
  });
  out_.Box("pitm", [this] {
    out_.Number(0, 4);
    out_.Number(1, 2);
  });
  WriteLocations();
  WriteItems();
  WriteReferences();
  WriteProperties();
}

Bytes HeadWriter::Write() {
  out_.Box("ftyp", [this] {
    out_.Text("avif");
    out_.Number(0, 4);
    out_.Text("avifmif1miaf");
  });
  out_.Box("meta", [this] { WriteMeta(); });
  return std::move(out_.bytes());
}

// Returns true if the properties, each counted once, fit into kMaxAvifHead.
// They are copied, and a profile among them may be long; the rest of a head is
// short.
bool FitsInHead(const AvifPlan& plan) {
  std::uint64_t bytes = 0;
  std::vector<std::uint16_t> counted;
  for (const AvifPlan::Item& item : plan.items())
    for (const AvifAssociation& one : item.properties)
      counted.push_back(one.number);
  std::sort(counted.begin(), counted.end());
  counted.erase(std::unique(counted.begin(), counted.end()), counted.end());
  for (const std::uint16_t number : counted)
    bytes += plan.meta().Property(number).size();
  return bytes <= kMaxAvifHead;
}

// Refuses pictures that libavif cannot decode, with a clear reason.
ImageResult<void> CheckKind(const AvifMeta& meta) {
  const std::string type(meta.TypeOf(meta.primary()));
  if (!type.empty() && type != "av01" && type != "grid")
    return Refuse(Reason::kUnsupported,
                  "an AVIF whose picture is an item of type " + type);
  std::vector<AvifExtent> unused;
  if (meta.PlaceOf(meta.primary(), &unused) == AvifMeta::Place::kElsewhere)
    return Refuse(Reason::kUnsupported,
                  "an AVIF whose data lie in another item or file");
  return {};
}

}  // namespace

ImageResult<std::vector<std::uint8_t>> RewriteAvifHead(ByteSpan file) {
  const auto meta = AvifMeta::Read(file);
  if (!meta) return Bytes();
  if (auto ok = CheckKind(*meta); !ok)
    return tl::unexpected<ImageError>(std::move(ok).error());
  AvifPlan plan(*meta);
  const bool made = !meta->too_long() && plan.Make();
  if (meta->too_long() || plan.too_long() || (made && !FitsInHead(plan)))
    return Refuse(Reason::kTooCostly, "an AVIF with too many boxes");
  if (!made && meta->has_many_entries())
    return Refuse(Reason::kCorrupt, "an AVIF whose boxes name no picture");
  if (!made) return Bytes();
  // Offsets have a fixed width, so the first pass gives the size of the head,
  // and the second one adds it to every offset.
  const std::size_t size = HeadWriter(plan, 0).Write().size();
  return HeadWriter(plan, size).Write();
}

}  // namespace thumbmill
