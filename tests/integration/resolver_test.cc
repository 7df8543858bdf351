// Links: tm_net tm_fixtures dl
//
// Tests transfers with a resolver of the test: its getaddrinfo() overrides that
// of the C library, for libcurl too. It knows names under ".test" and can be
// slow.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "coordinator/loop/event_loop.h"
#include "coordinator/net/transfer.h"
#include "tests/integration/nginx_test.h"

namespace {

std::mutex mutex;
std::map<std::string, std::vector<std::string>> names;  // GUARDED_BY(mutex)
std::map<std::string, int> lookups;                     // GUARDED_BY(mutex)
std::atomic<int> slow_ms{0};

using Resolve = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

Resolve Real() {
  static const auto real =
      reinterpret_cast<Resolve>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real;
}

// Joins lists that the C library made. Its freeaddrinfo() frees them node by
// node, so a joined list is freed correctly.
int ResolveAll(const std::vector<std::string>& addresses, const char* service,
               const addrinfo* hints, addrinfo** result) {
  addrinfo** end = result;
  *result = nullptr;
  for (const std::string& address : addresses) {
    addrinfo numeric = hints != nullptr ? *hints : addrinfo{};
    numeric.ai_family = AF_UNSPEC;
    numeric.ai_flags |= AI_NUMERICHOST;
    const int code = Real()(address.c_str(), service, &numeric, end);
    if (code != 0) return code;
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  return *result == nullptr ? EAI_NONAME : 0;
}

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service,
                           const addrinfo* hints, addrinfo** result) {
  if (host == nullptr) return Real()(host, service, hints, result);
  std::this_thread::sleep_for(std::chrono::milliseconds(slow_ms.load()));
  std::vector<std::string> addresses;
  {
    const std::lock_guard lock(mutex);
    ++lookups[host];
    const auto found = names.find(host);
    if (found != names.end()) addresses = found->second;
  }
  return ResolveAll(addresses, service, hints, result);
}

namespace thumbmill {
namespace {

class NullSink final : public BodySink {
 public:
  std::uint8_t* Extend(std::uint64_t bytes) override {
    data.resize(data.size() + bytes);
    return data.data() + data.size() - bytes;
  }
  void Restart() override { data.clear(); }
  std::vector<std::uint8_t> data;
};

class ResolverTest : public NginxTest {
 protected:
  void SetUp() override {
    NginxTest::SetUp();
    if (server_ == nullptr) return;
    slow_ms = 0;
    const std::lock_guard lock(mutex);
    names.clear();
    lookups.clear();
  }
  void TearDown() override { slow_ms = 0; }

  void Name(const std::string& name, std::vector<std::string> addresses) {
    const std::lock_guard lock(mutex);
    names[name] = std::move(addresses);
  }
  int Lookups(const std::string& name) {
    const std::lock_guard lock(mutex);
    return lookups[name];
  }
  std::string Url(const std::string& host) const {
    return "http://" + host + ":" + std::to_string(server_->port()) + "/uri";
  }
  TransferResult Get(const std::string& url) {
    if (!transfers_) transfers_ = *Transfers::Create(loop_.get(), options_);
    std::optional<TransferResult> result;
    transfers_->Get({url, false, &sink_},
                    [&](TransferResult r) { result = std::move(r); });
    while (!result) loop_->RunOnce(Millis(100));
    return *result;
  }

  // Returns the number of transfers that end with `wanted`.
  int GetMany(const std::string& url, int count, Reason wanted) {
    if (!transfers_) transfers_ = *Transfers::Create(loop_.get(), options_);
    std::vector<NullSink> sinks(static_cast<std::size_t>(count));
    int ended = 0, wanted_ended = 0;
    for (NullSink& sink : sinks)
      transfers_->Get({url, false, &sink}, [&](TransferResult r) {
        ++ended;
        wanted_ended += r.reason == wanted ? 1 : 0;
      });
    while (ended < count) loop_->RunOnce(Millis(100));
    return wanted_ended;
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  TransferOptions options_;
  NullSink sink_;
  std::unique_ptr<Transfers> transfers_;
};

TEST_F(ResolverTest, RefusesANameWhenAllItsAddressesAreForbidden) {
  Name("inside.test", {"10.0.0.1", "169.254.169.254", "fd00::1"});
  const TransferResult result = Get(Url("inside.test"));
  EXPECT_EQ(result.reason, Reason::kForbiddenAddress) << result.message;
  EXPECT_FALSE(result.transient());
}

TEST_F(ResolverTest, UsesTheAllowedOneOfSeveralAddresses) {
  options_.allow_loopback = true;
  Name("mixed.test", {"10.0.0.1", "fd00::1", "127.0.0.1"});
  EXPECT_EQ(Get(Url("mixed.test")).reason, Reason::kNone);
}

TEST_F(ResolverTest, AnAllowedAddressThatRefusesIsNotForbidden) {
  options_.allow_loopback = true;
  Name("mixed.test", {"10.0.0.1", "127.0.0.1"});
  const TransferResult result =
      Get("http://mixed.test:" + std::to_string(FreePort()) + "/");
  EXPECT_EQ(result.reason, Reason::kConnect) << result.message;
}

TEST_F(ResolverTest, ANameThatMovesInsideIsRefusedAtItsNextConnection) {
  options_.allow_loopback = true;
  Name("moves.test", {"127.0.0.1"});
  EXPECT_EQ(Get(Url("moves.test")).reason, Reason::kNone);
  Name("moves.test", {"10.0.0.1"});
  transfers_.reset();  // also clears curl's DNS cache
  EXPECT_EQ(Get(Url("moves.test")).reason, Reason::kForbiddenAddress);
}

TEST_F(ResolverTest, LooksANameUpOnceForManyTransfers) {
  options_.allow_loopback = true;
  Name("a.test", {"127.0.0.1"});
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(Get(Url("a.test")).reason, Reason::kNone);
  EXPECT_EQ(Lookups("a.test"), 1);
}

TEST_F(ResolverTest, LooksANameUpOnceForManyTransfersAtOnce) {
  options_.allow_loopback = true;
  slow_ms = 100;
  Name("a.test", {"127.0.0.1"});
  EXPECT_EQ(GetMany(Url("a.test"), 50, Reason::kNone), 50);
  EXPECT_EQ(Lookups("a.test"), 1);
}

TEST_F(ResolverTest, ADeadNameIsLookedUpOnceForManyTransfersAtOnce) {
  slow_ms = 100;
  EXPECT_EQ(GetMany(Url("dead.test"), 50, Reason::kDns), 50);
  EXPECT_EQ(Lookups("dead.test"), 1);
}

TEST_F(ResolverTest, AResolverThatHangsCostsOneDeadlineForManyTransfers) {
  options_.connect_timeout = Millis(200);
  slow_ms = 3000;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(GetMany(Url("slow.test"), 50, Reason::kDns), 49);
  EXPECT_LT(std::chrono::steady_clock::now() - before, Millis(1500));
}

TEST_F(ResolverTest, TheLeaderOfALookupMayBeCancelled) {
  options_.allow_loopback = true;
  slow_ms = 50;
  Name("a.test", {"127.0.0.1"});
  transfers_ = *Transfers::Create(loop_.get(), options_);
  const TransferId leader = transfers_->Get({Url("a.test"), false, &sink_},
                                            [](TransferResult) { FAIL(); });
  loop_->After(Millis(10), [&] { transfers_->Cancel(leader); });
  EXPECT_EQ(GetMany(Url("a.test"), 10, Reason::kNone), 10);
}

TEST_F(ResolverTest, RefusesACertificateOfAnotherName) {
  options_.allow_loopback = true;
  options_.ca_file = server_->certificate();
  Name("other.test", {"127.0.0.1"});
  const std::string port = server_->Https("").substr(17);
  EXPECT_EQ(Get("https://localhost" + port + "/uri").reason, Reason::kNone);
  const TransferResult result = Get("https://other.test" + port + "/uri");
  EXPECT_EQ(result.reason, Reason::kTls) << result.message;
  EXPECT_NE(result.message.find("other.test"), std::string::npos);
}

// The first lookup returns an allowed address, each later one an inside
// address. Each connection must check the address that it uses, not one of an
// earlier lookup.
TEST_F(ResolverTest, AnAnswerThatChangesBetweenRetriesIsCheckedEachTime) {
  options_.allow_loopback = true;
  Name("moves.test", {"127.0.0.1"});
  EXPECT_EQ(Get(Url("moves.test")).reason, Reason::kNone);
  for (const char* inside : {"169.254.169.254", "10.0.0.1", "fd00::1"}) {
    transfers_.reset();
    Name("moves.test", {inside});
    EXPECT_EQ(Get(Url("moves.test")).reason, Reason::kForbiddenAddress);
  }
}

TEST_F(ResolverTest, DoesNotHammerTheResolverWithADeadName) {
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(Get(Url("dead.test")).reason, Reason::kDns);
  EXPECT_LE(Lookups("dead.test"), 2);
}

TEST_F(ResolverTest, SendsInternationalNamesAsAscii) {
  options_.allow_loopback = true;
  Name("xn--bcher-kva.test", {"127.0.0.1"});
  const TransferResult result =
      Get(Url("b\xc3\xbc"
              "cher.test"));
  EXPECT_EQ(result.reason, Reason::kNone) << result.message;
}

TEST_F(ResolverTest, RefusesInternationalNamesThatAreTooLongAsAscii) {
  std::string label;
  for (int i = 0; i < 60; ++i)
    label += std::string("\xe4\xb8") + char(0x80 + i);
  const TransferResult result = Get("http://" + label + ".test/");
  EXPECT_EQ(result.reason, Reason::kBadLine) << result.message;
  EXPECT_FALSE(result.transient());
}

TEST_F(ResolverTest, ASlowLookupCountsAsConnectTime) {
  options_.connect_timeout = Millis(200);
  slow_ms = 2000;
  const auto before = std::chrono::steady_clock::now();
  const TransferResult result = Get(Url("slow.test"));
  EXPECT_EQ(result.reason, Reason::kTimeout) << result.message;
  EXPECT_TRUE(result.transient());
  EXPECT_LT(std::chrono::steady_clock::now() - before, Millis(1000));
  EXPECT_NE(result.message.find("name"), std::string::npos);
}

// libcurl by default waits for the thread that looks a name up, which would
// block the whole loop for as long as the resolver takes.
TEST_F(ResolverTest, CancellingASlowLookupDoesNotHoldTheLoop) {
  slow_ms = 2000;
  transfers_ = *Transfers::Create(loop_.get(), options_);
  const TransferId id = transfers_->Get({Url("slow.test"), false, &sink_},
                                        [](TransferResult) { FAIL(); });
  for (int i = 0; i < 20; ++i) loop_->RunOnce(Millis(5));
  ASSERT_EQ(transfers_->active(), 1u);
  const auto before = std::chrono::steady_clock::now();
  transfers_->Cancel(id);
  transfers_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, Millis(500));
}

}  // namespace
}  // namespace thumbmill
