// coordinator/net/url_query.h: finds signatures and secrets among the
// parameters of a query.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

// Replaces the values of parameters that may be secret. Takes a query or a
// fragment, without its mark.
[[nodiscard]] std::string RedactParameters(std::string_view query);

// Removes the parameters that sign a URL, so that all signed URLs of one image
// are equal.
[[nodiscard]] std::string DropSignature(std::string_view query);

}  // namespace thumbmill
