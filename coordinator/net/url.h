// coordinator/net/url.h: URLs as text: parts, escaping, what may be shown.
//
// Errors  ParseUrl() is empty for what is no http(s) URL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace thumbmill {

struct Url {
  std::string scheme;    // lower case
  std::string userinfo;  // as written
  std::string host;      // lower case; an IPv6 literal without its brackets
  int port = 0;          // 0: the scheme's own
  std::string path;      // as written, starts with '/'
  std::string query;     // without '?'
};

// http and https only. Control characters are refused, and spaces in the
// authority; elsewhere lists hold spaces, which WireUrl() escapes.
[[nodiscard]] std::optional<Url> ParseUrl(std::string_view text);

// True for text that starts like "scheme://".
[[nodiscard]] bool LooksLikeUrl(std::string_view text);

// Without userinfo, and with the values of signature parameters (AWS, GCS,
// Azure, CloudFront, "token", "sig", …) replaced. For logs and reports. A
// text that is no URL, such as a row of a table, loses those of the URLs
// within.
[[nodiscard]] std::string RedactUrl(std::string_view text);

// Without userinfo and signature parameters altogether: what `{hash}` hashes
// and what tells two sources apart. A space and %20 are the same.
[[nodiscard]] std::string CanonicalUrl(std::string_view text);

// What is asked of a server: without userinfo and fragment; bytes that lists
// hold although no URL may (spaces, UTF-8, quotes, braces) are percent-encoded.
// Escapes that are there stay as they are, also broken ones.
[[nodiscard]] std::string WireUrl(const Url& url);

// Broken escapes stay as they are.
[[nodiscard]] std::string PercentDecode(std::string_view text);
// Escapes every byte outside A-Za-z0-9-._~ and, if `keep_slash`, '/'.
[[nodiscard]] std::string PercentEncode(std::string_view text, bool keep_slash);

}  // namespace thumbmill
