#include "coordinator/start/dry_run.h"

#include <cstdio>
#include <span>
#include <string>

#include "common/log.h"
#include "common/printable.h"
#include "coordinator/cli/exit_codes.h"
#include "coordinator/engine/lister.h"
#include "coordinator/net/url.h"
#include "coordinator/source/name_parts.h"
#include "coordinator/view/console.h"

namespace thumbmill {
namespace {

const char* Verb(const ClaimVerdict& verdict) {
  if (verdict.damaged) return "make again";
  switch (verdict.kind) {
    case ClaimVerdict::Kind::kFresh:
    case ClaimVerdict::Kind::kAgain:
      return "make";
    case ClaimVerdict::Kind::kPartly:
      return "add sizes";
    case ClaimVerdict::Kind::kDone:
      return "done";
    case ClaimVerdict::Kind::kFailedBefore:
      return "failed before";
    case ClaimVerdict::Kind::kSkippedBefore:
      return "skipped before";
    case ClaimVerdict::Kind::kDuplicate:
      return "duplicate";
    case ClaimVerdict::Kind::kCollision:
      return "name_collision";
  }
  return "?";
}

}  // namespace

int DryRun(const RunOptions& options, Parts* parts) {
  while (true) {
    Result<std::optional<ImageRef>> next = parts->source->Next();
    if (!next)  // the source has logged the error
      return next.error().code == ErrorCode::kUsage ? kExitUsage
                                                    : kExitFailures;
    if (!next->has_value())
      return std::fflush(stdout) == 0 ? kExitDone : kExitFatal;
    if (std::ferror(stdout) != 0) return kExitFatal;
    const ImageRef& ref = **next;
    const std::string shown = PrintableField(RedactUrl(ref.uri));
    if (ref.reason != Reason::kNone) {
      Print(stdout, "{}\t{}\t\n", ToString(ref.reason), shown);
      continue;
    }
    ClaimRequest request;
    request.source_key = SourceKey(ref);
    request.claim = parts->name->Claim(ref, options.recipe.format);
    request.stamp = ref.stamp;
    auto verdicts = parts->journal->Claim(std::span(&request, 1));
    if (!verdicts) {
      LogError(verdicts.error().what);
      return kExitFatal;
    }
    if (parts->look) LookAtOutputs(parts->look.get(), &verdicts->front());
    Print(stdout, "{}\t{}\t{}\n", Verb(verdicts->front()), shown,
          PrintableField(request.claim));
  }
}

}  // namespace thumbmill
