// coordinator/sink/http_sink.h: thumbnails go out by PUT, one request a file.
// A 2xx answer is the end of it: Publish() has nothing left to do.
//
// Runs in  the loop's thread. Prepare() turns the loop itself until the server
//          has answered or the tries are used up; call it before the run.
// Errors   Prepare(): kDenied for 401,
//          kUnavailable when nothing answers there.
//
// A target that is away (no answer, or 503 and 429 to everything) is no fault
// of the images: their uploads are held, one probes at growing intervals, and
// the rest follows when it is taken. Meanwhile the store budget fills, and
// with it everything before it waits. `give_up` without one upload: fatal.
//
// Userinfo of the base URL is sent as Basic authorization and shown nowhere.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "coordinator/net/transfer.h"
#include "coordinator/sink/sink.h"

namespace thumbmill {

struct HttpSinkOptions {
  std::string base_url;  // a query (signature) stays behind each name
  TransferOptions transfer;
  int uploads = 32;  // requests at once, over all items
  Millis give_up{300'000};
};

// What the sink needs of Transfers; tests put a fake here.
class PutClient {
 public:
  virtual ~PutClient() = default;
  virtual TransferId Put(const PutRequest& request, Transfers::Done done) = 0;
  virtual TransferId Probe(const std::string& url, Transfers::Done done) = 0;
  virtual void Cancel(TransferId id) = 0;
};

// Fails with kUsage for a base URL that is none.
[[nodiscard]] Result<std::unique_ptr<Sink>> MakeHttpSink(
    EventLoop* loop, const HttpSinkOptions& options);
[[nodiscard]] Result<std::unique_ptr<Sink>> MakeHttpSink(
    EventLoop* loop, const HttpSinkOptions& options,
    std::unique_ptr<PutClient> client);

}  // namespace thumbmill
