// Links: tm_net tm_fixtures
//
// Tests uploads, and the request that probes a target.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "tests/integration/transfer_case.h"

namespace thumbmill {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST_F(TransferTest, PutsABody) {
  const std::string bytes = Bytes(300'000);
  const TransferResult result = Put("/dav/a/b.jpg", bytes);
  EXPECT_EQ(result.reason, Reason::kNone) << result.message;
  EXPECT_EQ(result.http_status, 201);
  EXPECT_EQ(result.bytes, bytes.size());
  EXPECT_TRUE(ReadFile(server_->dav() / "a/b.jpg") == bytes);
}

TEST_F(TransferTest, PutsAnEmptyBodyAndALargeOne) {
  EXPECT_EQ(Put("/dav/empty", "").reason, Reason::kNone);
  EXPECT_EQ(ReadFile(server_->dav() / "empty"), "");
  const std::string large = Bytes(8'000'000);
  EXPECT_EQ(Put("/dav/large", large).reason, Reason::kNone);
  EXPECT_TRUE(ReadFile(server_->dav() / "large") == large);
}

TEST_F(TransferTest, PutSaysItsTypeAndOverwrites) {
  EXPECT_EQ(Put("/put-echo", "x", "image/png").reason, Reason::kNone);
  EXPECT_EQ(Put("/dav/a", "one").http_status, 201);
  EXPECT_EQ(Put("/dav/a", "two").http_status, 204);
  EXPECT_EQ(ReadFile(server_->dav() / "a"), "two");
}

TEST_F(TransferTest, RefusedPutsSayWhyAndForHowLong) {
  const TransferResult denied = Put("/status/403", "x");
  EXPECT_EQ(denied.http_status, 403);
  EXPECT_FALSE(denied.transient());
  const TransferResult busy = Put("/status/503?after=3", "x");
  EXPECT_TRUE(busy.transient());
  EXPECT_EQ(busy.retry_after, Millis(3000));
  EXPECT_EQ(Put("/files/x", "x").http_status, 405);
  EXPECT_EQ(Put(RedirectTo("/dav/x"), "x").reason, Reason::kRedirect);
}

TEST_F(TransferTest, GivesUpAnUploadThatIsNotAnswered) {
  options_.upload_timeout = Millis(300);
  Open();
  const TransferResult result = Put("/put-slow", Bytes(1000));
  EXPECT_EQ(result.reason, Reason::kTimeout);
  EXPECT_TRUE(result.transient());
}

TEST_F(TransferTest, ProbeTellsWhetherAServerAnswers) {
  const auto probe = [&](const std::string& url) {
    return Await([&](Transfers::Done done) {
      return transfers_->Probe(url, std::move(done));
    });
  };
  EXPECT_EQ(probe(server_->Http("/uri")).http_status, 200);
  EXPECT_EQ(probe(server_->Http("/dav/")).http_status, 403);
  EXPECT_EQ(probe("http://127.0.0.1:" + std::to_string(FreePort())).http_status,
            0);
}

}  // namespace
}  // namespace thumbmill
