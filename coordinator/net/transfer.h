// coordinator/net/transfer.h: HTTP without policy: one GET into memory that
// grows, one PUT from memory. The callers decide whether and when to try again.
//
// Owns     the curl multi handles, their connections and the DNS cache.
// Runs in  the coordinator's loop. The loop calls the callbacks, never the call
//          that started the transfer. A callback may call every method, but
//          must not destroy the object.
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
#include "coordinator/net/retry_rules.h"
#include "proto/reason.h"

namespace thumbmill {

class EventLoop;

struct TransferOptions {
  Millis connect_timeout{5000};
  Millis first_byte_timeout{15000};
  std::uint64_t min_speed_bytes = 10 << 10;  // per second, over the window
  Millis min_speed_window{15000};
  Millis timeout{300000};  // for one try, without paused time
  Millis upload_timeout{60000};
  std::uint64_t max_bytes = 100'000'000;  // after content decoding
  int max_redirects = 10;
  // Addresses that untrusted URLs may lead to: see address_policy.h.
  bool allow_loopback = false;
  bool allow_private = false;
  // Sent to every host. If empty, Transfers sends the program's name and
  // version with a contact.
  std::string user_agent;
  // Sent with the first request of a transfer, and while its redirects stay at
  // the same origin (scheme, host and port). Never sent again after a redirect
  // to another origin.
  RequestHeaders headers;
  // File of certificate authorities. If empty, Transfers takes the file that
  // CURL_CA_BUNDLE or SSL_CERT_FILE in the environment names, else the
  // system's.
  std::string ca_file;
  // Idle connections to keep. Not fewer than the transfers that run at once.
  int kept_connections = 128;
};

using TransferId = std::uint64_t;

// Durations of the stages, summed over redirects: `dns` for the lookup,
// `connect` for TCP and TLS, `first_byte` from the request to the first byte of
// the answer, `total` for the whole try without paused time.
struct TransferTimes {
  Micros dns{0}, connect{0}, first_byte{0}, total{0};
};

struct TransferResult {
  Reason reason = Reason::kNone;
  std::string message;
  int http_status = 0;
  bool redirected = false;  // the answer comes from another URL
  Millis retry_after{0};    // 0 if the server did not send it
  std::uint64_t bytes = 0;  // received after decoding, or sent
  TransferTimes times;

  // Returns true if another try may succeed.
  [[nodiscard]] bool transient() const { return MayRetry(reason, http_status); }
};

// Receives the bytes of a GET. Called in the loop's thread.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Returns memory for exactly `bytes` more, or null if there is none now. The
  // transfer then pauses until Transfers::Resume() or Cancel().
  virtual std::uint8_t* Extend(std::uint64_t bytes) = 0;
  // Drops all bytes received so far. Called before each request of a transfer.
  virtual void Restart() = 0;
  // Called after each written part. Returning false ends the transfer for good,
  // as kNotImage, and saves the rest of the download.
  virtual bool WantsMore() { return true; }
};

struct GetRequest {
  std::string url;
  bool trusted = false;      // from the command line: addresses not checked
  BodySink* body = nullptr;  // must outlive the transfer
};

struct PutRequest {
  std::string url;  // always trusted, since it is the user's own target
  ByteSpan body;    // must outlive the transfer
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
  // Sends HEAD to a trusted URL, to learn whether a server answers and with
  // which status.
  TransferId Probe(const std::string& url, Done done);
  // Resumes a transfer that paused for lack of memory.
  void Resume(TransferId id);
  // Ends a transfer without calling `done`. Ignores an unknown id.
  void Cancel(TransferId id);

  [[nodiscard]] std::size_t active() const;

 private:
  class Impl;
  explicit Transfers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thumbmill
