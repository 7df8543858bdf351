// coordinator/net/transfer.h: HTTP without policy: one GET into memory that
// grows, one PUT from memory. What is retried, and when, is the engine's.
//
// Owns     the curl multi handle, its connections and its DNS cache.
// Runs in  the coordinator's loop; callbacks come from the loop, never from
//          inside the call that started the transfer. A callback may call
//          every method, but not destroy the object.
// Errors   a Reason and a text for people, with URLs redacted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/result.h"
#include "coordinator/net/request_headers.h"
#include "proto/reason.h"

namespace thumbmill {

class EventLoop;

struct TransferOptions {
  Millis connect_timeout{5000};
  Millis first_byte_timeout{15000};
  std::uint64_t min_speed_bytes = 10 << 10;  // a second, over the window
  Millis min_speed_window{15000};
  Millis timeout{300000};  // of one try, less paused time
  Millis upload_timeout{60000};
  std::uint64_t max_bytes = 100'000'000;  // after content decoding
  int max_redirects = 10;
  bool allow_loopback = false;  // for untrusted URLs
  bool allow_private = false;
  // Sent to whoever is asked. Empty: an honest one, with version and contact.
  std::string user_agent;
  // Sent with the first request of a transfer and while its redirects stay at
  // the same origin (scheme, host and port); after one that leaves it no more.
  RequestHeaders headers;
  // Of certificate authorities. Empty: what CURL_CA_BUNDLE or SSL_CERT_FILE
  // in the environment name, else the system's.
  std::string ca_file;
  int kept_connections = 128;  // idle ones; not below what runs at once
};

using TransferId = std::uint64_t;

// How long each stage took, summed over redirects: the name's lookup, TCP and
// TLS, from the request to the first byte of the answer, and all of it. Paused
// time is left out of `total`.
struct TransferTimes {
  Micros dns{0}, connect{0}, first_byte{0}, total{0};
};

struct TransferResult {
  Reason reason = Reason::kNone;
  std::string message;
  int http_status = 0;
  bool redirected = false;  // it is what another URL answered
  Millis retry_after{0};    // 0: the server did not say
  bool transient = false;   // another try may help
  std::uint64_t bytes = 0;  // received after decoding, or sent
  TransferTimes times;
};

// Where the bytes of a GET land. Called in the loop's thread.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // A place for exactly `bytes` more, or nullptr: no memory now. The transfer
  // is paused then, until Transfers::Resume() or Cancel().
  virtual std::uint8_t* Extend(std::uint64_t bytes) = 0;
  // A try begins (again): what was received before is void.
  virtual void Restart() = 0;
  // Asked when a part has been written: false ends the transfer for good,
  // as kNotImage, and spares the rest of the download.
  virtual bool Welcomes() { return true; }
};

struct GetRequest {
  std::string url;
  bool trusted = false;      // typed on the command line: no address checks
  BodySink* body = nullptr;  // outlives the transfer
};

struct PutRequest {
  std::string url;  // trusted by definition: the user's own target
  ByteSpan body;    // outlives the transfer
  std::string content_type;
};

class Transfers {
 public:
  using Done = std::function<void(TransferResult)>;

  [[nodiscard]] static Result<std::unique_ptr<Transfers>> Create(
      EventLoop* loop, const TransferOptions& options);
  ~Transfers();

  TransferId Get(const GetRequest& request, Done done);
  TransferId Put(const PutRequest& request, Done done);
  // A HEAD of a trusted URL: does a server answer, and with which status?
  TransferId Probe(const std::string& url, Done done);
  // Goes on with a transfer that was paused for want of memory.
  void Resume(TransferId id);
  // No callback follows. An unknown id is fine.
  void Cancel(TransferId id);

  [[nodiscard]] std::size_t active() const;

 private:
  class Impl;
  explicit Transfers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thumbmill
