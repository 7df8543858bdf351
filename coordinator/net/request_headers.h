// coordinator/net/request_headers.h: the headers that a user adds to requests.
//
// Their values may be secrets: no error text holds one.
//
// Pure     but for ReadHeaderFile(), which reads one file.
// Errors   kUsage, with the flag and the header's name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace thumbmill {

struct RequestHeaders {
  // "Name: value", or "Name;" where the value is empty, as curl takes them.
  std::vector<std::string> lines;
  std::string cookie;      // of Cookie headers; joined with those of a chain
  std::string user_agent;  // of a User-Agent header, or empty
};

// Takes one "Name: value". Refuses what would break a request or change its
// meaning: line breaks, headers that HTTP itself or the transfer sets (Host,
// Content-…, Transfer-Encoding, Accept-Encoding, Range, Expect, conditions).
[[nodiscard]] Status AddHeader(std::string_view flag, std::string_view text,
                               RequestHeaders* headers);
// Takes a file of such lines; empty ones and those that begin with '#' are
// skipped.
[[nodiscard]] Status ReadHeaderFile(const std::string& path,
                                    RequestHeaders* headers);
// Visible text on one line.
[[nodiscard]] bool IsHeaderValue(std::string_view text);

}  // namespace thumbmill
