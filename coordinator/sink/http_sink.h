// coordinator/sink/http_sink.h: uploads thumbnails by PUT, one request for each
// file. A 2xx answer completes the file, so Publish() does nothing.
//
// Runs in  the loop's thread. Prepare() runs the loop itself until the server
//          has answered or the tries are used up; call it before the run.
// Errors   Prepare(): kDenied for 401, kUnavailable if no server answers.
//
// upload_queue.h says how the sink waits for a target that is away.
//
// The sink sends the userinfo of the base URL as Basic authorization and shows
// it nowhere.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "coordinator/net/retry_rules.h"
#include "coordinator/net/transfer.h"
#include "coordinator/sink/sink.h"

namespace thumbmill {

struct HttpSinkOptions {
  std::string base_url;  // its query (a signature) follows each file's name
  TransferOptions transfer;
  int uploads = 32;  // requests at once, for all items together
  Millis give_up = bounds::kTargetGiveUp;
};

// The part of Transfers that the sink uses; tests pass a fake.
class PutClient {
 public:
  virtual ~PutClient() = default;
  virtual TransferId Put(const PutRequest& request, Transfers::Done done) = 0;
  virtual TransferId Probe(const std::string& url, Transfers::Done done) = 0;
  virtual void Cancel(TransferId id) = 0;
};

// Fails with kUsage if the base URL is not an http(s) URL.
[[nodiscard]] Result<std::unique_ptr<Sink>> MakeHttpSink(
    EventLoop* loop, const HttpSinkOptions& options);
[[nodiscard]] Result<std::unique_ptr<Sink>> MakeHttpSink(
    EventLoop* loop, const HttpSinkOptions& options,
    std::unique_ptr<PutClient> client);

}  // namespace thumbmill
