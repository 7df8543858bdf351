#include "coordinator/net/address_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

namespace thumbmill {
namespace {

using V6 = std::array<std::uint8_t, 16>;

struct V4Rule {
  std::uint32_t prefix;
  int bits;
  std::uint8_t needs;
};

constexpr std::uint32_t V4(std::uint32_t a, std::uint32_t b, std::uint32_t c,
                           std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA's special-purpose registry (RFC 6890 and its updates), and the addresses
// at which clouds serve their own machines. The first match decides.
constexpr std::array kV4Rules = {
    V4Rule{V4(168, 63, 129, 16), 32, kNeverAllowed},    // Azure's host
    V4Rule{V4(100, 100, 100, 200), 32, kNeverAllowed},  // Alibaba metadata
    V4Rule{V4(0, 0, 0, 0), 8, kNeverAllowed},  // this machine, on Linux
    V4Rule{V4(10, 0, 0, 0), 8, kNeedsPrivate},
    V4Rule{V4(100, 64, 0, 0), 10, kNeedsPrivate},  // carrier-grade NAT
    V4Rule{V4(127, 0, 0, 0), 8, kNeedsLoopback},
    V4Rule{V4(169, 254, 0, 0), 16, kNeverAllowed},  // link-local, metadata
    V4Rule{V4(172, 16, 0, 0), 12, kNeedsPrivate},
    V4Rule{V4(192, 0, 0, 0), 24, kNeverAllowed},  // protocols, Oracle metadata
    V4Rule{V4(192, 0, 2, 0), 24, kNeedsPrivate},  // TEST-NET-1
    V4Rule{V4(192, 88, 99, 0), 24, kNeverAllowed},  // 6to4 relays, retired
    V4Rule{V4(192, 168, 0, 0), 16, kNeedsPrivate},
    V4Rule{V4(198, 18, 0, 0), 15, kNeedsPrivate},    // benchmarks
    V4Rule{V4(198, 51, 100, 0), 24, kNeedsPrivate},  // TEST-NET-2
    V4Rule{V4(203, 0, 113, 0), 24, kNeedsPrivate},   // TEST-NET-3
    V4Rule{V4(224, 0, 0, 0), 4, kNeverAllowed},      // multicast
    V4Rule{V4(240, 0, 0, 0), 4, kNeverAllowed},      // reserved, broadcast
};

std::uint8_t ClassifyV4(std::uint32_t address) {
  for (const V4Rule& rule : kV4Rules) {
    const int shift = 32 - rule.bits;
    if (address >> shift == rule.prefix >> shift) return rule.needs;
  }
  return kNeedsNothing;
}

std::uint8_t ClassifyV4At(const V6& a, std::size_t i) {
  return ClassifyV4(V4(a[i], a[i + 1], a[i + 2], a[i + 3]));
}

bool HasPrefix(const V6& address, std::span<const std::uint8_t> prefix,
               int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  const auto head = prefix.first(whole);
  if (!std::equal(head.begin(), head.end(), address.begin())) return false;
  const int left = bits % 8;
  return left == 0 ||
         address[whole] >> (8 - left) == prefix[whole] >> (8 - left);
}

struct V6Rule {
  V6 prefix;
  int bits;
  std::uint8_t needs;
};

constexpr std::array kV6Rules = {
    // AWS, Google and Scaleway hand out credentials here.
    V6Rule{{0xfd, 0x00, 0x0e, 0xc2}, 32, kNeverAllowed},
    V6Rule{{0xfd, 0x20, 0x00, 0xce}, 32, kNeverAllowed},
    V6Rule{{0xfd, 0x00, 0x00, 0x42}, 32, kNeverAllowed},
    V6Rule{{0xfc}, 7, kNeedsPrivate},                     // unique local
    V6Rule{{0xfe, 0xc0}, 10, kNeedsPrivate},              // site local, retired
    V6Rule{{0x20, 0x01, 0x0d, 0xb8}, 32, kNeedsPrivate},  // documentation
    V6Rule{{0x3f, 0xff}, 20, kNeedsPrivate},              // documentation
    V6Rule{{0x20, 0x01, 0x00, 0x10}, 28, kNeverAllowed},  // ORCHID
    V6Rule{{0x20, 0x01, 0x00, 0x20}, 28, kNeverAllowed},  // ORCHIDv2
    V6Rule{{0x20}, 3, kNeedsNothing},                     // global unicast
};

std::uint8_t ClassifyPlainV6(const V6& address) {
  for (const V6Rule& rule : kV6Rules)
    if (HasPrefix(address, rule.prefix, rule.bits)) return rule.needs;
  return kNeverAllowed;  // link-local, multicast, discard, unassigned
}

// The IPv4 address surrounds octet 8 if the prefix is a /48 (RFC 6052).
std::uint8_t ClassifyNat64Slash48(const V6& a) {
  return ClassifyV4(V4(a[6], a[7], a[9], a[10]));
}

// A Teredo address (RFC 4380) contains the server's IPv4 address, and the
// client's with each bit inverted.
std::uint8_t ClassifyTeredo(const V6& a) {
  V6 flipped = a;
  for (std::uint8_t& byte : flipped) byte = static_cast<std::uint8_t>(~byte);
  return ClassifyV4At(a, 4) | ClassifyV4At(flipped, 12);
}

// An ISATAP address (RFC 5214) has [02]00:5efe:IPv4 as its lower half, after
// any prefix.
bool IsIsatap(const V6& a) {
  return (a[8] & ~0x03) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe;
}

// Returns empty if no embedded IPv4 address decides about this address.
std::optional<std::uint8_t> ClassifyEmbedded(const V6& a) {
  constexpr V6 kZero{};
  constexpr V6 kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr V6 kTranslated = {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr V6 kNat64 = {0x00, 0x64, 0xff, 0x9b};
  constexpr V6 kLocalNat64 = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};
  constexpr V6 k6to4 = {0x20, 0x02};
  constexpr V6 kTeredo = {0x20, 0x01, 0x00, 0x00};
  if (HasPrefix(a, kZero, 96)) return ClassifyV4At(a, 12);  // compatible
  if (HasPrefix(a, kMapped, 96)) return ClassifyV4At(a, 12);
  if (HasPrefix(a, kTranslated, 96)) return ClassifyV4At(a, 12);
  if (HasPrefix(a, kNat64, 96)) return ClassifyV4At(a, 12);
  // The site's own translator may use either prefix length, and we cannot know
  // which one: apply both.
  if (HasPrefix(a, kLocalNat64, 48))
    return kNeedsPrivate | ClassifyV4At(a, 12) | ClassifyNat64Slash48(a);
  if (HasPrefix(a, k6to4, 16)) return ClassifyV4At(a, 2);
  if (HasPrefix(a, kTeredo, 32)) return ClassifyTeredo(a);
  return std::nullopt;
}

std::uint8_t ClassifyV6(const V6& address) {
  constexpr V6 kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (address == kLoopback) return kNeedsLoopback;
  // ISATAP does not end the check, since its prefix may be anything.
  std::uint8_t needs = kNeedsNothing;
  if (IsIsatap(address)) needs = ClassifyV4At(address, 12);
  if (const auto embedded = ClassifyEmbedded(address)) return needs | *embedded;
  return needs | ClassifyPlainV6(address);
}

}  // namespace

std::uint8_t ClassifyAddress(const sockaddr* address, socklen_t length) {
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return ClassifyV4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    V6 bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return ClassifyV6(bytes);
  }
  return kNeverAllowed;
}

bool IsAllowed(const AddressPolicy& policy, const sockaddr* address,
               socklen_t length) {
  std::uint8_t needs = ClassifyAddress(address, length);
  if (policy.allow_loopback)
    needs &= static_cast<std::uint8_t>(~kNeedsLoopback);
  if (policy.allow_private) needs &= static_cast<std::uint8_t>(~kNeedsPrivate);
  return needs == kNeedsNothing;
}

std::string AddressText(const sockaddr* address, socklen_t length) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  }
  return text[0] == '\0' ? "unknown address" : text.data();
}

}  // namespace thumbmill
