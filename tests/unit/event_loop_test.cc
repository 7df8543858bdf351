// Links: tm_loop
#include "coordinator/loop/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "coordinator/loop/io_pool.h"

namespace thumbmill {
namespace {

TEST(EventLoop, FiresTimersInTheirOrder) {
  auto loop = *EventLoop::Create();
  std::string order;
  loop->After(Millis(2), [&] { order += 'b'; });
  loop->After(Millis(1), [&] { order += 'a'; });
  const auto cancelled = loop->After(Millis(0), [&] { order += 'x'; });
  loop->Cancel(cancelled);
  while (order.size() < 2) loop->RunOnce(Millis(100));
  EXPECT_EQ(order, "ab");
}

TEST(EventLoop, RunsWhatOtherThreadsPost) {
  auto loop = *EventLoop::Create();
  int ran = 0;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop->Post([&] { ++ran; });
  });
  while (ran < 1000) loop->RunOnce(Millis(1000));
  other.join();
  EXPECT_EQ(ran, 1000);
}

TEST(EventLoop, TellsOfADescriptorUntilItIsUnwatched) {
  auto loop = *EventLoop::Create();
  std::array<int, 2> ends;
  ASSERT_EQ(pipe(ends.data()), 0);
  int heard = 0;
  const Status watched = loop->Watch(ends[0], EPOLLIN, [&](std::uint32_t) {
    ++heard;
    loop->Unwatch(ends[0]);
  });
  ASSERT_TRUE(watched);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  loop->RunOnce(Millis(1000));
  loop->RunOnce(Millis(0));
  EXPECT_EQ(heard, 1);
  close(ends[0]);
  close(ends[1]);
}

TEST(EventLoop, AWatchThatTheKernelRefusesIsAnError) {
  auto loop = *EventLoop::Create();
  const UniqueFd file(open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  // epoll refuses regular files.
  const Status watched = loop->Watch(file.get(), EPOLLIN, [](std::uint32_t) {});
  ASSERT_FALSE(watched);
  EXPECT_NE(watched.error().what.find("epoll_ctl"), std::string::npos);
}

TEST(EventLoop, DoesNotSleepWhileAPollerFindsWork) {
  auto loop = *EventLoop::Create();
  int left = 3;
  loop->AddPoller([&] { return --left > 0; });
  const auto before = std::chrono::steady_clock::now();
  loop->RunOnce(Millis(0));
  loop->RunOnce(Millis(10000));
  EXPECT_LT(std::chrono::steady_clock::now() - before, Millis(5000));
}

TEST(IoPool, FinishesWhatWasSubmittedBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    IoPool pool(3);
    for (int i = 0; i < 500; ++i) pool.Submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 500);
}

}  // namespace
}  // namespace thumbmill
