// coordinator/net/curl_request.h: what curl is told about one request, and
// what it tells us while the request runs.
#pragma once

#include "coordinator/net/transfer_job.h"
#include "coordinator/net/url.h"

namespace thumbmill {

// Sets `job->easy` up for a request for `url`; the job and `share` outlive it.
// Returns the first error of curl's, after which the handle is of no use.
[[nodiscard]] CURLcode ConfigureRequest(Job* job, const Url& url,
                                        CURLSH* share);

}  // namespace thumbmill
