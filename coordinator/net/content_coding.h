// coordinator/net/content_coding.h: reads from an answer's headers how its body
// is coded.
//
// The problem: a coded body grows when it is decoded; an attacker can make it
// grow a thousand times. libcurl decodes every announced coding, and as many
// layers as are announced, into its own memory.
//
// The idea: libcurl decodes nothing for us. We ask for plain bytes. If the
// server sends one layer of gzip or deflate all the same, an Inflater decodes
// it in small and fixed memory. We refuse more layers. We also refuse codings
// whose decoders take as much memory as the sender likes (br: 16 MB, zstd:
// 128 MB for each body).
//
// Pure     a value. Reads comma lists, repeated headers and any letter case.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

class ContentCoding {
 public:
  enum class Kind { kPlain, kGzip, kDeflate, kRefused };

  // Adds the value of one Content-Encoding header. Ignores words that name no
  // compression (utf-8, binary, aws-chunked, identity).
  void Add(std::string_view value);
  [[nodiscard]] Kind kind() const { return kind_; }
  // The announced codings, for messages; empty for kPlain.
  [[nodiscard]] const std::string& words() const { return words_; }

 private:
  void AddWord(std::string_view word);

  Kind kind_ = Kind::kPlain;
  std::string words_;
};

// Returns the first word of a Transfer-Encoding header that is not "chunked" or
// "identity", or empty if there is none. libcurl would decode such a coding.
[[nodiscard]] std::string_view UnaskedTransferCoding(std::string_view value);

}  // namespace thumbmill
