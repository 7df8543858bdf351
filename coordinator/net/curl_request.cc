#include "coordinator/net/curl_request.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "coordinator/net/address_policy.h"
#include "coordinator/net/body_intake.h"
#include "coordinator/net/content_coding.h"
#include "coordinator/net/header_text.h"
#include "coordinator/net/hop.h"

namespace thumbmill {
namespace {

constexpr const char* kUserAgent =
    "thumbmill/" THUMBMILL_VERSION
    " (batch thumbnail maker; contact: " THUMBMILL_CONTACT ")";

// Size of curl's receive buffer. Measured with 64 transfers of 200 KB at once:
// 45 us of processor time each with 64 KB, 47 with 128 KB, 48 with 256 KB,
// where the buffers leave the cache. curl also keeps up to this many bytes of
// each paused transfer.
constexpr long kReceiveBytes = 64 << 10;
// Up to about this size, reading an unwanted body to its end costs less than a
// new connection.
constexpr std::uint64_t kDiscardBytes = 64 << 10;

void ReadHeader(std::string_view line, Hop* hop) {
  // An interim answer (1xx) came before: forget its headers.
  if (line.starts_with("HTTP/")) {
    hop->location.clear();
    hop->coding = {};
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = TrimBlanks(line.substr(colon + 1));
  if (EqualsNoCase(name, "location") && hop->location.empty())
    hop->location = value;
  if (EqualsNoCase(name, "set-cookie")) hop->has_cookies = true;
  if (EqualsNoCase(name, "content-encoding")) hop->coding.Add(value);
  if (!EqualsNoCase(name, "transfer-encoding")) return;
  if (const auto unasked = UnaskedTransferCoding(value); !unasked.empty())
    hop->refused = "Transfer-Encoding: " + std::string(unasked);
}

std::size_t OnHeader(char* data, std::size_t one, std::size_t size,
                     void* user) {
  Job& job = *static_cast<Job*>(user);
  size *= one;
  // This also ends the wait for the first byte: see WaitsTooLong().
  job.CountSpeed(size);
  job.hop.header_bytes += size + kHeaderLineBytes;
  if (job.hop.header_bytes > kHeaderBytes) return 0;
  // Trailers come after the body and change nothing.
  if (!job.hop.body_begun) ReadHeader({data, size}, &job.hop);
  return job.hop.refused.empty() ? size : 0;
}

bool Delivers(const Job& job) {
  return job.method == Method::kGet && job.hop.status >= 200 &&
         job.hop.status < 300;
}

std::size_t Discard(std::size_t size, Hop* hop) {
  hop->discarded += size;
  hop->body_left = hop->discarded > kDiscardBytes;
  return hop->body_left ? 0 : size;
}

std::size_t OnBody(char* data, std::size_t one, std::size_t size, void* user) {
  Job& job = *static_cast<Job*>(user);
  size *= one;
  if (size == 0) return 0;
  if (job.cancelled) return 0;
  if (!job.hop.body_begun) ReadStatus(&job);
  job.hop.body_begun = true;
  if (!Delivers(job)) return Discard(size, &job.hop);
  const ByteSpan bytes(reinterpret_cast<const std::uint8_t*>(data), size);
  // A paused part comes again, so it counts only when it is taken.
  const std::size_t taken = TakeBody(&job, bytes);
  if (taken == size) job.CountSpeed(size);
  return taken;
}

std::size_t OnUpload(char* place, std::size_t one, std::size_t size,
                     void* user) {
  Job& job = *static_cast<Job*>(user);
  if (job.cancelled) return CURL_READFUNC_ABORT;
  const std::size_t left = job.upload.size() - job.uploaded;
  const std::size_t now = std::min(size * one, left);
  if (now > 0) std::memcpy(place, job.upload.data() + job.uploaded, now);
  job.uploaded += now;
  return now;
}

// curl seeks back and sends again if a kept connection turns out to be dead.
int OnSeek(void* user, curl_off_t offset, int origin) {
  Job& job = *static_cast<Job*>(user);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  if (static_cast<std::uint64_t>(offset) > job.upload.size())
    return CURL_SEEKFUNC_FAIL;
  job.uploaded = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void TellResolved(Job* job) {
  if (const auto tell = std::exchange(job->resolved, nullptr)) tell();
}

// curl also calls this for a kept connection, which needs no lookup and does
// not call OnOpenSocket().
int OnRequest(void* user, char*, char*, int, int) {
  TellResolved(static_cast<Job*>(user));
  return CURL_PREREQFUNC_OK;
}

// Checks the address at the last moment before a packet leaves; curl connects
// to this very address.
curl_socket_t OnOpenSocket(void* user, curlsocktype, curl_sockaddr* address) {
  Job& job = *static_cast<Job*>(user);
  TellResolved(&job);
  const AddressPolicy policy{job.options->allow_loopback,
                             job.options->allow_private};
  if (!job.trusted && !IsAllowed(policy, &address->addr, address->addrlen)) {
    job.hop.forbidden = AddressText(&address->addr, address->addrlen);
    return CURL_SOCKET_BAD;
  }
  job.hop.any_address_allowed = true;
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

// Sets options of one handle up to the first error, which it remembers.
class Setter {
 public:
  explicit Setter(CURL* easy) : easy_(easy) {}

  template <typename T>
  void operator()(CURLoption option, T value) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
  }
  void Append(curl_slist** list, const std::string& text) {
    if (code_ != CURLE_OK) return;
    curl_slist* longer = curl_slist_append(*list, text.c_str());
    if (longer == nullptr) code_ = CURLE_OUT_OF_MEMORY;
    if (longer != nullptr) *list = longer;
  }
  void Note(CURLcode code) {
    if (code_ == CURLE_OK) code_ = code;
  }
  [[nodiscard]] CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

void ConfigureUpload(Job* job, Setter* setter) {
  Setter& set = *setter;
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &OnUpload);
  set(CURLOPT_READDATA, static_cast<void*>(job));
  set(CURLOPT_SEEKFUNCTION, &OnSeek);
  set(CURLOPT_SEEKDATA, static_cast<void*>(job));
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(job->upload.size()));
  // Thumbnails are small: "Expect: 100-continue" would cost a round trip each.
  set.Append(&job->headers, "Expect:");
  if (!job->content_type.empty())
    set.Append(&job->headers, "Content-Type: " + job->content_type);
}

void ConfigureMethod(Job* job, Setter* setter) {
  Setter& set = *setter;
  if (job->method == Method::kHead) return set(CURLOPT_NOBODY, 1L);
  if (job->method == Method::kPut) return ConfigureUpload(job, setter);
  // CURLOPT_ACCEPT_ENCODING would make curl decode: see content_coding.h.
  set.Append(&job->headers, "Accept-Encoding: identity");
  set.Note(job->cookies.GiveTo(job->easy));
  // curl refuses a larger announced length at once. body_intake.cc also counts
  // the bytes, since a server may announce no length, and coded bodies grow.
  set(CURLOPT_MAXFILESIZE_LARGE,
      static_cast<curl_off_t>(job->options->max_bytes));
}

// Adds the user's own headers, but only for the origin that they are meant for.
void ConfigureHeaders(Job* job, Setter* setter) {
  Setter& set = *setter;
  const RequestHeaders& extra = job->options->headers;
  if (job->at_home) {
    for (const std::string& line : extra.lines) set.Append(&job->headers, line);
    if (!extra.cookie.empty()) set(CURLOPT_COOKIE, extra.cookie.c_str());
  }
  if (job->headers != nullptr) set(CURLOPT_HTTPHEADER, job->headers);
}

}  // namespace

void FillDefaults(TransferOptions* options) {
  if (options->user_agent.empty()) options->user_agent = kUserAgent;
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* value = std::getenv(name);
    if (options->ca_file.empty() && value != nullptr) options->ca_file = value;
  }
}

CURLcode ConfigureRequest(Job* job, const Url& url, CURLSH* share) {
  Setter set(job->easy);
  // Frees the headers of the previous hop; its handle was reset or cleaned up.
  curl_slist_free_all(std::exchange(job->headers, nullptr));
  set(CURLOPT_ERRORBUFFER, job->curl_text.data());
  set(CURLOPT_NOSIGNAL, 1L);
  // Leave an abandoned lookup to its thread: joining the thread would block the
  // loop until the resolver answers.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_SHARE, share);
  set(CURLOPT_URL, WireUrl(url).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // Use no proxy: it would connect for us, and we could not check the address.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_USERAGENT, job->options->user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(job->options->connect_timeout.count()));
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_BUFFERSIZE, kReceiveBytes);
  set(CURLOPT_OPENSOCKETFUNCTION, &OnOpenSocket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(job));
  set(CURLOPT_PREREQFUNCTION, &OnRequest);
  set(CURLOPT_PREREQDATA, static_cast<void*>(job));
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(job));
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(job));
  if (!job->options->ca_file.empty())
    set(CURLOPT_CAINFO, job->options->ca_file.c_str());
  if (!url.userinfo.empty()) {
    const std::size_t colon = url.userinfo.find(':');
    set(CURLOPT_USERNAME, PercentDecode(url.userinfo.substr(0, colon)).c_str());
    if (colon != std::string::npos)
      set(CURLOPT_PASSWORD,
          PercentDecode(url.userinfo.substr(colon + 1)).c_str());
  }
  ConfigureMethod(job, &set);
  ConfigureHeaders(job, &set);
  return set.code();
}

}  // namespace thumbmill
