#include "common/hash.h"

// SHA256() allocates memory, so it can fail. The deprecated SHA256_Init(),
// SHA256_Update() and SHA256_Final() do not allocate.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>

namespace thumbmill {

Sha256 HashBytes(ByteSpan bytes) {
  Sha256 digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

Key128 HashKey(std::string_view text) {
  const Sha256 digest = HashBytes(AsBytes(text));
  Key128 key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

std::string ToHex(ByteSpan bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace thumbmill
