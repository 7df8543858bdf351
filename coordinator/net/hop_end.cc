#include "coordinator/net/hop_end.h"

#include <fmt/format.h>

namespace thumbmill {
namespace {

void Set(TransferResult* result, Reason reason, std::string message) {
  result->reason = reason;
  result->message = std::move(message);
}

std::string Words(const HopEnd& end) {
  return end.curl_text.empty() ? curl_easy_strerror(end.code) : end.curl_text;
}

void SetStatus(const HopEnd& end, TransferResult* result) {
  const Reason reason = end.status >= 500 ? Reason::kHttp5xx : Reason::kHttp4xx;
  Set(result, reason, fmt::format("the server answered {}", end.status));
}

void SetTimeout(const HopEnd& end, TransferResult* result) {
  Set(result, Reason::kTimeout,
      end.name_resolved ? "no connection in time"
                        : "the host's name was not resolved in time");
}

// A host may have several addresses. If one of them was allowed, the failure is
// its own, and another try may succeed.
void SetConnect(const HopEnd& end, TransferResult* result) {
  if (end.forbidden.empty() || end.any_address_allowed)
    return Set(result, Reason::kConnect, Words(end));
  Set(result, Reason::kForbiddenAddress,
      fmt::format("the host's address {} is not allowed for URLs in lists "
                  "and redirects",
                  end.forbidden));
}

void SetLost(const HopEnd& end, TransferResult* result) {
  const bool in_body = end.body_begun && !end.upload;
  Set(result, in_body ? Reason::kTruncatedBody : Reason::kConnect, Words(end));
}

void SetCurl(const HopEnd& end, TransferResult* result) {
  switch (end.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Set(result, Reason::kDns, Words(end));
    case CURLE_COULDNT_CONNECT:
      return SetConnect(end, result);
    case CURLE_OPERATION_TIMEDOUT:
      return SetTimeout(end, result);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_SHUTDOWN_FAILED:
      return Set(result, Reason::kTls, Words(end));
    case CURLE_FILESIZE_EXCEEDED:
      return Set(result, Reason::kTooBig,
                 "the server announces more bytes than allowed");
    case CURLE_PARTIAL_FILE:
      return Set(result, Reason::kTruncatedBody, Words(end));
    // Curl decodes no body for us. Newer versions refuse a Transfer-Encoding
    // that was not requested before our own check sees it.
    case CURLE_BAD_CONTENT_ENCODING:
      return Set(result, Reason::kUnsupported, Words(end));
    case CURLE_URL_MALFORMAT:
      return Set(result, Reason::kBadLine, Words(end));
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, or no HTTP at all
    case CURLE_WEIRD_SERVER_REPLY:
      return Set(result, Reason::kHttp5xx, Words(end));
    case CURLE_OUT_OF_MEMORY:
      return Set(result, Reason::kMemory, Words(end));
    default:  // GOT_NOTHING, RECV_ERROR, SEND_ERROR, HTTP2, HTTP2_STREAM, …
      return SetLost(end, result);
  }
}

}  // namespace

// Looks at the status before curl's code: a status tells more than the way in
// which the connection ended after it.
void ClassifyHopEnd(const HopEnd& end, TransferResult* result) {
  if (end.headers_too_big)
    return Set(result, Reason::kTooBig, "the headers are longer than allowed");
  if (end.status >= 400) return SetStatus(end, result);
  if (!end.refused.empty())
    return Set(result, Reason::kUnsupported,
               fmt::format("the server answered with '{}', although plain "
                           "bytes were requested",
                           end.refused));
  if (end.status >= 300)
    return Set(result, Reason::kRedirect,
               fmt::format("the server answered {}{}", end.status,
                           end.upload ? ", uploads are not redirected"
                                      : " without a Location"));
  if (end.too_big)
    return Set(result, Reason::kTooBig, "the body is longer than allowed");
  if (end.unwanted)
    return Set(result, Reason::kNotImage,
               "its first bytes are those of no known image format");
  // The request succeeded. We stopped reading its unwanted body ourselves, and
  // curl's write error comes from that.
  if (end.body_left && end.status >= 200) return;
  if (end.damaged)
    return Set(result, Reason::kTruncatedBody,
               "the body's gzip or deflate coding is damaged or cut short");
  if (end.code != CURLE_OK) return SetCurl(end, result);
  // Only a broken server makes curl succeed without a final status.
  if (end.status < 200)
    Set(result, Reason::kHttp5xx, "the server gave no final answer");
}

}  // namespace thumbmill
