// coordinator/net/url.h: URLs as text: their parts, escaping, and hiding of
// secrets.
//
// Errors   ParseUrl() returns empty if the text is not an http(s) URL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace thumbmill {

struct Url {
  std::string scheme;    // lower case
  std::string userinfo;  // as written
  std::string host;      // lower case; an IPv6 literal without its brackets
  int port = 0;          // 0: the scheme's default
  std::string path;      // as written, starts with '/'
  std::string query;     // without '?'
};

// Parses an http or https URL. Refuses control characters, and spaces in the
// authority. Accepts spaces elsewhere, since lists contain them; WireUrl()
// escapes them.
[[nodiscard]] std::optional<Url> ParseUrl(std::string_view text);

// Returns true if the text starts like "scheme://".
[[nodiscard]] bool LooksLikeUrl(std::string_view text);

// Removes userinfo and replaces the values of secret parameters (signatures of
// AWS, GCS, Azure and CloudFront, "token", "password", …). For logs and
// reports. In a text that is not a URL itself, such as a row of a table, it
// does so for each URL inside.
[[nodiscard]] std::string RedactUrl(std::string_view text);

// Removes userinfo, fragment and signature parameters, and writes a space as
// %20. `{hash}` hashes the result, and two sources with the same result are the
// same source. Returns a text that is not a URL unchanged.
[[nodiscard]] std::string CanonicalUrl(std::string_view text);

// Returns the URL for a request, without userinfo and fragment. Percent-encodes
// bytes that lists contain although URLs may not (spaces, UTF-8, quotes,
// braces). Keeps existing escapes, even broken ones.
[[nodiscard]] std::string WireUrl(const Url& url);

// Decodes percent escapes. Keeps broken ones.
[[nodiscard]] std::string PercentDecode(std::string_view text);
// Escapes every byte outside A-Za-z0-9-._~ and, if `keep_slash`, '/'.
[[nodiscard]] std::string PercentEncode(std::string_view text, bool keep_slash);

}  // namespace thumbmill
