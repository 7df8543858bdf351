#include "coordinator/net/content_coding.h"

#include <algorithm>
#include <array>

#include "coordinator/net/header_text.h"

namespace thumbmill {
namespace {

using Kind = ContentCoding::Kind;

// Messages show at most this many bytes of the words.
constexpr std::size_t kShownBytes = 80;

struct Coding {
  std::string_view word;
  Kind kind;
};
// All compressions that IANA has registered, and others that servers use.
constexpr std::array kCompressions = {
    Coding{"gzip", Kind::kGzip},        Coding{"x-gzip", Kind::kGzip},
    Coding{"deflate", Kind::kDeflate},  Coding{"x-deflate", Kind::kDeflate},
    Coding{"br", Kind::kRefused},       Coding{"zstd", Kind::kRefused},
    Coding{"compress", Kind::kRefused}, Coding{"x-compress", Kind::kRefused},
    Coding{"dcb", Kind::kRefused},      Coding{"dcz", Kind::kRefused},
    Coding{"exi", Kind::kRefused},      Coding{"pack200-gzip", Kind::kRefused},
    Coding{"bzip2", Kind::kRefused},    Coding{"x-bzip2", Kind::kRefused},
    Coding{"xz", Kind::kRefused},       Coding{"lzma", Kind::kRefused},
};

Kind KindOf(std::string_view word) {
  const auto* const found = std::find_if(
      kCompressions.begin(), kCompressions.end(),
      [word](const Coding& each) { return EqualsNoCase(word, each.word); });
  return found == kCompressions.end() ? Kind::kPlain : found->kind;
}

// Calls `visit` with each word of a comma list. Drops blanks and parameters.
template <typename Visit>
void ForEachWord(std::string_view value, Visit visit) {
  while (true) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view each = value.substr(0, comma);
    const std::string_view word = TrimBlanks(each.substr(0, each.find(';')));
    if (!word.empty()) visit(word);
    if (comma == value.size()) return;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

void ContentCoding::Add(std::string_view value) {
  ForEachWord(value, [this](std::string_view word) { AddWord(word); });
}

void ContentCoding::AddWord(std::string_view word) {
  const Kind kind = KindOf(word);
  if (kind == Kind::kPlain) return;
  // A second compression is a second layer.
  kind_ = kind_ == Kind::kPlain ? kind : Kind::kRefused;
  if (words_.size() + word.size() > kShownBytes) return;
  words_.append(words_.empty() ? "" : ", ").append(word);
}

std::string_view UnaskedTransferCoding(std::string_view value) {
  std::string_view unasked;
  ForEachWord(value, [&unasked](std::string_view word) {
    if (!unasked.empty() || EqualsNoCase(word, "chunked") ||
        EqualsNoCase(word, "identity"))
      return;
    unasked = word.substr(0, kShownBytes);
  });
  return unasked;
}

}  // namespace thumbmill
