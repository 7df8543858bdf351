// Links: tm_loop
#include "coordinator/loop/callback_guard.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"

namespace thumbmill {
namespace {

TEST(CallbackGuard, CallsWhileTheGuardIsThere) {
  CallbackGuard guard;
  int calls = 0;
  const std::function<void(int)> add = guard.Wrap([&](int n) { calls += n; });
  add(2);
  add(3);
  EXPECT_EQ(calls, 5);
}

TEST(CallbackGuard, DoesNothingAfterTheGuardWasDestroyed) {
  std::optional<CallbackGuard> guard(std::in_place);
  int calls = 0;
  const std::function<void()> add = guard->Wrap([&] { ++calls; });
  const CallbackGuard::Watch watch = guard->watch();
  EXPECT_TRUE(watch.alive());
  guard.reset();
  add();
  EXPECT_EQ(calls, 0);
  EXPECT_FALSE(watch.alive());
}

TEST(CallbackGuard, ReturnsTheAnswerOrAnEmptyOne) {
  std::optional<CallbackGuard> guard(std::in_place);
  const std::function<bool()> poll = guard->Wrap([] { return true; });
  EXPECT_TRUE(poll());
  guard.reset();
  EXPECT_FALSE(poll());
}

TEST(CallbackGuard, CutEndsEarlierCallbacksOnly) {
  CallbackGuard guard;
  std::string calls;
  const std::function<void()> before = guard.Wrap([&] { calls += "before"; });
  guard.Cut();
  const std::function<void()> after = guard.Wrap([&] { calls += "after"; });
  before();
  after();
  EXPECT_EQ(calls, "after");
}

TEST(CallbackGuard, PassesReferencesOn) {
  CallbackGuard guard;
  const std::function<void(std::string&, std::unique_ptr<int>)> write =
      guard.Wrap([](std::string& text, std::unique_ptr<int> number) {
        text = std::to_string(*number);
      });
  std::string text;
  write(text, std::make_unique<int>(7));
  EXPECT_EQ(text, "7");
}

// An object that is destroyed while the pool works for it.
TEST(CallbackGuard, HoldsBackTheAnswerOfAPoolThread) {
  auto loop = *EventLoop::Create();
  int answers = 0;
  auto guard = std::make_unique<CallbackGuard>();
  {
    IoPool pool(1);
    for (int i = 0; i < 2; ++i)
      pool.Submit([watch = guard->watch(), raw = loop.get(), &answers] {
        raw->Post(watch.Wrap([&answers] { ++answers; }));
      });
  }
  guard.reset();
  loop->RunOnce(Millis(0));
  EXPECT_EQ(answers, 0);
}

}  // namespace
}  // namespace thumbmill
