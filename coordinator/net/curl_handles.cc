#include "coordinator/net/curl_handles.h"

#include <string>

namespace thumbmill {
namespace {

constexpr std::size_t kIdleHandles = 128;

Status InitCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code == CURLE_OK) return {};
  return Fail(ErrorCode::kInternal,
              std::string("cannot start libcurl: ") + curl_easy_strerror(code));
}

}  // namespace

Result<std::unique_ptr<CurlHandles>> CurlHandles::Create() {
  RETURN_IF_ERROR(InitCurl());
  CURLSH* share = curl_share_init();
  if (share == nullptr)
    return Fail(ErrorCode::kNoMemory, "curl_share_init: no memory");
  std::unique_ptr<CurlHandles> handles(new CurlHandles(share));
  for (const curl_lock_data data :
       {CURL_LOCK_DATA_SSL_SESSION, CURL_LOCK_DATA_DNS}) {
    const CURLSHcode code = curl_share_setopt(share, CURLSHOPT_SHARE, data);
    if (code != CURLSHE_OK)
      return Fail(ErrorCode::kInternal, std::string("curl_share_setopt: ") +
                                            curl_share_strerror(code));
  }
  return handles;
}

CurlHandles::~CurlHandles() {
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  curl_share_cleanup(share_);
}

CURL* CurlHandles::Take() {
  if (idle_.empty()) return curl_easy_init();
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void CurlHandles::Return(CURL* easy, bool clean) {
  if (!clean || idle_.size() >= kIdleHandles) return curl_easy_cleanup(easy);
  // curl_easy_reset() of libcurl 7.88 forgets the list of cookie files without
  // freeing it.
  if (curl_easy_setopt(easy, CURLOPT_COOKIEFILE, nullptr) != CURLE_OK)
    return curl_easy_cleanup(easy);
  curl_easy_reset(easy);
  idle_.push_back(easy);
}

}  // namespace thumbmill
