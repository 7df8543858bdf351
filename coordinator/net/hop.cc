#include "coordinator/net/hop.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "coordinator/net/redirect.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

// Servers accept no longer request line.
constexpr std::size_t kLocationBytes = 32 << 10;
constexpr std::size_t kShortUrlBytes = 500;

Micros InfoTime(CURL* easy, CURLINFO info) {
  curl_off_t micros = 0;
  curl_easy_getinfo(easy, info, &micros);
  return Micros(micros);
}

std::string Seconds(Millis time) {
  return std::to_string(time.count() / 1000) + "." +
         std::to_string(time.count() % 1000 / 100) + " s";
}

// Returns true if no byte of the answer came in time after the request was
// sent.
bool WaitsTooLong(const Job& job, TimePoint now) {
  if (job.hop.speed) return false;
  const Micros asked = InfoTime(job.easy, CURLINFO_PRETRANSFER_TIME_T);
  if (asked == Micros(0)) return false;  // curl's connect timeout applies
  return now - job.hop.started - asked > job.options->first_byte_timeout;
}

// Redacts and shortens a URL that a server chose. Messages show it, and the
// journal keeps them.
std::string ShortUrl(const std::string& url) {
  std::string text = RedactUrl(url);
  if (text.size() > kShortUrlBytes)
    text.replace(kShortUrlBytes, text.npos, "...");
  return text;
}

// Returns why the job may not go to `target`, or empty.
std::string RefuseTarget(const Job& job, const std::string& target) {
  if (job.redirects >= job.options->max_redirects)
    return "more than " + std::to_string(job.options->max_redirects) +
           " redirects";
  if (job.hop.location.size() > kLocationBytes)
    return "redirect to a URL of " + std::to_string(job.hop.location.size()) +
           " bytes";
  if (!ParseUrl(target))
    return "redirect to " + (target.empty() ? "no URL" : ShortUrl(target));
  return "";
}

}  // namespace

void ReadStatus(Job* job) {
  long status = 0;
  curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
  job->hop.status = static_cast<int>(status);
}

// 304 is no redirect. An answer that we refuse is none either, so that its
// failure is reported.
bool IsRedirect(const Job& job) {
  return job.method == Method::kGet && job.hop.status >= 300 &&
         job.hop.status < 400 && job.hop.status != 304 &&
         !job.hop.location.empty() && job.hop.refused.empty() &&
         job.hop.header_bytes <= kHeaderBytes;
}

void AddTimes(Job* job) {
  CURL* easy = job->easy;
  // Each of curl's times counts from the start of the request. APPCONNECT is 0
  // without TLS.
  const Micros dns = InfoTime(easy, CURLINFO_NAMELOOKUP_TIME_T);
  const Micros connected = std::max(InfoTime(easy, CURLINFO_CONNECT_TIME_T),
                                    InfoTime(easy, CURLINFO_APPCONNECT_TIME_T));
  const Micros asked = InfoTime(easy, CURLINFO_PRETRANSFER_TIME_T);
  const Micros answered = InfoTime(easy, CURLINFO_STARTTRANSFER_TIME_T);
  job->times.dns += dns;
  job->times.connect += std::max(connected - dns, Micros(0));
  job->times.first_byte += std::max(answered - asked, Micros(0));
}

HopEnd Describe(const Job& job, CURLcode code) {
  HopEnd end;
  end.code = code;
  end.curl_text = job.curl_text.data();
  end.status = job.hop.status;
  end.upload = job.method == Method::kPut;
  end.body_begun = job.hop.body_begun;
  end.name_resolved =
      InfoTime(job.easy, CURLINFO_NAMELOOKUP_TIME_T) > Micros(0);
  end.too_big = job.hop.too_big;
  end.unwanted = job.hop.unwanted;
  end.body_left = job.hop.body_left;
  end.refused = job.hop.refused;
  // A coded body is cut short if its coding does not end, even if curl has read
  // all announced bytes.
  end.damaged = job.hop.damaged || (job.hop.decoded && code == CURLE_OK &&
                                    !job.hop.decoded->inflater.ended());
  end.headers_too_big = job.hop.header_bytes > kHeaderBytes;
  end.any_address_allowed = job.hop.any_address_allowed;
  end.forbidden = job.hop.forbidden;
  return end;
}

TransferResult ResultOf(const Job& job, CURLcode code) {
  TransferResult result;
  ClassifyHopEnd(Describe(job, code), &result);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(job.easy, CURLINFO_RETRY_AFTER, &retry_after);
  // curl makes a date in the past negative.
  if (retry_after > 0) result.retry_after = std::chrono::seconds(retry_after);
  return result;
}

std::optional<TransferResult> Overdue(Job* job, TimePoint now) {
  const Micros running = job->Running(now);
  const Millis limit = job->method == Method::kGet
                           ? job->options->timeout
                           : job->options->upload_timeout;
  if (running > limit)
    return MakeResult(Reason::kTimeout,
                      "not finished within " + Seconds(limit));
  // The other deadlines are for downloads: during an upload the server has
  // nothing to send yet.
  if (job->method != Method::kGet) return std::nullopt;
  if (WaitsTooLong(*job, now))
    return MakeResult(
        Reason::kTimeout,
        "no answer within " + Seconds(job->options->first_byte_timeout));
  if (job->hop.speed &&
      job->hop.speed->SlowerThan(job->options->min_speed_bytes,
                                 running - job->hop.speed_start))
    return MakeResult(
        Reason::kTooSlow,
        "slower than " + std::to_string(job->options->min_speed_bytes) +
            " bytes/s over " + Seconds(job->options->min_speed_window));
  return std::nullopt;
}

std::optional<TransferResult> FollowRedirect(Job* job) {
  std::string target;
  if (job->hop.location.size() <= kLocationBytes)
    target = ResolveLocation(job->url, job->hop.location);
  if (std::string why = RefuseTarget(*job, target); !why.empty()) {
    TransferResult result = MakeResult(Reason::kRedirect, std::move(why));
    result.http_status = job->hop.status;
    return result;
  }
  const std::optional<Url> from = ParseUrl(job->url), to = ParseUrl(target);
  ++job->redirects;
  job->at_home &= from && to && SameOrigin(*from, *to);
  job->url = target;
  job->trusted = false;  // a server chose this URL
  return std::nullopt;
}

void Complete(const Job& job, TransferResult* result) {
  if (job.redirects > 0 && result->reason != Reason::kNone)
    result->message += " (redirected to " + ShortUrl(job.url) + ")";
  result->redirected = job.redirects > 0;
  if (result->http_status == 0) result->http_status = job.hop.status;
  result->bytes = job.method == Method::kPut ? job.uploaded : job.bytes;
  result->times = job.times;
  result->times.total = job.Running(Now());
}

}  // namespace thumbmill
