// coordinator/net/redirect.h: resolves the Location of a redirect.
#pragma once

#include <string>
#include <string_view>

#include "coordinator/net/url.h"

namespace thumbmill {

// Resolves `location` relative to `base` (RFC 3986, 5.2), with any scheme, and
// escapes spaces and bytes outside ASCII. Keeps the userinfo of `base` only for
// the same origin. Returns empty if the result is not a URL.
[[nodiscard]] std::string ResolveLocation(std::string_view base,
                                          const std::string& location);

// Returns true if both have the same scheme, host and port.
[[nodiscard]] bool SameOrigin(const Url& a, const Url& b);

}  // namespace thumbmill
