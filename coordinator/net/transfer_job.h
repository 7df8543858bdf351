// coordinator/net/transfer_job.h: one try of a transfer (Job), and its current
// request (Hop). Redirects make several hops.
//
// Runs in  the loop's thread. Curl's callbacks get a Job as their argument.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/net/chain_cookies.h"
#include "coordinator/net/content_coding.h"
#include "coordinator/net/curl_pool.h"
#include "coordinator/net/inflater.h"
#include "coordinator/net/speed_window.h"
#include "coordinator/net/transfer.h"

namespace thumbmill {

// Most bytes of headers in one answer; more is an attack. Each line counts
// kHeaderLineBytes more than its text, since libcurl keeps more than the text:
// a line of 4 bytes costs 80.
inline constexpr std::size_t kHeaderBytes = 256 << 10;
inline constexpr std::size_t kHeaderLineBytes = 128;

enum class Method { kGet, kPut, kHead };

// A coded body while it is decoded.
struct DecodedBody {
  explicit DecodedBody(Inflater::Format format) : inflater(format) {}

  Inflater inflater;
  // Decoded bytes for which the sink had no memory.
  std::vector<std::uint8_t> held_back;
  // Bytes that are decoded already, but that curl will pass again.
  std::size_t known = 0;
};

struct Hop {
  TimePoint started;
  int status = 0;
  std::string location;
  std::size_t header_bytes = 0;
  bool has_cookies = false;
  std::uint64_t discarded = 0;
  bool body_left = false;  // an unwanted body is too long to read to its end
  ContentCoding coding;
  std::unique_ptr<DecodedBody> decoded;  // null if the body is plain
  bool body_begun = false;
  bool too_big = false;
  bool unwanted = false;  // the sink ended the transfer
  bool damaged = false;   // the coded bytes do not decode
  std::string refused;    // the header that we do not accept, or empty
  bool any_address_allowed = false;
  std::string forbidden;
  Micros speed_start{0};
  std::optional<SpeedWindow> speed;  // empty before the first byte
};

// One try of a transfer.
struct Job {
  TransferId id = 0;
  Method method = Method::kGet;
  const TransferOptions* options = nullptr;
  std::string url;  // URL of the current hop
  bool trusted = false;
  // No redirect has led to another origin, so the user's headers may be sent.
  bool at_home = true;
  ChainCookies cookies;
  BodySink* body = nullptr;
  ByteSpan upload;
  std::size_t uploaded = 0;
  std::string content_type;
  Transfers::Done done;

  CurlPool* pool = nullptr;
  CURL* easy = nullptr;  // null while no request runs
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> curl_text{};
  Hop hop;
  int redirects = 0;
  TimePoint started;
  Micros paused{0};
  std::optional<TimePoint> paused_since;
  bool cancelled = false;  // curl may still be on the stack
  // Called once, from inside a curl callback, as soon as there is an address.
  // Null if nobody waits for it; see DnsGate.
  std::function<void()> resolved;
  std::uint64_t bytes = 0;
  TransferTimes times;

  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() { curl_slist_free_all(headers); }

  // Returns the time since the start without pauses.
  [[nodiscard]] Micros Running(TimePoint now) const;
  void Pause();
  void EndPause();
  // Counts received bytes. The first call starts the speed window.
  void CountSpeed(std::uint64_t size);
};

[[nodiscard]] TransferResult MakeResult(Reason reason, std::string message);

}  // namespace thumbmill
