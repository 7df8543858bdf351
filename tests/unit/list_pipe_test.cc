// Links: tm_source
//
// The bridge between the loop, which downloads a list, and a thread that reads
// it: the test's thread is the loop, and plays the download.
#include "coordinator/source/list_pipe.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/loop/beside.h"
#include "coordinator/loop/event_loop.h"
#include "coordinator/source/line_reader.h"

namespace thumbmill {
namespace {

class ListPipes : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as BlockSignals() does in main()
    loop_ = *EventLoop::Create();
    pipe_ = *ListPipe::Create(loop_.get(), "http://h/list.txt", &stream_);
    pipe_->Listen({[this] { ++rooms_; }, [this] { ++gone_; }});
  }

  // Gives one part to the pipe, as a transfer does. Returns false if the pipe
  // refused it.
  bool Give(std::string_view part) {
    std::uint8_t* place = pipe_->Extend(part.size());
    if (place == nullptr) return false;
    std::memcpy(place, part.data(), part.size());
    wants_more_ = pipe_->WantsMore();
    return true;
  }

  void RunLoopUntil(const std::function<bool()>& done) {
    const TimePoint end = std::chrono::steady_clock::now() + Millis(20000);
    while (!done() && std::chrono::steady_clock::now() < end)
      loop_->RunOnce(Millis(10));
    EXPECT_TRUE(done());
  }

  // Reads the list in another thread. The text of an error is the last line.
  std::future<std::vector<std::string>> Read(int cancel_fd = -1) {
    return std::async(std::launch::async, [this, cancel_fd] {
      const auto reader = LineReader::FromStream(std::move(stream_), cancel_fd);
      std::vector<std::string> lines;
      while (true) {
        const auto line = reader->Next();
        if (!line) lines.push_back(line.error().what);
        if (!line || !*line) return lines;
        lines.emplace_back(**line);
      }
    });
  }

  std::unique_ptr<EventLoop> loop_;
  ListStream stream_;
  std::unique_ptr<ListPipe> pipe_;
  int rooms_ = 0, gone_ = 0;
  bool wants_more_ = true;
};

using Lines = std::vector<std::string>;

TEST_F(ListPipes, GivesTheLinesThatWereSent) {
  auto read = Read();
  EXPECT_FALSE(pipe_->begun());
  ASSERT_TRUE(Give("http://a/1.jpg\nhttp://a"));
  EXPECT_TRUE(pipe_->begun());
  ASSERT_TRUE(Give("/2.jpg\n"));
  pipe_->Close(std::nullopt);
  EXPECT_TRUE(pipe_->closed());
  EXPECT_EQ(read.get(), (Lines{"http://a/1.jpg", "http://a/2.jpg"}));
}

TEST_F(ListPipes, LetsASlowListBeReadWhileItComes) {
  const auto reader = LineReader::FromStream(std::move(stream_), -1);
  EXPECT_FALSE(reader->Ready());
  ASSERT_TRUE(Give("http://a/1.jpg\nhttp"));
  EXPECT_TRUE(reader->Ready());
  EXPECT_EQ(**reader->Next(), "http://a/1.jpg");
  EXPECT_FALSE(reader->Ready()) << "half a line is no line";
  ASSERT_TRUE(Give("://a/2.jpg\n"));
  EXPECT_TRUE(reader->Ready());
}

// A list that is much longer than the pipe: the download must pause for a
// reader that does not read, and every byte must arrive in the end.
TEST_F(ListPipes, PausesTheDownloadUntilThereIsRoom) {
  const std::string line(1023, 'x');
  const std::string part = line + "\n";
  std::size_t sent = 0;
  while (sent < 10'000 && Give(part)) ++sent;
  ASSERT_LT(sent, 10'000u) << "the pipe has no bound";
  loop_->RunOnce(Millis(0));
  EXPECT_EQ(rooms_, 0);
  auto read = Read();
  while (sent < 10'000) {
    const int before = rooms_;
    if (Give(part)) {
      ++sent;
      continue;
    }
    RunLoopUntil([&] { return rooms_ > before; });
  }
  pipe_->Close(std::nullopt);
  RunLoopUntil([&] { return pipe_->closed(); });
  const Lines lines = read.get();
  EXPECT_EQ(lines.size(), 10'000u);
  EXPECT_EQ(lines.back(), line);
}

TEST_F(ListPipes, GivesTheWholeLinesBeforeACutAndThenTheError) {
  auto read = Read();
  ASSERT_TRUE(Give("http://a/1.jpg\nhttp://a/2.j"));
  pipe_->Close(Error{ErrorCode::kIo, "the connection was reset", 0});
  EXPECT_EQ(read.get(), (Lines{"http://a/1.jpg",
                               "http://h/list.txt: the connection was reset"}));
}

// A cut download is the reason, not the damage that gzip sees.
TEST_F(ListPipes, NamesTheDownloadForAPackedListThatIsCut) {
  auto read = Read();
  ASSERT_TRUE(Give("\x1f\x8b\x08"));
  pipe_->Close(Error{ErrorCode::kIo, "the connection was reset", 0});
  EXPECT_EQ(read.get(), (Lines{"http://h/list.txt: the connection was reset"}));
}

TEST_F(ListPipes, LetsAWaitingReaderEndWithoutTheLoop) {
  const UniqueFd cancel(eventfd(0, EFD_CLOEXEC));
  auto read = Read(cancel.get());
  ASSERT_TRUE(Give("http://a/1.jpg\n"));
  const std::uint64_t one = 1;
  ASSERT_EQ(write(cancel.get(), &one, sizeof one), 8);
  // The loop does not run: nothing may wait for it.
  const Lines lines = read.get();
  EXPECT_LE(lines.size(), 1u);
}

TEST_F(ListPipes, EndsTheDownloadWhenTheReaderHasGone) {
  stream_ = {};
  ASSERT_TRUE(Give("http://a/1.jpg\n"));
  EXPECT_FALSE(wants_more_);
}

TEST_F(ListPipes, TellsAPausedDownloadThatTheReaderHasGone) {
  const std::string part(64 << 10, 'x');
  while (Give(part)) {
  }
  stream_ = {};
  RunLoopUntil([&] { return gone_ > 0; });
  EXPECT_EQ(rooms_, 0);
}

TEST_F(ListPipes, FailsTheReaderOfADownloadThatIsDestroyed) {
  auto read = Read();
  ASSERT_TRUE(Give("http://a/1.jpg\n"));
  pipe_.reset();
  const Lines lines = read.get();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[1].find("stopped"), std::string::npos) << lines[1];
}

TEST(RunBeside, RunsTheLoopUntilTheWorkHasEnded) {
  const auto loop = *EventLoop::Create();
  std::promise<int> answer;
  int got = 0;
  ASSERT_TRUE(RunBeside(loop.get(), [&] {
    // The work waits for something that only the loop does.
    loop->Post([&] { answer.set_value(7); });
    got = answer.get_future().get();
  }));
  EXPECT_EQ(got, 7);
}

}  // namespace
}  // namespace thumbmill
