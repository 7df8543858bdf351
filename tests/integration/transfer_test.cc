// Links: tm_net tm_fixtures
//
// Tests transfers against a real nginx that misbehaves on demand.
#include "coordinator/net/transfer.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "coordinator/loop/event_loop.h"
#include "coordinator/net/url.h"
#include "tests/integration/nginx_test.h"

namespace thumbmill {
namespace {

// Accepts bytes until `room` is used up.
class MemorySink final : public BodySink {
 public:
  std::uint8_t* Extend(std::uint64_t bytes) override {
    if (on_extend) on_extend();
    if (data.size() + bytes > room) {
      ++refusals;
      if (on_refusal) on_refusal();
      return nullptr;
    }
    data.resize(data.size() + bytes);
    return data.data() + data.size() - bytes;
  }
  void Restart() override {
    ++restarts;
    data.clear();
  }
  bool WantsMore() override { return data.size() < wanted; }
  std::string text() const { return {data.begin(), data.end()}; }

  std::vector<std::uint8_t> data;
  std::uint64_t room = ~std::uint64_t{0} >> 1;
  std::uint64_t wanted = ~std::uint64_t{0};
  int refusals = 0, restarts = 0;
  std::function<void()> on_extend, on_refusal;
};

std::string Bytes(std::size_t size) {
  std::mt19937 random(7);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

Micros CpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         Micros(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

class TransferTest : public NginxTest {
 protected:
  void SetUp() override {
    NginxTest::SetUp();
    if (server_ == nullptr) return;
    options_.allow_loopback = true;
    Open();
  }
  // Starts again with the current options.
  void Open() {
    auto transfers = Transfers::Create(loop_.get(), options_);
    ASSERT_TRUE(transfers) << transfers.error().what;
    transfers_ = *std::move(transfers);
  }
  void RunFor(Millis time) {
    bool over = false;
    loop_->After(time, [&over] { over = true; });
    while (!over) loop_->RunOnce(Millis(1000));
  }
  bool RunUntil(const std::function<bool()>& done) {
    bool late = false;
    const auto timer = loop_->After(Millis(30'000), [&late] { late = true; });
    while (!done() && !late) loop_->RunOnce(Millis(100));
    loop_->Cancel(timer);
    return !late;
  }
  TransferResult Await(
      const std::function<TransferId(Transfers::Done)>& start) {
    std::optional<TransferResult> result;
    start([&result](TransferResult r) { result = std::move(r); });
    EXPECT_FALSE(result) << "answered from inside the call";
    EXPECT_TRUE(RunUntil([&result] { return result.has_value(); }));
    return result.value_or(TransferResult{});
  }
  TransferResult GetUrl(const std::string& url, bool trusted = false) {
    return Await([&](Transfers::Done done) {
      return transfers_->Get({url, trusted, &sink_}, std::move(done));
    });
  }
  TransferResult Get(const std::string& path) {
    return GetUrl(server_->Http(path));
  }
  TransferResult Put(const std::string& path, const std::string& body,
                     const std::string& type = "image/jpeg") {
    return Await([&](Transfers::Done done) {
      return transfers_->Put({server_->Http(path), AsBytes(body), type},
                             std::move(done));
    });
  }
  std::string ServeFile(const std::string& name, std::size_t size) {
    const std::string bytes = Bytes(size);
    std::ofstream(server_->www() / name, std::ios::binary) << bytes;
    return bytes;
  }
  std::string RedirectTo(const std::string& url) {
    return "/redirect?to=" + PercentEncode(url, false);
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  TransferOptions options_;
  MemorySink sink_;
  std::unique_ptr<Transfers> transfers_;
};

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

// Redirects and addresses

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

// Memory runs out

TEST_F(TransferTest, PausesWithoutMemoryAndGoesOnWhereItWas) {
  const std::string bytes = ServeFile("a.bin", 2'000'000);
  sink_.room = 300'000;
  std::optional<TransferResult> result;
  const TransferId id =
      transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                      [&](TransferResult r) { result = std::move(r); });
  for (int rounds = 0; rounds < 6; ++rounds) {
    ASSERT_TRUE(RunUntil([&] { return sink_.refusals == rounds + 1; }));
    sink_.room += 300'000;
    transfers_->Resume(id);
  }
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kNone) << result->message;
  EXPECT_TRUE(sink_.text() == bytes);
  EXPECT_EQ(sink_.restarts, 1);
}

TEST_F(TransferTest, PausedTimeCountsForNoDeadlineAndCostsNoProcessor) {
  const std::string bytes = ServeFile("a.bin", 2'000'000);
  options_.timeout = Millis(500);
  options_.min_speed_window = Millis(300);
  Open();
  sink_.room = 100'000;
  std::optional<TransferResult> result;
  const TransferId id =
      transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                      [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return sink_.refusals > 0; }));
  const Micros before = CpuTime();
  RunFor(Millis(1500));
  EXPECT_LT(CpuTime() - before, std::chrono::milliseconds(200));
  EXPECT_FALSE(result);
  sink_.room = bytes.size();
  transfers_->Resume(id);
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kNone) << result->message;
  EXPECT_TRUE(sink_.text() == bytes);
  EXPECT_LT(result->times.total, std::chrono::milliseconds(1000));
}

TEST_F(TransferTest, AResumeFromInsideTheRefusalIsNotLost) {
  const std::string bytes = ServeFile("a.bin", 500'000);
  sink_.room = 100'000;
  TransferId id = 0;
  sink_.on_refusal = [&] {
    sink_.room += 150'000;
    transfers_->Resume(id);
  };
  std::optional<TransferResult> result;
  id = transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                       [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_TRUE(sink_.text() == bytes);
  EXPECT_GE(sink_.refusals, 3);
}

TEST_F(TransferTest, AResumeWithoutMemoryPausesAgain) {
  ServeFile("a.bin", 500'000);
  sink_.room = 100'000;
  bool ended = false;
  const TransferId id =
      transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                      [&](TransferResult) { ended = true; });
  for (int refusals = 1; refusals <= 5; ++refusals) {
    ASSERT_TRUE(RunUntil([&] { return sink_.refusals == refusals; }));
    transfers_->Resume(id);
  }
  EXPECT_FALSE(ended);
}

// Only the caller of curl_easy_pause() learns of an error inside it.
TEST_F(TransferTest, ABodyThatOutgrowsTheCapWhileItIsResumedEnds) {
  options_.max_bytes = 150'000;
  Open();
  sink_.room = 140'000;
  std::optional<TransferResult> result;
  const TransferId id =
      transfers_->Get({server_->Http("/endless"), false, &sink_},
                      [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return sink_.refusals > 0; }));
  RunFor(Millis(50));
  sink_.room = 1'000'000;
  transfers_->Resume(id);
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kTooBig) << result->message;
}

TEST_F(TransferTest, ACodedBodyWithoutMemoryGoesOnWhereItWas) {
  sink_.room = 100'000;
  std::optional<TransferResult> result;
  const TransferId id =
      transfers_->Get({server_->Http("/zeros?chunks=64"), false, &sink_},
                      [&](TransferResult r) { result = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return sink_.refusals > 0; }));
  RunFor(Millis(100));
  EXPECT_FALSE(result);
  sink_.room = 100'000'000;
  transfers_->Resume(id);
  ASSERT_TRUE(RunUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->reason, Reason::kNone) << result->message;
  EXPECT_TRUE(sink_.text() == std::string(64 * 65536, '\0'));
  EXPECT_EQ(sink_.restarts, 1);
}

TEST_F(TransferTest, APausedTransferHoldsUpNobody) {
  ServeFile("a.bin", 2'000'000);
  options_.ca_file = server_->certificate();
  Open();
  MemorySink full;
  full.room = 0;
  bool ended = false;
  transfers_->Get({server_->Https("/files/a.bin"), false, &full},
                  [&](TransferResult) { ended = true; });
  ASSERT_TRUE(RunUntil([&] { return full.refusals > 0; }));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(GetUrl(server_->Https("/files/a.bin")).reason, Reason::kNone);
  EXPECT_FALSE(ended);
}

// Cancelling

TEST_F(TransferTest, CancelBeforeTheStartAnswersNothing) {
  bool ended = false;
  const TransferId id = transfers_->Get({server_->Http("/uri"), false, &sink_},
                                        [&](TransferResult) { ended = true; });
  transfers_->Cancel(id);
  EXPECT_EQ(transfers_->active(), 0u);
  RunFor(Millis(100));
  EXPECT_FALSE(ended);
  EXPECT_EQ(sink_.restarts, 0);
}

TEST_F(TransferTest, CancelWorksInEachState) {
  ServeFile("a.bin", 2'000'000);
  sink_.room = 200'000;  // a.bin pauses, the other paths wait for the server
  bool ended = false;
  const auto done = [&](TransferResult) { ended = true; };
  for (const char* path : {"/silent", "/files/a.bin", "/zeros?chunks=64",
                           "/drip?size=10&ms=20", "/hops?n=9"}) {
    for (const int ms : {0, 1, 5, 50}) {
      const TransferId id =
          transfers_->Get({server_->Http(path), false, &sink_}, done);
      RunFor(Millis(ms));
      transfers_->Cancel(id);
      transfers_->Resume(id);
      transfers_->Cancel(id);
    }
  }
  transfers_->Cancel(4711);
  RunFor(Millis(100));
  EXPECT_EQ(transfers_->active(), 0u);
  sink_.room = 10'000'000;
  EXPECT_EQ(Get("/files/a.bin").reason, Reason::kNone);
}

TEST_F(TransferTest, TheSinkMayCancelItsOwnTransfer) {
  ServeFile("a.bin", 500'000);
  TransferId id = 0;
  bool ended = false;
  int extended = 0;
  sink_.on_extend = [&] {
    if (++extended == 3) transfers_->Cancel(id);
  };
  id = transfers_->Get({server_->Http("/files/a.bin"), false, &sink_},
                       [&](TransferResult) { ended = true; });
  RunFor(Millis(300));
  EXPECT_FALSE(ended);
  EXPECT_EQ(extended, 3);
  EXPECT_EQ(transfers_->active(), 0u);
}

TEST_F(TransferTest, TheSinkMayCancelAndStartOthersToFindMemory) {
  const std::string bytes = ServeFile("a.bin", 500'000);
  const std::string url = server_->Http("/files/a.bin");
  MemorySink young, again;
  young.room = 50'000;
  bool young_ended = false, again_ended = false;
  TransferId young_id = transfers_->Get(
      {url, false, &young}, [&](TransferResult) { young_ended = true; });
  ASSERT_TRUE(RunUntil([&] { return young.refusals > 0; }));
  sink_.on_extend = [&] {
    if (std::exchange(young_id, 0) == 0) return;
    transfers_->Cancel(1);
    transfers_->Get({url, false, &again},
                    [&](TransferResult) { again_ended = true; });
  };
  EXPECT_EQ(GetUrl(url).reason, Reason::kNone);
  ASSERT_TRUE(RunUntil([&] { return again_ended; }));
  EXPECT_FALSE(young_ended);
  EXPECT_TRUE(again.text() == bytes);
}

TEST_F(TransferTest, ACallbackMayStartAndCancelTransfers) {
  TransferId silent = transfers_->Get({server_->Http("/silent"), false, &sink_},
                                      [](TransferResult) { FAIL(); });
  MemorySink first, second;
  bool ended = false;
  transfers_->Get({server_->Http("/uri"), false, &first}, [&](TransferResult) {
    transfers_->Cancel(silent);
    transfers_->Get({server_->Http("/uri"), false, &second},
                    [&](TransferResult) { ended = true; });
  });
  ASSERT_TRUE(RunUntil([&] { return ended; }));
  EXPECT_EQ(second.text(), "/uri");
  EXPECT_EQ(transfers_->active(), 0u);
}

// Runs forty transfers at a time over HTTP/1 and HTTP/2, and refuses memory,
// resumes and cancels at random. Each transfer that is not cancelled must end
// exactly once, with all its bytes.
TEST_F(TransferTest, SurvivesPausesAndCancelsByChance) {
  const std::string bytes = ServeFile("a.bin", 700'000);
  options_.ca_file = server_->certificate();
  Open();
  struct One {
    MemorySink sink;
    TransferId id = 0;
    int ended = 0;
    bool cancelled = false;
  };
  std::mt19937 random(11);
  std::vector<std::unique_ptr<One>> all;
  for (int i = 0; i < 400; ++i) {
    auto one = std::make_unique<One>();
    One* raw = one.get();
    raw->sink.room = random() % 900'000;
    raw->sink.on_refusal = [&random, raw, this] {
      loop_->After(Millis(random() % 20), [&random, raw, this] {
        raw->sink.room += random() % 400'000;
        transfers_->Resume(raw->id);
      });
    };
    const std::string url = random() % 2 == 0 ? server_->Https("/files/a.bin")
                                              : server_->Http("/files/a.bin");
    raw->id = transfers_->Get(
        {url, false, &raw->sink}, [raw, &bytes](TransferResult result) {
          ++raw->ended;
          EXPECT_EQ(result.reason, Reason::kNone) << result.message;
          EXPECT_TRUE(raw->sink.text() == bytes);
        });
    all.push_back(std::move(one));
    if (random() % 4 == 0) {
      One* victim = all[random() % all.size()].get();
      victim->cancelled |= victim->ended == 0;
      transfers_->Cancel(victim->id);
    }
    ASSERT_TRUE(RunUntil([&] { return transfers_->active() < 40; }));
  }
  ASSERT_TRUE(RunUntil([&] { return transfers_->active() == 0; }));
  RunFor(Millis(50));
  for (const auto& one : all) EXPECT_EQ(one->ended, one->cancelled ? 0 : 1);
}

TEST_F(TransferTest, CanBeDestroyedWithTransfersInEachState) {
  ServeFile("a.bin", 2'000'000);
  sink_.room = 100'000;
  for (const char* path :
       {"/silent", "/files/a.bin", "/zeros?chunks=64", "/drip?size=10&ms=20"})
    transfers_->Get({server_->Http(path), false, &sink_},
                    [](TransferResult) { FAIL(); });
  RunFor(Millis(100));
  transfers_->Get({server_->Http("/uri"), false, &sink_},
                  [](TransferResult) { FAIL(); });
  transfers_.reset();
  RunFor(Millis(50));
}

// TLS

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

// Uploads

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
