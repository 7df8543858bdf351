// Links: tm_net tm_fixtures
//
// Tests downloads: bodies, failures and deadlines.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/integration/transfer_case.h"

namespace thumbmill {
namespace {

TEST_F(TransferTest, BringsAFileUnchanged) {
  const std::string bytes = ServeFile("a.bin", 3'000'000);
  const TransferResult result = Get("/files/a.bin");
  EXPECT_EQ(result.reason, Reason::kNone) << result.message;
  EXPECT_EQ(result.http_status, 200);
  EXPECT_EQ(result.bytes, bytes.size());
  EXPECT_TRUE(sink_.text() == bytes);
  EXPECT_EQ(sink_.restarts, 1);
  EXPECT_GT(result.times.first_byte, Micros(0));
  EXPECT_GE(result.times.total, result.times.first_byte);
}

TEST_F(TransferTest, AnEmptyBodyIsNoError) {
  ServeFile("empty", 0);
  const TransferResult result = Get("/files/empty");
  EXPECT_EQ(result.reason, Reason::kNone);
  EXPECT_EQ(result.bytes, 0u);
}

TEST_F(TransferTest, SendsBytesOutsideAsciiEscaped) {
  Get("/uri/../uri?\xc3\xbc|{}");
  EXPECT_EQ(sink_.text(), "/uri?%C3%BC%7C%7B%7D");
}

TEST_F(TransferTest, SaysWhoAsks) {
  EXPECT_EQ(Get("/user-agent").reason, Reason::kNone);
  EXPECT_EQ(sink_.text().find("thumbmill/"), 0u) << sink_.text();
}

TEST_F(TransferTest, KeepsConnectionsAlive) {
  Get("/connection");
  const std::string first = sink_.text();
  for (int i = 0; i < 5; ++i) {
    Get("/connection");
    EXPECT_EQ(sink_.text(), first);
  }
}

TEST_F(TransferTest, KeepsAConnectionOverErrorsAndRedirectsWithShortBodies) {
  Get("/connection");
  const std::string first = sink_.text();
  Get("/status/404?body=5000");
  Get(RedirectTo("/status/500") + "&body=5000");
  Get("/connection");
  EXPECT_EQ(sink_.text(), first);
}

TEST_F(TransferTest, RunsManyTransfersAtOnce) {
  const std::string bytes = ServeFile("a.bin", 200'000);
  std::vector<MemorySink> sinks(64);
  std::size_t good = 0, ended = 0;
  for (MemorySink& sink : sinks)
    transfers_->Get({server_->Http("/files/a.bin"), false, &sink},
                    [&](TransferResult result) {
                      ++ended;
                      good += result.reason == Reason::kNone;
                    });
  EXPECT_EQ(transfers_->active(), 64u);
  ASSERT_TRUE(RunUntil([&] { return ended == 64; }));
  EXPECT_EQ(good, 64u);
  EXPECT_EQ(transfers_->active(), 0u);
  for (const MemorySink& sink : sinks) EXPECT_TRUE(sink.text() == bytes);
}

TEST_F(TransferTest, ErrorsOfTheServerKeepTheirBodiesFromTheSink) {
  const TransferResult result = Get("/status/404?body=100");
  EXPECT_EQ(result.reason, Reason::kHttp4xx);
  EXPECT_EQ(result.http_status, 404);
  EXPECT_FALSE(result.transient());
  EXPECT_TRUE(sink_.data.empty());
  EXPECT_EQ(Get("/status/500?body=5000000").reason, Reason::kHttp5xx);
}

TEST_F(TransferTest, TellsWhichStatusesMayPass) {
  for (const int status : {408, 425, 429, 500, 502, 503, 504})
    EXPECT_TRUE(Get("/status/" + std::to_string(status)).transient()) << status;
  for (const int status : {400, 401, 403, 404, 410, 451, 501, 505})
    EXPECT_FALSE(Get("/status/" + std::to_string(status)).transient())
        << status;
}

TEST_F(TransferTest, ReadsRetryAfterInSecondsAndAsADate) {
  EXPECT_EQ(Get("/status/429?after=7").retry_after, Millis(7000));
  EXPECT_EQ(Get("/status/503").retry_after, Millis(0));
  const Millis dated = Get("/status/503?date=20").retry_after;
  // The clock may have moved on by up to two seconds.
  EXPECT_GE(dated, Millis(18'000));
  EXPECT_LE(dated, Millis(20'000));
  EXPECT_EQ(Get("/status/503?date=-20").retry_after, Millis(0));
  EXPECT_EQ(Get("/status/503?after=soon").retry_after, Millis(0));
}

TEST_F(TransferTest, WorksAgainAfterAFailure) {
  EXPECT_EQ(Get("/flaky?key=k&n=1").reason, Reason::kHttp5xx);
  EXPECT_EQ(Get("/flaky?key=k&n=1").reason, Reason::kNone);
  EXPECT_EQ(sink_.text(), "try 2");
}

TEST_F(TransferTest, RefusesALengthAboveTheCapAtOnce) {
  options_.max_bytes = 1000;
  Open();
  const TransferResult result = Get("/announce?bytes=1001");
  EXPECT_EQ(result.reason, Reason::kTooBig);
  EXPECT_FALSE(result.transient());
  EXPECT_TRUE(sink_.data.empty());
  ServeFile("fits", 1000);
  EXPECT_EQ(Get("/files/fits").reason, Reason::kNone);
}

TEST_F(TransferTest, EndsABodyWithoutEndAtTheCap) {
  options_.max_bytes = 1'000'000;
  Open();
  EXPECT_EQ(Get("/endless").reason, Reason::kTooBig);
  EXPECT_LE(sink_.data.size(), 1'000'000u);
}

TEST_F(TransferTest, EndsABodyThatTheSinkDoesNotWant) {
  sink_.wanted = 100'000;
  const TransferResult result = Get("/endless");
  EXPECT_EQ(result.reason, Reason::kNotImage) << result.message;
  EXPECT_FALSE(result.transient());
  // One more piece may arrive before the end.
  EXPECT_LE(sink_.data.size(), 100'000u + (64 << 10));
}

TEST_F(TransferTest, DecodesABodyThatComesEncodedAllTheSame) {
  const TransferResult result = Get("/zeros?chunks=4");
  EXPECT_EQ(result.reason, Reason::kNone) << result.message;
  EXPECT_TRUE(sink_.text() == std::string(4 * 65536, '\0'));
}

TEST_F(TransferTest, CountsBytesAfterDecoding) {
  options_.max_bytes = 1'000'000;
  Open();
  EXPECT_EQ(Get("/zeros?chunks=10000").reason, Reason::kTooBig);
  EXPECT_LE(sink_.data.size(), 1'000'000u);
}

TEST_F(TransferTest, BytesThatDoNotDecodeAreATruncatedBody) {
  EXPECT_EQ(Get("/bad-gzip").reason, Reason::kTruncatedBody);
}

TEST_F(TransferTest, TellsABodyThatEndsEarly) {
  for (const char* path : {"/short?length=10000", "/short"}) {
    const TransferResult result = Get(path);
    EXPECT_EQ(result.reason, Reason::kTruncatedBody) << path;
    EXPECT_TRUE(result.transient());
  }
}

TEST_F(TransferTest, ALostConnectionBeforeTheAnswerIsNoTruncatedBody) {
  const TransferResult result = Get("/drop");
  EXPECT_EQ(result.reason, Reason::kConnect);
  EXPECT_TRUE(result.transient());
}

TEST_F(TransferTest, EndsHeadersWithoutEnd) {
  const TransferResult result = Get("/headers-without-end");
  EXPECT_EQ(result.reason, Reason::kTooBig) << result.message;
}

TEST_F(TransferTest, WhatSpeaksNoHttpIsAnErrorOfTheServer) {
  EXPECT_EQ(Get("/no-http").reason, Reason::kHttp5xx);
}

TEST_F(TransferTest, RefusedConnectionsAreTransient) {
  const TransferResult result =
      GetUrl("http://127.0.0.1:" + std::to_string(FreePort()) + "/");
  EXPECT_EQ(result.reason, Reason::kConnect);
  EXPECT_TRUE(result.transient());
}

TEST_F(TransferTest, UnknownHostsAreAskedForOnceAndThenHeld) {
  const std::string url = "http://no-such-host.invalid/";
  const TransferResult first = GetUrl(url);
  EXPECT_EQ(first.reason, Reason::kDns);
  EXPECT_TRUE(first.transient());
  const TransferResult second = GetUrl(url);
  EXPECT_EQ(second.reason, Reason::kDns);
  EXPECT_NE(second.message.find("a moment ago"), std::string::npos);
}

TEST_F(TransferTest, ALineThatIsNoUrlIsABadLine) {
  EXPECT_EQ(GetUrl("file:///etc/passwd").reason, Reason::kBadLine);
  EXPECT_EQ(GetUrl("http://a b/").reason, Reason::kBadLine);
}

// Deadlines

TEST_F(TransferTest, GivesUpWaitingForTheFirstByte) {
  options_.first_byte_timeout = Millis(300);
  Open();
  const TransferResult result = Get("/silent");
  EXPECT_EQ(result.reason, Reason::kTimeout);
  EXPECT_TRUE(result.transient());
  EXPECT_LT(result.times.total, std::chrono::seconds(5));
}

TEST_F(TransferTest, GivesUpAStalledBody) {
  options_.min_speed_window = Millis(500);
  Open();
  const TransferResult result = Get("/drip?size=1000&ms=10&stop=3");
  EXPECT_EQ(result.reason, Reason::kTooSlow);
  EXPECT_TRUE(result.transient());
}

TEST_F(TransferTest, GivesUpASlowBodyButNotAFastOne) {
  options_.min_speed_window = Millis(600);
  options_.timeout = Millis(2000);
  Open();
  EXPECT_EQ(Get("/drip?size=100&ms=50").reason, Reason::kTooSlow);
  // The second body is fast enough, but never ends.
  EXPECT_EQ(Get("/drip?size=2000&ms=50").reason, Reason::kTimeout);
}

TEST_F(TransferTest, BoundsConnectTimeToAPeerThatNeverAccepts) {
  // A TLS handshake that nobody answers: the queue of the listener accepts the
  // connection, and no program reads from it.
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(fd, raw, length), 0);
  ASSERT_EQ(listen(fd, 5), 0);
  ASSERT_EQ(getsockname(fd, raw, &length), 0);
  options_.connect_timeout = Millis(300);
  Open();
  const TransferResult result = GetUrl(
      "https://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/");
  EXPECT_EQ(result.reason, Reason::kTimeout) << result.message;
  EXPECT_TRUE(result.transient());
  close(fd);
}

}  // namespace
}  // namespace thumbmill
