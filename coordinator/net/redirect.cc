#include "coordinator/net/redirect.h"

#include <curl/curl.h>

#include <memory>
#include <optional>

namespace thumbmill {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};

std::string Resolve(const std::string& base, const std::string& location) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (!url) return {};
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK)
    return {};
  // Any scheme is accepted here, so that a message can show the whole URL;
  // ParseUrl() refuses all but http and https later.
  if (curl_url_set(url.get(), CURLUPART_URL, location.c_str(),
                   CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) != CURLUE_OK)
    return {};
  char* text = nullptr;
  if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, FreeText> owner(text);
  return text;
}

}  // namespace

bool SameOrigin(const Url& a, const Url& b) {
  const auto port = [](const Url& url) {
    return url.port != 0 ? url.port : url.scheme == "https" ? 443 : 80;
  };
  return a.scheme == b.scheme && a.host == b.host && port(a) == port(b);
}

std::string ResolveLocation(std::string_view base,
                            const std::string& location) {
  const std::optional<Url> from = ParseUrl(base);
  if (!from) return {};
  std::string target = Resolve(WireUrl(*from), location);
  // WireUrl() has dropped the userinfo. Put it back for the same origin, unless
  // the location has its own.
  const std::optional<Url> to = ParseUrl(target);
  if (!to || from->userinfo.empty() || !to->userinfo.empty() ||
      !SameOrigin(*from, *to))
    return target;
  return target.insert(target.find("://") + 3, from->userinfo + "@");
}

}  // namespace thumbmill
