#include "coordinator/net/dns_gate.h"

#include <optional>
#include <utility>

#include "coordinator/loop/event_loop.h"
#include "coordinator/net/hop.h"
#include "coordinator/net/url.h"

namespace thumbmill {
DnsGate::Answer DnsGate::Enter(Job* job, const std::string& host) {
  if (unknown_.Holds(host, Now())) return Answer::kUnknown;
  switch (coalescer_.Begin(host, job->id, Now())) {
    case DnsCoalescer::Part::kNone:
      return Answer::kGo;
    case DnsCoalescer::Part::kWait:
      return Answer::kWait;
    case DnsCoalescer::Part::kLead:
      break;
  }
  leaders_[job->id] = host;
  // Curl calls this inside a callback, where no other transfer may start. When
  // the loop comes to it, the job may lead another lookup, of its next hop.
  job->resolved = [this, id = job->id, host] {
    loop_->Post(guard_.Wrap([this, id, host] {
      const auto leader = leaders_.find(id);
      if (leader != leaders_.end() && leader->second == host)
        EndLookup(id, true);
    }));
  };
  return Answer::kGo;
}

void DnsGate::Note(const Job& job, CURLcode code) {
  const std::optional<Url> url = ParseUrl(job.url);
  if (!url) return;
  // A resolver that does not answer in time counts as a failed lookup, so that
  // it is asked again as rarely.
  const bool no_answer = code == CURLE_OPERATION_TIMEDOUT &&
                         leaders_.contains(job.id) &&
                         !Describe(job, code).name_resolved;
  if (code == CURLE_COULDNT_RESOLVE_HOST || no_answer)
    unknown_.Failed(url->host, Now());
  else if (job.hop.any_address_allowed)
    unknown_.Resolved(url->host);
}

// A leader may end before the loop hears of its address. The others must not
// wait for it.
void DnsGate::Leave(Job* job) {
  job->resolved = nullptr;
  EndLookup(job->id,
            job->hop.any_address_allowed || !job->hop.forbidden.empty());
}

// Starts the waiting jobs from the loop. If the lookup failed, they find the
// name in `unknown_` and fail. If the leader ended for another reason, one of
// them leads.
void DnsGate::EndLookup(TransferId leader, bool resolved) {
  const auto node = leaders_.extract(leader);
  if (node.empty()) return;
  for (const TransferId id : coalescer_.End(node.mapped(), resolved, Now()))
    loop_->Post(guard_.Wrap([this, id] { start_(id); }));
}

}  // namespace thumbmill
