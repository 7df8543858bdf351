#include "worker/image/codec/jpeg_scan_order.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace thumbmill {
namespace {

constexpr unsigned kCoefficients = 64;
constexpr unsigned kUnknown = 16;  // more than any low bit

struct Component {
  // The lowest known bit of each coefficient: after the scans so far, and the
  // best that any scan reached.
  std::array<unsigned, kCoefficients> low_bit;
  std::array<unsigned, kCoefficients> best;
  // The latest first scan over each coefficient; null if there was none.
  std::array<const JpegScan*, kCoefficients> from;

  Component() {
    low_bit.fill(kUnknown);
    best.fill(kUnknown);
    from.fill(nullptr);
  }
  void Set(unsigned at, unsigned bit) {
    low_bit[at] = bit;
    best[at] = std::min(best[at], bit);
  }
};

// Compares the data of two scans. Remembers the last answer, because
// BringFirst() asks once for each coefficient of the same two scans.
class DataComparison {
 public:
  explicit DataComparison(ByteSpan bytes) : bytes_(bytes) {}

  [[nodiscard]] bool AreEqual(const JpegScan* a, const JpegScan* b) {
    if (a == a_ && b == b_) return equal_;
    a_ = a;
    b_ = b;
    equal_ = std::ranges::equal(DataOf(*a), DataOf(*b));
    return equal_;
  }

 private:
  [[nodiscard]] ByteSpan DataOf(const JpegScan& scan) const {
    return bytes_.subspan(scan.data, scan.data_end - scan.data);
  }

  ByteSpan bytes_;
  const JpegScan* a_ = nullptr;
  const JpegScan* b_ = nullptr;
  bool equal_ = false;
};

class OrderReader {
 public:
  OrderReader(ByteSpan bytes, std::span<const std::uint8_t> ids)
      : data_(bytes), ids_(ids), components_(ids.size()) {}

  void ReadProgressive(const JpegScan& scan) {
    for (const std::size_t c : ComponentsOf(scan))
      for (unsigned k = scan.first; k <= scan.last && k < kCoefficients; ++k)
        loses_nothing_ &= scan.high_bit == 0
                              ? BringFirst(scan, k, &components_[c])
                              : Refine(scan, k, &components_[c]);
  }
  void ReadSequential(const JpegScan& scan) {
    for (const std::size_t c : ComponentsOf(scan))
      for (unsigned k = 0; k < kCoefficients; ++k) components_[c].Set(k, 0);
  }
  [[nodiscard]] ScanOrder Result() const {
    ScanOrder order{true, true, loses_nothing_};
    for (const Component& c : components_) {
      const auto& bits = c.low_bit;
      order.has_all_components &= bits[0] != kUnknown;
      order.is_exact &=
          std::ranges::all_of(bits, [](unsigned b) { return b == 0; });
      // A later scan may have left fewer bits than an earlier one brought.
      order.loses_nothing &= bits == c.best;
    }
    return order;
  }

 private:
  // Finds components as libjpeg does: for each identifier, the first component
  // with it that the scan does not have yet. Two components may share one.
  [[nodiscard]] std::vector<std::size_t> ComponentsOf(
      const JpegScan& scan) const {
    std::vector<std::size_t> found;
    for (const std::uint8_t id : scan.components)
      for (std::size_t c = 0; c < ids_.size(); ++c) {
        if (ids_[c] != id || std::ranges::count(found, c) != 0) continue;
        found.push_back(c);
        break;
      }
    return found;
  }
  // Returns true if a first scan (high_bit 0) does no harm to coefficient `k`.
  // The library replaces a DC coefficient. It replaces an AC coefficient only
  // if the new value is not 0. Repeating the same data changes nothing. A scan
  // with more bits replaces all values, since a finer value is not 0 where the
  // coarser one was not. A scan with fewer bits would leave a mix of both.
  [[nodiscard]] bool BringFirst(const JpegScan& scan, unsigned k,
                                Component* c) {
    const unsigned known = c->low_bit[k];
    const JpegScan* before = c->from[k];
    c->from[k] = &scan;
    c->Set(k, scan.low_bit);
    if (k == 0 || known == kUnknown || scan.low_bit < known) return true;
    return scan.low_bit == known && before != nullptr &&
           data_.AreEqual(before, &scan);
  }
  // Returns true if a refinement does no harm to coefficient `k`. It sets one
  // bit of a DC coefficient, so it may come twice. The codes of an AC
  // refinement depend on the coefficients that are 0 so far, so it must follow
  // the scan before it.
  [[nodiscard]] static bool Refine(const JpegScan& scan, unsigned k,
                                   Component* c) {
    if (k == 0 && c->low_bit[k] <= scan.low_bit) return true;
    const bool next = scan.high_bit == c->low_bit[k];
    c->Set(k, scan.low_bit);
    return next;
  }

  DataComparison data_;
  std::span<const std::uint8_t> ids_;
  std::vector<Component> components_;
  bool loses_nothing_ = true;
};

}  // namespace

ScanOrder ReadScanOrder(ByteSpan bytes, const JpegScans& scans,
                        std::span<const std::uint8_t> ids, bool progressive) {
  OrderReader reader(bytes, ids);
  for (const JpegScan& scan : scans.scans) {
    if (progressive) {
      reader.ReadProgressive(scan);
    } else {
      reader.ReadSequential(scan);
    }
  }
  return reader.Result();
}

}  // namespace thumbmill
