// coordinator/net/request_headers.h: the headers that a user adds to requests.
//
// Their values may be secrets, so no error text contains one.
//
// Pure     except ReadHeaderFile(), which reads one file.
// Errors   kUsage, with the flag and the header's name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace thumbmill {

struct RequestHeaders {
  // "Name: value", or "Name;" if the value is empty, as curl expects them.
  std::vector<std::string> lines;
  std::string cookie;      // from Cookie headers; added to a chain's cookies
  std::string user_agent;  // from a User-Agent header, or empty
};

// Adds one "Name: value". Refuses text that would break a request or change its
// meaning: line breaks, and headers that HTTP or the transfer itself sets
// (Host, Content-…, Transfer-Encoding, Accept-Encoding, Range, Expect,
// conditions).
[[nodiscard]] Status AddHeader(std::string_view flag, std::string_view text,
                               RequestHeaders* headers);
// Adds each line of a file. Skips empty lines and lines that begin with '#'.
[[nodiscard]] Status ReadHeaderFile(const std::string& path,
                                    RequestHeaders* headers);
// Returns true if the text has no line breaks or other control characters,
// except tabs.
[[nodiscard]] bool IsHeaderValue(std::string_view text);

}  // namespace thumbmill
