// coordinator/net/redirect.h: where a Location leads.
#pragma once

#include <string>
#include <string_view>

#include "coordinator/net/url.h"

namespace thumbmill {

// `location` taken relative to `base` (RFC 3986, 5.2), spaces and bytes
// outside ASCII escaped; any scheme. Userinfo of `base` goes along to the same
// origin only. Empty: no URL.
[[nodiscard]] std::string ResolveLocation(std::string_view base,
                                          const std::string& location);

// Whether both have the same scheme, host and port.
[[nodiscard]] bool SameOrigin(const Url& a, const Url& b);

}  // namespace thumbmill
