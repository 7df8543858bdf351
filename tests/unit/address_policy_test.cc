// Links: tm_net
#include "coordinator/net/address_policy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <string>

namespace thumbmill {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

Address Make(const std::string& text) {
  Address out;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.length = sizeof v4;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1) << text;
    v6.sin6_family = AF_INET6;
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.length = sizeof v6;
  }
  return out;
}

int Needs(const std::string& text) {
  const Address address = Make(text);
  return ClassifyAddress(address.get(), address.length);
}

bool Allowed(const AddressPolicy& policy, const std::string& text) {
  const Address address = Make(text);
  return IsAllowed(policy, address.get(), address.length);
}

void ExpectAll(int needs, std::initializer_list<const char*> addresses) {
  for (const char* address : addresses)
    EXPECT_EQ(Needs(address), needs) << address;
}

TEST(AddressPolicy, AllowsPublicAddresses) {
  ExpectAll(kNeedsNothing, {"1.1.1.1",
                            "8.8.8.8",
                            "9.255.255.255",
                            "11.0.0.0",
                            "100.63.255.255",
                            "100.128.0.0",
                            "126.255.255.255",
                            "128.0.0.0",
                            "169.253.255.255",
                            "169.255.0.0",
                            "172.15.255.255",
                            "172.32.0.0",
                            "191.255.255.255",
                            "192.0.1.0",
                            "192.167.255.255",
                            "192.169.0.0",
                            "198.17.255.255",
                            "198.20.0.0",
                            "223.255.255.255",
                            "2600::1",
                            "2a00:1450:4001::1",
                            "2001:4860:4860::8888",
                            "2606:4700::6810:84e5"});
}

TEST(AddressPolicy, KnowsPrivateAddressesByTheirFirstAndLast) {
  ExpectAll(kNeedsPrivate,
            {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255",
             "192.168.0.0", "192.168.255.255", "100.64.0.0", "100.127.255.255",
             "198.18.0.0", "198.19.255.255", "192.0.2.1", "198.51.100.9",
             "203.0.113.255", "fc00::1", "fdff:ffff::1", "fec0::1",
             "2001:db8::1", "3fff::1", "3fff:fff::1"});
}

TEST(AddressPolicy, KnowsLoopback) {
  ExpectAll(kNeedsLoopback,
            {"127.0.0.0", "127.0.0.1", "127.255.255.255", "::1"});
}

TEST(AddressPolicy, NeverAllowsWhatIsNoHost) {
  ExpectAll(
      kNeverAllowed,
      {"0.0.0.0",         "0.1.2.3",     "169.254.0.0",     "169.254.169.254",
       "169.254.255.255", "192.0.0.192", "192.88.99.1",     "224.0.0.1",
       "239.255.255.255", "240.0.0.0",   "255.255.255.255", "::",
       "fe80::1",         "febf::1",     "ff02::1",         "ff0e::1",
       "100::1",          "5f00::1",     "2001:10::1",      "2001:2f:ffff::1",
       "4000::1",         "1::1"});
}

TEST(AddressPolicy, NeverAllowsWhereCloudsHandOutCredentials) {
  ExpectAll(kNeverAllowed,
            {"169.254.169.254", "169.254.170.2", "100.100.100.200",
             "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254",
             "fd00:42::42", "::ffff:169.254.169.254"});
}

TEST(AddressPolicy, UnwrapsMappedCompatibleAndTranslated) {
  for (const std::string prefix : {"::ffff:", "::", "::ffff:0:", "64:ff9b::"}) {
    EXPECT_EQ(Needs(prefix + "127.0.0.1"), kNeedsLoopback) << prefix;
    EXPECT_EQ(Needs(prefix + "10.1.2.3"), kNeedsPrivate) << prefix;
    EXPECT_EQ(Needs(prefix + "169.254.169.254"), kNeverAllowed) << prefix;
    EXPECT_EQ(Needs(prefix + "8.8.8.8"), kNeedsNothing) << prefix;
  }
}

TEST(AddressPolicy, UnwrapsTheSitesOwnNat64InBothLayouts) {
  EXPECT_EQ(Needs("64:ff9b:1::8.8.8.8"), kNeedsPrivate | kNeverAllowed)
      << "the /48 layout reads 0.0.0.0 here";
  EXPECT_EQ(Needs("64:ff9b:1:0808:8:800::"), kNeedsPrivate | kNeverAllowed);
  EXPECT_EQ(Needs("64:ff9b:1:7f00:0:100:7f00:1"),
            kNeedsPrivate | kNeedsLoopback);
}

TEST(AddressPolicy, Unwraps6to4) {
  EXPECT_EQ(Needs("2002:7f00:0001::1"), kNeedsLoopback);
  EXPECT_EQ(Needs("2002:0a00:0001::1"), kNeedsPrivate);
  EXPECT_EQ(Needs("2002:a9fe:a9fe::"), kNeverAllowed);
  EXPECT_EQ(Needs("2002:0808:0808::1"), kNeedsNothing);
}

TEST(AddressPolicy, UnwrapsTeredoServerAndClient) {
  // Teredo stores the client's address with all bits inverted: f5ff:fffe is
  // 10.0.0.1.
  EXPECT_EQ(Needs("2001:0:808:808:0:0:f5ff:fffe"), kNeedsPrivate);
  EXPECT_EQ(Needs("2001:0:a00:1:0:0:f7f7:f7f7"), kNeedsPrivate);
  EXPECT_EQ(Needs("2001:0:808:808:0:0:80ff:fffe"), kNeedsLoopback);
  EXPECT_EQ(Needs("2001:0:808:808:0:0:f7f7:f7f7"), kNeedsNothing);
}

TEST(AddressPolicy, UnwrapsIsatapUnderAnyPrefix) {
  EXPECT_EQ(Needs("2600:1::5efe:10.0.0.1"), kNeedsPrivate);
  EXPECT_EQ(Needs("2600:1::200:5efe:127.0.0.1"), kNeedsLoopback);
  EXPECT_EQ(Needs("2600:1::200:5efe:8.8.8.8"), kNeedsNothing);
  EXPECT_EQ(Needs("fe80::5efe:8.8.8.8"), kNeverAllowed);
  EXPECT_EQ(Needs("fd01::5efe:127.0.0.1"), kNeedsPrivate | kNeedsLoopback);
}

TEST(AddressPolicy, EachFlagOpensItsOwnRangeOnly) {
  const AddressPolicy loopback{.allow_loopback = true};
  const AddressPolicy internal{.allow_private = true};
  EXPECT_TRUE(Allowed(loopback, "127.0.0.1"));
  EXPECT_FALSE(Allowed(loopback, "10.0.0.1"));
  EXPECT_TRUE(Allowed(internal, "10.0.0.1"));
  EXPECT_FALSE(Allowed(internal, "127.0.0.1"));
  EXPECT_FALSE(Allowed({}, "127.0.0.1"));
  EXPECT_FALSE(Allowed({}, "192.168.1.1"));
  EXPECT_TRUE(Allowed({}, "8.8.8.8"));
}

TEST(AddressPolicy, NoFlagOpensLinkLocal) {
  const AddressPolicy all{.allow_loopback = true, .allow_private = true};
  EXPECT_FALSE(Allowed(all, "169.254.169.254"));
  EXPECT_FALSE(Allowed(all, "fe80::1"));
  EXPECT_FALSE(Allowed(all, "0.0.0.0"));
  EXPECT_FALSE(Allowed(all, "::ffff:0.0.0.0"));
  EXPECT_FALSE(Allowed(all, "fd00:ec2::254"));
}

TEST(AddressPolicy, AnAddressThatNeedsTwoFlagsNeedsBoth) {
  const std::string both = "fd01::5efe:127.0.0.1";
  EXPECT_FALSE(Allowed({.allow_loopback = true}, both));
  EXPECT_FALSE(Allowed({.allow_private = true}, both));
  EXPECT_TRUE(Allowed({.allow_loopback = true, .allow_private = true}, both));
}

TEST(AddressPolicy, NeverAllowsOtherFamiliesOrShortAddresses) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  const auto* address = reinterpret_cast<const sockaddr*>(&local);
  EXPECT_EQ(ClassifyAddress(address, sizeof local), kNeverAllowed);
  const Address cut = Make("8.8.8.8");
  EXPECT_EQ(ClassifyAddress(cut.get(), 4), kNeverAllowed);
}

TEST(AddressPolicy, ShowsAddressesForPeople) {
  const Address v4 = Make("192.0.2.7");
  EXPECT_EQ(AddressText(v4.get(), v4.length), "192.0.2.7");
  const Address v6 = Make("fe80::1");
  EXPECT_EQ(AddressText(v6.get(), v6.length), "fe80::1");
}

}  // namespace
}  // namespace thumbmill
