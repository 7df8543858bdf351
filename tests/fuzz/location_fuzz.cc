// Links: tm_net
// Dictionary: list.dict
//
// Follows redirects to any Location header. Checks that the password of the
// base URL goes to no other origin, and that the new URL holds no byte that
// could end a line of the request.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/check.h"
#include "coordinator/net/redirect.h"
#include "coordinator/net/url.h"

namespace thumbmill {
namespace {

constexpr std::string_view kSecret = "s3cr3t";

void CheckLocation(std::string_view base, const std::string& location) {
  const std::string target = ResolveLocation(base, location);
  const std::optional<Url> to = ParseUrl(target);
  if (!to) return;
  for (const char c : target)
    CHECK(static_cast<unsigned char>(c) > 0x20 && c != 0x7f);
  // A server that names the secret itself knows it already.
  if (location.find(kSecret) != std::string::npos) return;
  const Url from = ParseUrl(base).value();
  const bool same = to->scheme == from.scheme && to->host == from.host &&
                    to->port == from.port;
  CHECK(same || target.find(kSecret) == std::string::npos);
  CHECK(RedactUrl(target).find(kSecret) == std::string::npos);
}

}  // namespace
}  // namespace thumbmill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace thumbmill;
  // libcurl passes a header's value as a C string, so it holds no zero byte.
  const std::string location(reinterpret_cast<const char*>(data), size);
  if (location.find('\0') != std::string::npos) return 0;
  CheckLocation("http://user:s3cr3t@a.example:81/d/e/f.jpg?q=1", location);
  CheckLocation("https://user:s3cr3t@[2001:db8::1]:8443", location);
  return 0;
}
