// coordinator/net/dns_gate.h: decides whether a hop may look up the name of its
// host now. It joins DnsCoalescer (one lookup of a name at a time) and
// NegativeDnsCache (no new lookup of a name that has just failed).
//
// Runs in  the coordinator's loop.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <string>
#include <unordered_map>

#include "coordinator/loop/callback_guard.h"
#include "coordinator/net/dns_coalescer.h"
#include "coordinator/net/negative_dns_cache.h"
#include "coordinator/net/transfer_job.h"

namespace thumbmill {

class DnsGate {
 public:
  enum class Answer {
    kGo,       // start the hop
    kWait,     // another job looks the name up; `start` comes later
    kUnknown,  // the name did not resolve a moment ago
  };

  // `start` is called in the loop for each job whose wait is over. It may call
  // Enter() again, and must ignore jobs that have ended meanwhile.
  DnsGate(EventLoop* loop, std::function<void(TransferId)> start)
      : loop_(loop), start_(std::move(start)) {}

  // Asks for a hop to `host`. After kGo, call Leave() when the hop ends.
  [[nodiscard]] Answer Enter(Job* job, const std::string& host);
  // Remembers whether the name of a hop that ends with `code` resolved. Call it
  // before Leave(), while the job has its handle.
  void Note(const Job& job, CURLcode code);
  // Ends the lookup that the job leads, if any, and starts the waiting jobs.
  void Leave(Job* job);

 private:
  void EndLookup(TransferId leader, bool resolved);

  EventLoop* loop_;
  std::function<void(TransferId)> start_;
  NegativeDnsCache unknown_;
  DnsCoalescer coalescer_;
  // The jobs that look a name up, with that name.
  std::unordered_map<TransferId, std::string> leaders_;
  CallbackGuard guard_;
};

}  // namespace thumbmill
