// coordinator/net/curl_handles.h: lends curl's easy handles, and keeps those
// that may be used again.
//
// Owns     the idle handles, and the share of TLS sessions and addresses. A
//          handle's own sessions and addresses would be lost with it.
// Runs in  the coordinator's loop. Return all handles, and remove them from
//          their multi handles, before this object goes: curl requires that the
//          share outlives all its users.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <vector>

#include "common/result.h"

namespace thumbmill {

class CurlHandles {
 public:
  // Also initialises libcurl, once in the process.
  [[nodiscard]] static Result<std::unique_ptr<CurlHandles>> Create();
  ~CurlHandles();
  CurlHandles(const CurlHandles&) = delete;
  CurlHandles& operator=(const CurlHandles&) = delete;

  // Returns a handle without options, or null if there is no memory.
  [[nodiscard]] CURL* Take();
  // Takes a handle back. Keeps it only if it is `clean`: its transfer ended
  // well, curl no longer holds it, and it has seen no cookies.
  void Return(CURL* easy, bool clean);
  [[nodiscard]] CURLSH* share() const { return share_; }

 private:
  explicit CurlHandles(CURLSH* share) : share_(share) {}

  CURLSH* share_;
  std::vector<CURL*> idle_;
};

}  // namespace thumbmill
