#include "coordinator/net/url_query.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "coordinator/net/url.h"
#include "coordinator/net/url_text.h"

namespace thumbmill {
namespace {

using url_text::Lower;
using url_text::SplitAt;

bool OneOf(std::string_view name, std::initializer_list<std::string_view> in) {
  return std::find(in.begin(), in.end(), name) != in.end();
}

// Returns the unescaped name of one "name=value", in lower case.
std::string ParameterName(std::string_view parameter) {
  return Lower(PercentDecode(SplitAt(parameter, '=').first));
}

template <typename Visit>
void ForEachParameter(std::string_view query, Visit visit) {
  while (true) {
    const std::size_t at = std::min(query.find('&'), query.size());
    visit(query.substr(0, at));
    if (at == query.size()) return;
    query.remove_prefix(at + 1);
  }
}

// The families of signatures in a query. Short names such as "sp" or "expires"
// mean something else in a query without a signature; dropping them there would
// make two images one.
struct Signing {
  bool aws_or_google = false;  // Signature=…: S3 v2, CloudFront, GCS v2
  bool azure = false;          // sig=… with sv=…
};

Signing FindSigning(std::string_view query) {
  bool sig = false, sv = false;
  Signing found;
  ForEachParameter(query, [&](std::string_view parameter) {
    const std::string name = ParameterName(parameter);
    found.aws_or_google |= name == "signature";
    sig |= name == "sig";
    sv |= name == "sv";
  });
  found.azure = sig && sv;
  return found;
}

bool IsSignature(std::string_view parameter, const Signing& signing) {
  const std::string name = ParameterName(parameter);
  if (name.starts_with("x-amz-") || name.starts_with("x-goog-")) return true;
  if (OneOf(name, {"signature", "sig", "token", "key-pair-id", "awsaccesskeyid",
                   "googleaccessid"}))
    return true;
  if (signing.aws_or_google && OneOf(name, {"expires", "policy"})) return true;
  return signing.azure &&
         OneOf(name, {"sv",  "se",  "sp",  "sr",  "st",    "spr",   "sip",
                      "si",  "ss",  "srt", "sdd", "ses",   "skoid", "sktid",
                      "skt", "ske", "sks", "skv", "saoid", "suoid", "scid"});
}

// Returns true for signatures and for other parameters that may be secret. When
// in doubt, hide.
bool IsSecret(std::string_view parameter, const Signing& signing) {
  if (IsSignature(parameter, signing)) return true;
  const std::string name = ParameterName(parameter);
  for (const std::string_view word :
       {"token", "secret", "password", "passwd", "signature", "apikey",
        "api_key", "api-key", "credential", "session"})
    if (name.find(word) != std::string::npos) return true;
  return OneOf(name, {"key", "auth", "authorization", "pwd", "hmac", "policy",
                      "hdnts", "hdnea", "jwt"});
}

}  // namespace

std::string RedactParameters(std::string_view query) {
  const Signing signing = FindSigning(query);
  std::string out;
  ForEachParameter(query, [&](std::string_view parameter) {
    // An empty first parameter leaves `out` empty, but a '&' follows it.
    if (!out.empty() || parameter.data() != query.data()) out += '&';
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || !IsSecret(parameter, signing)) {
      out += parameter;
      return;
    }
    out.append(parameter.substr(0, equals)).append("=REDACTED");
  });
  return out;
}

std::string DropSignature(std::string_view query) {
  const Signing signing = FindSigning(query);
  std::string out;
  bool first = true;
  ForEachParameter(query, [&](std::string_view parameter) {
    if (IsSignature(parameter, signing)) return;
    if (!std::exchange(first, false)) out += '&';
    out += parameter;
  });
  return out;
}

}  // namespace thumbmill
