#include "coordinator/net/request_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>

#include "coordinator/net/header_text.h"

namespace thumbmill {
namespace {

// Servers refuse requests with more or larger headers anyway.
constexpr std::size_t kMostHeaders = 100;
constexpr std::size_t kMostBytes = 16 << 10;
constexpr std::size_t kMostFileBytes = 64 << 10;

// Headers that only HTTP or the transfer may set. A condition would make the
// server answer 304 without a body.
constexpr std::array<std::string_view, 17> kOurs = {"host",
                                                    "connection",
                                                    "keep-alive",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade",
                                                    "http2-settings",
                                                    "expect",
                                                    "range",
                                                    "accept-encoding",
                                                    "if-range",
                                                    "if-match",
                                                    "if-none-match",
                                                    "if-modified-since",
                                                    "max-forwards",
                                                    "if-unmodified-since"};

bool IsNameCharacter(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || kMarks.find(c) != std::string_view::npos;
}

bool IsName(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

bool IsOurs(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerAscii);
  return lower.starts_with("content-") || lower.starts_with("proxy-") ||
         std::find(kOurs.begin(), kOurs.end(), lower) != kOurs.end();
}

Status Refuse(std::string_view flag, std::string_view why) {
  return Fail(ErrorCode::kUsage, fmt::format("{}: {}", flag, why));
}

std::size_t BytesOf(const RequestHeaders& headers) {
  std::size_t bytes = headers.cookie.size() + headers.user_agent.size();
  for (const std::string& line : headers.lines) bytes += line.size();
  return bytes;
}

void Store(std::string_view name, std::string_view value,
           RequestHeaders* headers) {
  if (EqualsNoCase(name, "user-agent")) {
    headers->user_agent = value;
    return;
  }
  if (EqualsNoCase(name, "cookie")) {
    headers->cookie.append(headers->cookie.empty() ? "" : "; ").append(value);
    return;
  }
  // curl reads "Name:" as an order to leave the header out, and "Name;" as an
  // empty header.
  headers->lines.push_back(value.empty() ? fmt::format("{};", name)
                                         : fmt::format("{}: {}", name, value));
}

Status AddLines(const std::string& path, std::string_view text,
                RequestHeaders* headers) {
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (TrimBlanks(line).empty() || line.starts_with('#')) continue;
    RETURN_IF_ERROR(AddHeader(
        fmt::format("--header-file {}, line {}", path, number), line, headers));
  }
  return {};
}

}  // namespace

bool IsHeaderValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

Status AddHeader(std::string_view flag, std::string_view text,
                 RequestHeaders* headers) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    return Refuse(flag, "a header has the form 'Name: value'");
  const std::string_view name = text.substr(0, colon);
  if (!IsName(name))
    return Refuse(flag,
                  "the text before the colon is not the name of a header");
  const std::string_view value = TrimBlanks(text.substr(colon + 1));
  if (!IsHeaderValue(text.substr(colon + 1)))
    return Refuse(flag,
                  fmt::format("the value of '{}' contains a line break or "
                              "another control character",
                              name));
  if (IsOurs(name))
    return Refuse(flag, fmt::format("the program sets '{}' itself; leave it "
                                    "out",
                                    name));
  Store(name, value, headers);
  if (headers->lines.size() <= kMostHeaders && BytesOf(*headers) <= kMostBytes)
    return {};
  return Refuse(flag, fmt::format("more than {} headers or {} bytes of them",
                                  kMostHeaders, kMostBytes));
}

Status ReadHeaderFile(const std::string& path, RequestHeaders* headers) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return Refuse("--header-file",
                  SystemError(fmt::format("open {}", path), errno).what);
  // Read one byte more than allowed, to see that the file is too long.
  std::string text(kMostFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || !file.eof())
    return Refuse("--header-file",
                  fmt::format("cannot read {}, or it is longer than {} bytes",
                              path, kMostFileBytes));
  return AddLines(path, text, headers);
}

}  // namespace thumbmill
