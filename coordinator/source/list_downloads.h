// coordinator/source/list_downloads.h: downloads lists over HTTP while sources
// read them.
//
// A list is downloaded as an image is: with the same rules for addresses,
// redirects, headers and retries. Two things differ. It may have any size and
// take any time, as long as bytes come; and it is tried again only before its
// first byte, because a source cannot take back the lines that it gave.
//
// Runs in  the loop's thread, but for Open(). The loop must run until a source
//          has its bytes: RunBeside() does so before the engine runs.
// Errors   come through the stream: kNotFound if no byte of the list came, kIo
//          if it was cut short.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <unordered_map>

#include "common/result.h"
#include "common/seed.h"
#include "coordinator/loop/callback_guard.h"
#include "coordinator/net/retry_policy.h"
#include "coordinator/net/transfer.h"
#include "coordinator/source/list_pipe.h"
#include "coordinator/source/list_stream.h"

namespace thumbmill {

class EventLoop;

class ListDownloads {
 public:
  // Takes the rules of --input URLs from `transfer` and `retry`.
  [[nodiscard]] static Result<std::unique_ptr<ListDownloads>> Create(
      EventLoop* loop, TransferOptions transfer, const RetryOptions& retry);
  // Ends all downloads. Their readers then get an error.
  ~ListDownloads();

  // Starts the download of a list that the command line names. May be called
  // from any thread.
  [[nodiscard]] Result<ListStream> Open(const std::string& url);

 private:
  struct Download {
    std::string url;
    std::unique_ptr<ListPipe> pipe;
    TransferId transfer = 0;
    int tries = 0;
  };
  using Id = std::uint64_t;

  ListDownloads(EventLoop* loop, const RetryOptions& retry);
  void Start(std::string url, std::unique_ptr<ListPipe> pipe);
  void Try(Id id);
  void OnDone(Id id, const TransferResult& result);
  void Forget(Id id);

  EventLoop* loop_;
  RetryPolicy retry_;
  std::unique_ptr<Transfers> transfers_;
  std::unordered_map<Id, Download> downloads_;
  Id next_ = 0;
  std::mt19937_64 random_{FreshSeed()};
  CallbackGuard guard_;
};

}  // namespace thumbmill
