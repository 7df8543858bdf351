// coordinator/net/content_coding.h: what the heads of an answer say about how
// its body is coded.
//
// The problem: a body that is coded grows when it is decoded, by a thousand
// times where somebody means harm, and libcurl decodes whatever is announced,
// as often as it is announced, into memory of its own. So it decodes nothing
// for us. We ask for plain bytes; one layer of gzip or deflate that comes all
// the same is decoded by an Inflater, whose memory is small and fixed. More
// layers are refused, and so are codings whose decoders take as much memory as
// the sender likes (br: 16 MB, zstd: 128 MB for each body).
//
// Pure     a value; lists, repeated headers and letter case do not matter.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

class ContentCoding {
 public:
  enum class Kind { kPlain, kGzip, kDeflate, kRefused };

  // The value of one Content-Encoding header. A word that names no compression
  // (utf-8, binary, aws-chunked, identity) says nothing about the bytes.
  void Add(std::string_view value);
  [[nodiscard]] Kind kind() const { return kind_; }
  // The codings that were announced, to show; empty for kPlain.
  [[nodiscard]] const std::string& words() const { return words_; }

 private:
  void AddWord(std::string_view word);

  Kind kind_ = Kind::kPlain;
  std::string words_;
};

// The first word of a Transfer-Encoding header that is not "chunked" or
// "identity"; empty where there is none. libcurl would decode it.
[[nodiscard]] std::string_view UnaskedTransferCoding(std::string_view value);

}  // namespace thumbmill
