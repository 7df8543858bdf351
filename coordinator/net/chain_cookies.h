// coordinator/net/chain_cookies.h: cookies that live as long as one chain of
// redirects.
//
// The problem: some servers set a cookie and redirect, again and again until
// the cookie comes back.
//
// The idea: curl's own cookie engine reads and sends cookies, by the rules for
// domains, paths and public suffixes. Each hop has its own handle, so this
// class takes the cookies out of one handle and puts them into the next. A
// handle that has seen a cookie serves no other transfer: libcurl also keeps a
// count of cookies in it, and would refuse later ones.
//
// Memory   bounded: cookies that do not fit are left out.
#pragma once

#include <curl/curl.h>

#include <string>
#include <vector>

namespace thumbmill {

class ChainCookies {
 public:
  // Replaces the kept cookies with those of `easy`.
  void TakeFrom(CURL* easy);
  // Turns on the cookie engine of `easy` and gives it the kept cookies.
  [[nodiscard]] CURLcode GiveTo(CURL* easy) const;
  [[nodiscard]] bool empty() const { return lines_.empty(); }

  static constexpr std::size_t kMostCookies = 50;
  static constexpr std::size_t kMostBytes = 16 << 10;

 private:
  std::vector<std::string> lines_;  // in Netscape's cookie file format
};

}  // namespace thumbmill
