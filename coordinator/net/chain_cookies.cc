#include "coordinator/net/chain_cookies.h"

#include <memory>

namespace thumbmill {
namespace {

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

void ChainCookies::TakeFrom(CURL* easy) {
  lines_.clear();
  curl_slist* list = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &list) != CURLE_OK) return;
  const std::unique_ptr<curl_slist, FreeList> owner(list);
  std::size_t bytes = 0;
  for (; list != nullptr && lines_.size() < kMostCookies; list = list->next) {
    std::string line = list->data;
    if (bytes + line.size() > kMostBytes) continue;
    bytes += line.size();
    lines_.push_back(std::move(line));
  }
}

CURLcode ChainCookies::GiveTo(CURL* easy) const {
  // An empty file name turns the engine on without reading a file.
  CURLcode code = curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
  for (const std::string& line : lines_)
    if (code == CURLE_OK)
      code = curl_easy_setopt(easy, CURLOPT_COOKIELIST, line.c_str());
  return code;
}

}  // namespace thumbmill
