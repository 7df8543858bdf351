// Links: tm_engine
#include "coordinator/view/describe.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

class DescribeTest : public testing::Test {
 protected:
  // Returns the lines after the first one, which has the numbers.
  std::vector<std::string> Lines() {
    snapshot_.counts = &stats_;
    std::vector<std::string> lines = Describe(snapshot_);
    EXPECT_TRUE(lines.front().starts_with("0 done, ")) << lines.front();
    lines.erase(lines.begin());
    return lines;
  }

  RunStats stats_;
  Snapshot snapshot_;
};

TEST_F(DescribeTest, NamesTheWorkOfEachWorker) {
  WorkerView busy;
  busy.worker = 1;
  busy.pid = 4711;
  busy.ready = true;
  busy.image = "https://a.example/x\x1b[2J.jpg";
  busy.phase = Phase::kDecode;
  busy.attempt = 2;
  busy.since = Micros(1'240'000);
  busy.private_bytes = 3 << 20;
  busy.waiting = 4;
  WorkerView idle = busy, starting = busy, gone = busy;
  idle.image = starting.image = gone.image = "";
  idle.waiting = starting.waiting = 0;
  idle.private_bytes = starting.private_bytes = 0;
  starting.ready = false;
  gone.pid = 0;
  snapshot_.activity.workers = {busy, idle, starting, gone};
  EXPECT_EQ(
      Lines(),
      (std::vector<std::string>{
          "worker 1 (pid 4711): decode of https://a.example/x?[2J.jpg for 1.2 "
          "s, attempt 2, 3.0 MB, 4 more wait",
          "worker 1 (pid 4711): idle", "worker 1 (pid 4711): starting",
          "worker 1: no process, it is being replaced"}));
}

TEST_F(DescribeTest, AThreadHasNoProcess) {
  WorkerView thread;
  thread.thread = true;
  thread.image = "a.jpg";
  thread.attempt = 1;
  snapshot_.activity.workers = {thread};
  EXPECT_EQ(Lines(), (std::vector<std::string>{
                         "thread 0: start of a.jpg for 0.0 s, attempt 1"}));
}

TEST_F(DescribeTest, NamesTransfersAndCountsTheRest) {
  TransferView file, download, upload;
  file.image = "a.jpg";
  file.tries = 1;
  download.image = "https://h/b.jpg";
  download.host = "h";
  download.bytes = 1 << 20;
  download.tries = 3;
  download.waits_for_memory = true;
  upload.image = "c.jpg";
  upload.host = "target";
  upload.tries = 2;
  snapshot_.activity.fetches = {file, download};
  snapshot_.activity.more_fetches = 7;
  snapshot_.activity.stores = {upload};
  snapshot_.activity.more_stores = 8;
  EXPECT_EQ(Lines(),
            (std::vector<std::string>{
                "fetch: a.jpg for 0.0 s, 0 B so far, try 1",
                "fetch from h: https://h/b.jpg for 0.0 s, 1.0 MB so far, try "
                "3, waits for memory",
                "and 7 more fetches", "store at target: c.jpg for 0.0 s, try 2",
                "and 8 more stores"}));
}

}  // namespace
}  // namespace thumbmill
