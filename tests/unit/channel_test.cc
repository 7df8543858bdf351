// Links: tm_proto tm_common
//
// Tests both ends in one process, over the real abstract socket: the tests
// check the promises of socket options.
#include "proto/channel.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace thumbmill {
namespace {

class ChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    auto bound = RouterChannel::Bind();
    ASSERT_TRUE(bound.has_value()) << bound.error().what;
    router_ = std::move(*bound);
  }
  std::unique_ptr<PeerChannel> Connect(const std::string& id) {
    auto peer = PeerChannel::Connect(router_->endpoint(), id);
    EXPECT_TRUE(peer.has_value());
    return std::move(*peer);
  }
  // Waits on the descriptor as the loop does.
  std::optional<RouterChannel::Received> Next() {
    for (int i = 0; i < 500; ++i) {
      if (router_->HasInput()) return router_->Receive();
      pollfd readable{router_->fd(), POLLIN, 0};
      poll(&readable, 1, 10);
    }
    return std::nullopt;
  }

  std::unique_ptr<RouterChannel> router_;
};

TEST_F(ChannelTest, MessagesArriveInOrderWithTheirSendersName) {
  const auto peer = Connect("one");
  for (std::uint64_t i = 0; i < 50; ++i)
    ASSERT_TRUE(peer->Send(Heartbeat{i}).has_value());
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto received = Next();
    ASSERT_TRUE(received && received->message);
    EXPECT_EQ(received->peer, "one");
    EXPECT_EQ(std::get<Heartbeat>(*received->message).token, i);
  }
  EXPECT_FALSE(router_->HasInput());
}

TEST_F(ChannelTest, AnAnswerGoesToItsPeerOnly) {
  const auto one = Connect("one"), two = Connect("two");
  ASSERT_TRUE(one->Send(Ready{1}).has_value());
  ASSERT_TRUE(two->Send(Ready{2}).has_value());
  ASSERT_TRUE(Next().has_value());
  ASSERT_TRUE(Next().has_value());
  ASSERT_TRUE(router_->Send("two", Drain{}).has_value());
  const auto received = two->Receive(Millis(5000));
  ASSERT_TRUE(received && *received);
  EXPECT_TRUE(std::holds_alternative<Drain>(**received));
  const auto nothing = one->Receive(Millis(20));
  EXPECT_TRUE(nothing && !*nothing);
}

TEST_F(ChannelTest, SendingToNobodyIsAnErrorAndNotSilence) {
  const Status sent = router_->Send("nobody", Drain{});
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code, ErrorCode::kUnavailable);
}

TEST_F(ChannelTest, WhatIsNoMessageIsReportedWithItsSender) {
  const auto peer = Connect("one");
  ASSERT_TRUE(peer->SendRaw(AsBytes("what?")).has_value());
  const auto received = Next();
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->peer, "one");
  EXPECT_FALSE(received->message.has_value());
}

TEST_F(ChannelTest, AMessageThatIsTooLargeNeverArrives) {
  const auto peer = Connect("one");
  ASSERT_TRUE(peer->Send(Ready{1}).has_value());
  ASSERT_TRUE(Next().has_value());
  // One byte above the limit of the receiving socket.
  const std::string large(kMaxMessageBytes + 1, 'x');
  ASSERT_TRUE(peer->SendRaw(AsBytes(large)).has_value());
  // ZeroMQ cuts the connection; after that the name is unknown.
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    pollfd readable{router_->fd(), POLLIN, 0};
    poll(&readable, 1, 10);
    EXPECT_FALSE(router_->HasInput());
    gone = !router_->Send("one", Drain{}).has_value();
  }
  EXPECT_TRUE(gone);
}

TEST_F(ChannelTest, APeerThatSendsTooFastIsHeldBackAndLosesNothing) {
  const auto peer = Connect("one");
  constexpr std::uint64_t kMany = 5000;
  std::uint64_t sent = 0, received = 0;
  while (received < kMany) {
    bool held_back = false;
    if (sent < kMany) {
      held_back = !peer->Send(Heartbeat{sent});
      if (!held_back) ++sent;
    }
    if (!held_back && sent % 50 != 0 && sent < kMany) continue;
    while (router_->HasInput()) {
      const auto message = router_->Receive();
      if (!message) break;
      EXPECT_EQ(std::get<Heartbeat>(*message->message).token, received++);
    }
    if (sent < kMany) continue;
    pollfd readable{router_->fd(), POLLIN, 0};
    ASSERT_GE(poll(&readable, 1, 1000), 0);
  }
}

TEST_F(ChannelTest, NamesAreNotGuessable) {
  const auto one = RandomName(), two = RandomName();
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->size(), 32u);
  EXPECT_NE(*one, *two);
  EXPECT_NE(router_->endpoint().find("ipc://@thumbmill-"), std::string::npos);
}

}  // namespace
}  // namespace thumbmill
