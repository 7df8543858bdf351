// coordinator/net/curl_request.h: sets curl's options for one request, and
// handles curl's callbacks while the request runs.
#pragma once

#include "coordinator/net/transfer_job.h"
#include "coordinator/net/url.h"

namespace thumbmill {

// Sets the options that the user left empty and that have a default.
void FillDefaults(TransferOptions* options);

// Prepares `job->easy` for a request for `url`. The job and `share` must
// outlive the request. Returns curl's first error; after one the handle cannot
// be used.
[[nodiscard]] CURLcode ConfigureRequest(Job* job, const Url& url,
                                        CURLSH* share);

}  // namespace thumbmill
