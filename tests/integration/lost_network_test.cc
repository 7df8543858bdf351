// Links: tm_engine tm_fixtures
//
// Tests how the engine handles a lost network, with limits of a few images and
// milliseconds. Nobody listens on the ports of its URLs.
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/nginx_fixture.h"
#include "tests/unit/engine_parts.h"

namespace thumbmill {
namespace {

class LostNetwork : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    options_.transfer.allow_loopback = true;
    options_.retries = 0;
    transfers_ = *Transfers::Create(loop_.get(), options_.transfer);
    network_.items = 20;
    network_.first_wait = Millis(20);
    network_.last_wait = Millis(50);
  }
  // Returns URLs of this machine, alternating between `hosts` hosts.
  std::vector<ImageRef> Urls(int count, int port, int hosts = 2) {
    std::vector<ImageRef> refs;
    for (int i = 0; i < count; ++i) {
      ImageRef ref;
      ref.is_url = true;
      ref.host = "127.0.0." + std::to_string(1 + i % hosts);
      ref.stem = std::to_string(i);
      ref.srcext = "jpg";
      ref.uri = "http://" + ref.host + ":" + std::to_string(port) +
                "/files/good.jpg?" + ref.stem;
      refs.push_back(ref);
    }
    return refs;
  }
};

TEST_F(LostNetwork, StopsResumableAndFailsNothingThatItHeldBack) {
  network_.give_up = Millis(300);
  const RunEnd end = Run(Urls(500, FreePort()));
  EXPECT_EQ(end.kind, RunEnd::Kind::kLimit);
  EXPECT_NE(end.error.what.find("no host"), std::string::npos);
  EXPECT_GE(stats_.failed, 20u);
  // Transfers that were running when the engine noticed the loss also fail.
  EXPECT_LE(stats_.failed, 20u + options_.downloads);
  EXPECT_EQ(journal_->Counts()->failed, stats_.failed);
  EXPECT_GE(stats_.elapsed, Millis(300));
}

TEST_F(LostNetwork, GoesOnWhenTheNetworkIsBack) {
  const int port = FreePort();
  network_.give_up = Millis(60'000);
  if (!NginxServer::Available()) GTEST_SKIP() << "nginx is missing";
  std::unique_ptr<NginxServer> server;
  loop_->After(Millis(300), [&] {
    auto started = NginxServer::Start(port);
    ASSERT_TRUE(started) << started.error().what;
    server = *std::move(started);
    std::ofstream(server->www() / "good.jpg") << "\xff\xd8 an image to fakes";
  });
  const RunEnd end = Run(Urls(500, port));
  EXPECT_EQ(end.kind, RunEnd::Kind::kFinished);
  EXPECT_EQ(stats_.done + stats_.failed, 500u);
  EXPECT_LE(stats_.failed, 20u + options_.downloads);
  EXPECT_GE(stats_.done, 500u - 20u - options_.downloads);
}

TEST_F(LostNetwork, LocalFilesAreMadeMeanwhile) {
  network_.give_up = Millis(300);
  std::vector<ImageRef> refs = Urls(200, FreePort());
  for (int i = 0; i < 50; ++i)
    refs.push_back(File("f" + std::to_string(i), "bytes"));
  EXPECT_EQ(Run(std::move(refs)).kind, RunEnd::Kind::kLimit);
  EXPECT_EQ(stats_.done, 50u);
}

TEST_F(LostNetwork, OneDeadHostEndsWithItsItemsFailed) {
  options_.per_host = 2;
  EXPECT_EQ(Run(Urls(1000, FreePort(), 1)).kind, RunEnd::Kind::kFinished);
  EXPECT_EQ(stats_.failed_by_reason[Reason::kConnect], 1000u);
}

}  // namespace
}  // namespace thumbmill
