#include "coordinator/net/url.h"

#include <arpa/inet.h>

#include <algorithm>

#include "coordinator/net/url_query.h"
#include "coordinator/net/url_text.h"

namespace thumbmill {
namespace {

using namespace url_text;  // NOLINT: its words are for this file

// RFC 1035, section 2.3.4.
constexpr std::size_t kLabelBytes = 63;
constexpr std::size_t kHostNameBytes = 253;

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char low = Lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

void AppendEscaped(std::string* out, char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<std::uint8_t>(c);
  out->push_back('%');
  out->push_back(kHex[byte >> 4]);
  out->push_back(kHex[byte & 15]);
}

bool IsLabel(std::string_view label) {
  const bool ascii = std::all_of(label.begin(), label.end(), IsAscii);
  if (label.empty() || (ascii && label.size() > kLabelBytes)) return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return !IsAscii(c) || (IsUnreserved(c) && c != '.');
  });
}

// Accepts registered names: letters, digits, '-', '_', '~', and bytes of UTF-8
// for names that are not English. Refuses empty labels, but accepts one dot at
// the end. Refuses escapes, so that we check the same name that curl looks up.
//
// The limits of DNS count the bytes of a name's ASCII form ("xn--…"). For UTF-8
// only libidn2 knows that form: curl then refuses a name that is too long.
bool IsHostName(std::string_view host) {
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  if (std::all_of(host.begin(), host.end(), IsAscii) &&
      host.size() > kHostNameBytes)
    return false;
  while (true) {
    const std::size_t dot = std::min(host.find('.'), host.size());
    if (!IsLabel(host.substr(0, dot))) return false;
    if (dot == host.size()) return true;
    host.remove_prefix(dot + 1);
  }
}

bool IsIpv6Literal(std::string_view host) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(host).c_str(), &address) == 1;
}

// Accepts ":" without a number: the scheme's default port (RFC 3986, 3.2.3).
bool ParsePort(std::string_view text, int* port) {
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  text.remove_prefix(1);
  if (text.empty()) return true;
  int value = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return false;
    value = value * 10 + (c - '0');
    if (value > 65535) return false;
  }
  *port = value;
  return value > 0;
}

bool ParseHostPort(std::string_view text, Url* url) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    url->host = Lower(text.substr(1, end - 1));
    return IsIpv6Literal(url->host) &&
           ParsePort(text.substr(end + 1), &url->port);
  }
  const auto [host, port] = SplitBefore(text, ":");
  url->host = Lower(host);
  return IsHostName(host) && ParsePort(port, &url->port);
}

bool ParseAuthority(std::string_view text, Url* url) {
  // Browsers read '\' as '/', RFC 3986 does not, so such a URL names two
  // different hosts. No host contains a space.
  if (text.find_first_of("\\ ") != std::string_view::npos) return false;
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return ParseHostPort(text, url);
  url->userinfo = text.substr(0, at);
  if (url->userinfo.find('@') != std::string::npos) return false;
  return ParseHostPort(text.substr(at + 1), url);
}

// Escapes bytes that lists contain although URLs may not, so that every server
// reads the same URL.
std::string EscapeStrayBytes(std::string_view text) {
  constexpr std::string_view kStray = "\"<>\\^`{|}";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!IsAscii(c) || IsBlank(c) || kStray.find(c) != std::string_view::npos)
      AppendEscaped(&out, c);
    else
      out.push_back(c);
  }
  return out;
}

std::string EscapeSpaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ')
      out += "%20";
    else
      out += c;
  }
  return out;
}

// Removes the userinfo of each URL, and also of URLs inside another URL's path.
std::string HideUserinfo(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t at = text.find("://");
    if (at == std::string_view::npos) return out.append(text);
    out += text.substr(0, at + 3);
    text.remove_prefix(at + 3);
    const std::string_view authority = SplitBefore(text, "/?#").first;
    const std::size_t sign = authority.rfind('@');
    if (sign != std::string_view::npos) text.remove_prefix(sign + 1);
  }
}

// Redacts the query and the fragment of one URL.
std::string HideSecretParameters(std::string_view text) {
  const auto [before, fragment] = SplitBefore(text, "#");
  const auto [path, query] = SplitBefore(before, "?");
  std::string out(path);
  if (!query.empty())
    out.append(1, '?').append(RedactParameters(query.substr(1)));
  if (!fragment.empty())
    out.append(1, '#').append(RedactParameters(fragment.substr(1)));
  return out;
}

// Redacts each URL in a text that is not a URL itself, such as a row of a
// table.
std::string RedactWithin(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t at = text.find("://");
    if (at == std::string_view::npos) return out.append(text);
    out += text.substr(0, at);
    const auto [url, rest] = SplitBefore(text.substr(at), " \t\r\n\"<>");
    out += HideUserinfo(HideSecretParameters(url));
    text = rest;
  }
}

std::string Origin(const Url& url) {
  const bool ipv6 = url.host.find(':') != std::string::npos;
  std::string out = url.scheme + "://";
  if (ipv6) out += '[';
  out += url.host;
  if (ipv6) out += ']';
  const int own = url.scheme == "https" ? 443 : 80;
  if (url.port != 0 && url.port != own)
    out.append(1, ':').append(std::to_string(url.port));
  return out;
}

}  // namespace

std::optional<Url> ParseUrl(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), IsControl)) return std::nullopt;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Url url;
  url.scheme = Lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  const std::string_view whole = SplitAt(text.substr(colon + 3), '#').first;
  const auto [authority, rest] = SplitBefore(whole, "/?");
  if (!ParseAuthority(authority, &url)) return std::nullopt;
  const auto [path, query] = SplitAt(rest, '?');
  url.path = path.empty() ? "/" : std::string(path);
  url.query = query;
  return url;
}

bool LooksLikeUrl(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view scheme = text.substr(0, colon);
  return IsAlpha(scheme.front()) &&
         std::all_of(scheme.begin(), scheme.end(), [](char c) {
           return IsAlnum(c) || c == '+' || c == '-' || c == '.';
         });
}

// Works on the text and not on its parts, since messages also show URLs that do
// not parse.
std::string RedactUrl(std::string_view text) {
  return LooksLikeUrl(text) ? HideUserinfo(HideSecretParameters(text))
                            : RedactWithin(text);
}

std::string CanonicalUrl(std::string_view text) {
  const std::optional<Url> url = ParseUrl(text);
  if (!url) return std::string(text);
  const std::string query = DropSignature(url->query);
  std::string out = Origin(*url) + EscapeSpaces(url->path);
  if (!query.empty()) out.append(1, '?').append(EscapeSpaces(query));
  return out;
}

std::string WireUrl(const Url& url) {
  std::string out = Origin(url) + EscapeStrayBytes(url.path);
  if (!url.query.empty())
    out.append(1, '?').append(EscapeStrayBytes(url.query));
  return out;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        HexValue(text[i + 1]) >= 0 &&
                        HexValue(text[i + 2]) >= 0;
    if (!escape) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(
        static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2])));
    i += 2;
  }
  return out;
}

std::string PercentEncode(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) || (keep_slash && c == '/'))
      out.push_back(c);
    else
      AppendEscaped(&out, c);
  }
  return out;
}

}  // namespace thumbmill
