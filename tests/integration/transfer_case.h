// tests/integration/transfer_case.h: what the tests of transfers share: a sink
// in memory, and a fixture with Transfers and an nginx that misbehaves on
// demand.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "coordinator/loop/event_loop.h"
#include "coordinator/net/transfer.h"
#include "coordinator/net/url.h"
#include "tests/integration/nginx_test.h"

namespace thumbmill {

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

inline std::string Bytes(std::size_t size) {
  std::mt19937 random(7);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
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

}  // namespace thumbmill
