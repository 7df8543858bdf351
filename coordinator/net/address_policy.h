// coordinator/net/address_policy.h: which addresses a URL from a list may
// lead to. Without this, whoever writes a list makes us fetch from the inside
// of our own network (server-side request forgery).
//
// Pure     decides on the resolved address, just before a connection is made;
//          names are not looked at, since what they resolve to can change.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace thumbmill {

struct AddressPolicy {
  bool allow_loopback = false;
  bool allow_private = false;
};

// What an address needs to be allowed, as bits: an IPv6 address that carries
// an IPv4 one needs what both need.
enum AddressNeeds : std::uint8_t {
  kNeedsNothing = 0,
  kNeedsLoopback = 1,
  // RFC 1918, carrier-grade NAT, unique local, site local, test networks
  kNeedsPrivate = 2,
  // link-local, multicast, unspecified, broadcast, reserved, the addresses
  // at which clouds hand out credentials, anything but IPv4 and IPv6
  kNeverAllowed = 4,
};

[[nodiscard]] std::uint8_t ClassifyAddress(const sockaddr* address,
                                           socklen_t length);
[[nodiscard]] bool IsAllowed(const AddressPolicy& policy,
                             const sockaddr* address, socklen_t length);

// Without port: "192.0.2.1".
[[nodiscard]] std::string AddressText(const sockaddr* address,
                                      socklen_t length);

}  // namespace thumbmill
