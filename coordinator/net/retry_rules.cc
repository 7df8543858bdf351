#include "coordinator/net/retry_rules.h"

#include <signal.h>

#include <array>
#include <cstddef>

namespace thumbmill {
namespace {

// clang-format off
// One row for each Reason, in the order of the enum.
constexpr std::array kRules = {
    RetryRule{Reason::kNone,             Retry::kNever,    HostSign::kAnswers, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kDuplicate,        Retry::kNever,    HostSign::kNothing, Rerun::kNever,        Charge::kNothing},
    RetryRule{Reason::kFiltered,         Retry::kNever,    HostSign::kNothing, Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kNotImage,         Retry::kNever,    HostSign::kAnswers, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kBadLine,          Retry::kNever,    HostSign::kNothing, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kRead,             Retry::kNever,    HostSign::kNothing, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kDns,              Retry::kRetries,  HostSign::kSilent,  Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kConnect,          Retry::kRetries,  HostSign::kSilent,  Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kTls,              Retry::kRetries,  HostSign::kSilent,  Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kHttp4xx,          Retry::kByStatus, HostSign::kAnswers, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kHttp5xx,          Retry::kByStatus, HostSign::kAnswers, Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kRedirect,         Retry::kNever,    HostSign::kAnswers, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kForbiddenAddress, Retry::kNever,    HostSign::kNothing, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kTimeout,          Retry::kRetries,  HostSign::kSilent,  Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kTooSlow,          Retry::kOnce,     HostSign::kSilent,  Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kTooBig,           Retry::kNever,    HostSign::kAnswers, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kTruncatedBody,    Retry::kRetries,  HostSign::kAnswers, Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kHashMismatch,     Retry::kNever,    HostSign::kAnswers, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kEmpty,            Retry::kNever,    HostSign::kAnswers, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kUnsupported,      Retry::kNever,    HostSign::kAnswers, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kTruncated,        Retry::kNever,    HostSign::kNothing, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kCorrupt,          Retry::kNever,    HostSign::kNothing, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kTooManyPixels,    Retry::kNever,    HostSign::kNothing, Rerun::kOnRequest,    Charge::kNothing},
    RetryRule{Reason::kTooCostly,        Retry::kNever,    HostSign::kNothing, Rerun::kLargerBounds, Charge::kFinal},
    RetryRule{Reason::kMemory,           Retry::kRetries,  HostSign::kNothing, Rerun::kOnRequest,    Charge::kAttempt},
    RetryRule{Reason::kCrash,            Retry::kNever,    HostSign::kNothing, Rerun::kOnRequest,    Charge::kAttempt},
    RetryRule{Reason::kHang,             Retry::kNever,    HostSign::kNothing, Rerun::kOnRequest,    Charge::kCostlyAttempt},
    RetryRule{Reason::kNameCollision,    Retry::kNever,    HostSign::kNothing, Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kUpload,           Retry::kRetries,  HostSign::kNothing, Rerun::kAlways,       Charge::kNothing},
    RetryRule{Reason::kCancelled,        Retry::kNever,    HostSign::kNothing, Rerun::kAlways,       Charge::kNothing},
};
// clang-format on

constexpr bool HasARowForEachReason() {
  for (std::size_t i = 0; i < kRules.size(); ++i)
    if (kRules[i].reason != static_cast<Reason>(i)) return false;
  return kRules.size() == static_cast<std::size_t>(Reason::kLast) + 1;
}
static_assert(HasARowForEachReason());

// 501 and 505 say that the server cannot do this at all; the other 5xx may
// pass. 408, 425 and 429 ask for another try. A broken server has no status.
bool StatusMayPass(Reason reason, int status) {
  if (reason == Reason::kHttp5xx) return status != 501 && status != 505;
  return status == 408 || status == 425 || status == 429;
}

}  // namespace

const RetryRule& RuleFor(Reason reason) {
  return kRules[static_cast<std::size_t>(reason)];
}

bool MayRetry(Reason reason, int status) {
  switch (RuleFor(reason).retry) {
    case Retry::kNever:
      return false;
    case Retry::kOnce:
    case Retry::kRetries:
      return true;
    case Retry::kByStatus:
      return StatusMayPass(reason, status);
  }
  return false;
}

bool IsBusyStatus(int status) { return status == 429 || status == 503; }

// The target refuses the credentials (401, 403), takes no PUT (405), or its
// disk is full (507).
bool StopsUploads(int status) {
  return status == 401 || status == 403 || status == 405 || status == 507;
}

bool IsChargedSignal(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT ||
         signal == SIGFPE || signal == SIGILL || signal == SIGSYS;
}

}  // namespace thumbmill
