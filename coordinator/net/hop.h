// coordinator/net/hop.h: reads the end of one request (Hop) from its curl
// handle, and follows redirects.
//
// Runs in  the loop's thread. The job has its handle, but in FollowRedirect().
#pragma once

#include <curl/curl.h>

#include <optional>

#include "coordinator/net/hop_end.h"
#include "coordinator/net/transfer_job.h"

namespace thumbmill {

// Copies the status from curl to the hop.
void ReadStatus(Job* job);
[[nodiscard]] bool IsRedirect(const Job& job);
// Adds curl's times for the hop that has ended.
void AddTimes(Job* job);
[[nodiscard]] HopEnd Describe(const Job& job, CURLcode code);
// Returns the result of a job whose last hop ended with `code`.
[[nodiscard]] TransferResult ResultOf(const Job& job, CURLcode code);
// Returns the result for a job that has missed a deadline, or empty.
[[nodiscard]] std::optional<TransferResult> Overdue(Job* job, TimePoint now);

// Moves the job to the target of its redirect. Returns the result of the job if
// it must not go there.
[[nodiscard]] std::optional<TransferResult> FollowRedirect(Job* job);

// Adds to the result of a job what all its hops have in common: the redirect,
// the last status, the bytes and the times.
void Complete(const Job& job, TransferResult* result);

}  // namespace thumbmill
