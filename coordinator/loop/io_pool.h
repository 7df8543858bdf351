// coordinator/loop/io_pool.h: a few threads for calls that block: files, syncs.
//
// Threads  Submit() from any thread. Work runs on a pool thread and comes back
//          as a function posted to the loop, in no promised order.
// Errors   the work's own: it captures what it needs and posts its result. A
//          system that grants fewer threads makes the pool smaller; one that
//          grants none makes it useless, which status() tells.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/result.h"

namespace thumbmill {

class IoPool {
 public:
  explicit IoPool(std::size_t threads, const char* name = "tm-io");
  // Finishes what was submitted, then joins.
  ~IoPool();
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  [[nodiscard]] const Status& status() const { return status_; }
  void Submit(std::function<void()> work);
  // Drops what has not started; for a run that stops at once.
  void DropQueued();

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool closing_ = false;
  std::size_t sleeping_ = 0;
  Status status_;
  std::vector<std::thread> threads_;
};

}  // namespace thumbmill
