// Links: tm_net
// Dictionary: list.dict
//
// Parses any text as a URL from a list. Checks that nothing crashes, that
// redaction and the canonical form are stable and hold no userinfo, and that
// the URL sent names the same host as the URL checked.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "coordinator/net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace thumbmill;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CHECK(PercentDecode(PercentEncode(text, false)) == text);
  const std::string redacted = RedactUrl(text);
  CHECK(RedactUrl(redacted) == redacted);
  const std::string canonical = CanonicalUrl(text);
  CHECK(CanonicalUrl(canonical) == canonical);

  const auto url = ParseUrl(text);
  if (!url) return 0;
  CHECK(LooksLikeUrl(text));
  CHECK(url->path.starts_with('/'));
  const auto wire = ParseUrl(WireUrl(*url));
  CHECK(wire.has_value());
  CHECK(wire->userinfo.empty());
  CHECK(wire->scheme == url->scheme && wire->host == url->host);
  CHECK(PercentDecode(wire->path) == PercentDecode(url->path));
  CHECK(PercentDecode(wire->query) == PercentDecode(url->query));
  const auto shown = ParseUrl(redacted);
  CHECK(shown.has_value() && shown->userinfo.empty());
  CHECK(ParseUrl(canonical)->userinfo.empty());
  return 0;
}
