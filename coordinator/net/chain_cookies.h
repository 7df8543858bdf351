// coordinator/net/chain_cookies.h: cookies that live as long as one chain of
// redirects.
//
// The problem: some servers set a cookie, redirect, and redirect for ever
// where it does not come back. Curl's own engine reads and sends them, by the
// rules for domains, paths and public suffixes. Each hop has a handle of its
// own, so that the cookies are taken out of one and put into the next. A handle
// that has seen a cookie serves no other transfer: libcurl keeps not only the
// cookies but also a count of them that refuses later ones.
//
// Memory   bounded: what does not fit is left out.
#pragma once

#include <curl/curl.h>

#include <string>
#include <vector>

namespace thumbmill {

class ChainCookies {
 public:
  // Replaces what is kept by all that `easy` holds.
  void TakeFrom(CURL* easy);
  // Switches the engine of `easy` on and gives it what is kept.
  [[nodiscard]] CURLcode GiveTo(CURL* easy) const;
  [[nodiscard]] bool empty() const { return lines_.empty(); }

  static constexpr std::size_t kMostCookies = 50;
  static constexpr std::size_t kMostBytes = 16 << 10;

 private:
  std::vector<std::string> lines_;  // as Netscape's cookie files have them
};

}  // namespace thumbmill
