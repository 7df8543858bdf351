// Links: tm_net tm_fixtures
//
// Tests redirects, forbidden addresses and TLS.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/transfer_case.h"

namespace thumbmill {
namespace {

TEST_F(TransferTest, FollowsRedirectsUpToTheLimit) {
  options_.max_redirects = 3;
  Open();
  EXPECT_EQ(Get("/hops?n=3").reason, Reason::kNone);
  EXPECT_EQ(sink_.text(), "arrived");
  EXPECT_EQ(Get("/hops?n=4").reason, Reason::kRedirect);
  EXPECT_EQ(Get("/loop").reason, Reason::kRedirect);
}

TEST_F(TransferTest, FollowsEachKindOfRedirect) {
  for (const int code : {301, 302, 303, 307, 308}) {
    const TransferResult result =
        Get(RedirectTo("/uri") + "&code=" + std::to_string(code));
    EXPECT_EQ(result.reason, Reason::kNone) << code;
    EXPECT_EQ(sink_.text(), "/uri") << code;
  }
}

TEST_F(TransferTest, FollowsARedirectWithALongBody) {
  EXPECT_EQ(Get(RedirectTo("/uri") + "&body=5000000").reason, Reason::kNone);
  EXPECT_EQ(sink_.text(), "/uri");
}

TEST_F(TransferTest, RefusesRedirectsToOtherSchemesAndToNowhere) {
  for (const std::string& path :
       {RedirectTo("file:///etc/passwd"), RedirectTo("ftp://h/"),
        RedirectTo("gopher://h/"), RedirectTo("http://"),
        std::string("/redirect"), std::string("/nowhere-304")}) {
    const TransferResult result = Get(path);
    EXPECT_EQ(result.reason, Reason::kRedirect) << path;
    EXPECT_FALSE(result.transient());
  }
}

TEST_F(TransferTest, RefusesLoopbackUnlessAllowed) {
  options_.allow_loopback = false;
  Open();
  for (const char* host : {"127.0.0.1", "localhost", "[::1]", "2130706433",
                           "0x7f.1", "[::ffff:127.0.0.1]"}) {
    const TransferResult result =
        GetUrl("http://" + std::string(host) + ":" +
               std::to_string(server_->port()) + "/uri");
    EXPECT_EQ(result.reason, Reason::kForbiddenAddress) << host;
    EXPECT_FALSE(result.transient());
    EXPECT_TRUE(sink_.data.empty());
  }
}

TEST_F(TransferTest, RefusesPrivateAndLinkLocalBeforeAnyPacket) {
  for (const char* url :
       {"http://10.0.0.1/", "http://192.168.0.1/", "http://[fd00::1]/",
        "http://169.254.169.254/latest/meta-data/", "http://0.0.0.0/",
        "http://[::]/", "http://224.0.0.1/", "http://255.255.255.255/"})
    EXPECT_EQ(GetUrl(url).reason, Reason::kForbiddenAddress) << url;
}

TEST_F(TransferTest, RefusesRedirectsToForbiddenAddresses) {
  const TransferResult result =
      Get(RedirectTo("http://me:hush@169.254.169.254/meta?token=hush"));
  EXPECT_EQ(result.reason, Reason::kForbiddenAddress);
  EXPECT_EQ(result.message.find("hush"), std::string::npos) << result.message;
}

TEST_F(TransferTest, TrustsTheUrlThatWasTypedButNotItsRedirects) {
  options_.allow_loopback = false;
  Open();
  EXPECT_EQ(GetUrl(server_->Http("/uri"), true).reason, Reason::kNone);
  EXPECT_EQ(GetUrl(server_->Http(RedirectTo("/uri")), true).reason,
            Reason::kForbiddenAddress);
}

TEST_F(TransferTest, NeverReusesATrustedConnectionForAnUntrustedUrl) {
  options_.allow_loopback = false;
  Open();
  EXPECT_EQ(GetUrl(server_->Http("/uri"), true).reason, Reason::kNone);
  // The open connection to the same address must not be used again.
  EXPECT_EQ(GetUrl(server_->Http("/uri"), false).reason,
            Reason::kForbiddenAddress);
}

TEST_F(TransferTest, SendsUserinfoToItsOwnOriginOnly) {
  const std::string origin = std::to_string(server_->port());
  const std::string own = "http://me:p%40w@127.0.0.1:" + origin;
  GetUrl(own + "/authorization");
  EXPECT_EQ(sink_.text(), "Basic bWU6cEB3");
  GetUrl(own + RedirectTo("/authorization"));
  EXPECT_EQ(sink_.text(), "Basic bWU6cEB3");
  // The same server by another name is another origin.
  GetUrl(own + RedirectTo("http://localhost:" + origin + "/authorization"));
  EXPECT_EQ(sink_.text(), "");
}

TEST_F(TransferTest, VerifiesCertificates) {
  const TransferResult result = GetUrl(server_->Https("/uri"));
  EXPECT_EQ(result.reason, Reason::kTls) << result.message;
  EXPECT_TRUE(sink_.data.empty());
}

TEST_F(TransferTest, SpeaksHttp2OverTlsAlsoWhenPaused) {
  const std::string bytes = ServeFile("a.bin", 5'000'000);
  options_.ca_file = server_->certificate();
  Open();
  EXPECT_EQ(GetUrl(server_->Https("/protocol")).reason, Reason::kNone);
  EXPECT_EQ(sink_.text(), "HTTP/2.0");
  sink_.room = 100'000;
  TransferId id = 0;
  sink_.on_refusal = [&] {
    loop_->After(Millis(5), [&] {
      sink_.room += 700'000;
      transfers_->Resume(id);
    });
  };
  std::optional<TransferResult> result;
  id = transfers_->Get({server_->Https("/files/a.bin"), false, &sink_},
                       [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kNone) << result->message;
  EXPECT_TRUE(sink_.text() == bytes);
  EXPECT_GE(sink_.refusals, 6);
}

TEST_F(TransferTest, TellsABodyThatEndsEarlyOverHttp2) {
  options_.ca_file = server_->certificate();
  Open();
  EXPECT_EQ(GetUrl(server_->Https("/short")).reason, Reason::kTruncatedBody);
}

}  // namespace
}  // namespace thumbmill
