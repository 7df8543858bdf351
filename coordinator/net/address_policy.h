// coordinator/net/address_policy.h: decides which addresses a URL from a list
// may lead to. Without this rule the author of a list could make us fetch from
// the inside of our own network (server-side request forgery).
//
// Pure     looks only at the resolved address, just before curl connects. A
//          check of the name would not help, since a name can resolve to
//          another address a moment later.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace thumbmill {

struct AddressPolicy {
  bool allow_loopback = false;
  bool allow_private = false;
};

// The permissions that an address needs, as bits. An IPv6 address that contains
// an IPv4 address needs the permissions of both.
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

// Returns the address without a port, such as "192.0.2.1".
[[nodiscard]] std::string AddressText(const sockaddr* address,
                                      socklen_t length);

}  // namespace thumbmill
