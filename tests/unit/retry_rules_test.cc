// Links: tm_retry_rules
//
// docs/network.md shows the rules and their bounds as two tables. This test
// holds them equal; UPDATE_DOCS=1 writes them.
#include "coordinator/net/retry_rules.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace thumbmill {
namespace {

std::string Word(Retry retry) {
  switch (retry) {
    case Retry::kNever:
      return "no";
    case Retry::kOnce:
      return "once";
    case Retry::kRetries:
      return "`--retries` times";
    case Retry::kByStatus:
      return "by its status";
  }
  return "?";
}

std::string Word(HostSign sign) {
  switch (sign) {
    case HostSign::kNothing:
      return "";
    case HostSign::kAnswers:
      return "answers";
    case HostSign::kSilent:
      return "is silent";
  }
  return "?";
}

std::string Word(Rerun rerun) {
  switch (rerun) {
    case Rerun::kAlways:
      return "yes";
    case Rerun::kLargerBounds:
      return "if `--memory`, `--max-scans` or `--max-output-pixels` is larger";
    case Rerun::kOnRequest:
      return "with `--retry-failed`";
    case Rerun::kNever:
      return "no";
  }
  return "?";
}

std::string Word(Charge charge) {
  switch (charge) {
    case Charge::kNothing:
      return "";
    case Charge::kAttempt:
      return "one attempt";
    case Charge::kCostlyAttempt:
      return "one attempt, even if the cause may be outside";
    case Charge::kFinal:
      return "final";
  }
  return "?";
}

std::vector<Reason> Reasons() {
  std::vector<Reason> reasons;
  for (int i = 1; i <= static_cast<int>(Reason::kLast); ++i)
    reasons.push_back(static_cast<Reason>(i));
  return reasons;
}

using Row = std::vector<std::string>;

std::string Print(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += "|";
    for (const std::string& cell : row)
      text += cell.empty() ? " |" : " " + cell + " |";
    text += "\n";
  }
  return text;
}

std::string RuleTable() {
  std::vector<Row> rows = {
      {"reason", "tried again at once", "its host", "a rerun tries it again",
       "a lost worker costs the image"},
      {"---", "---", "---", "---", "---"}};
  for (const Reason reason : Reasons()) {
    const RetryRule& rule = RuleFor(reason);
    rows.push_back({"`" + std::string(ToString(reason)) + "`", Word(rule.retry),
                    Word(rule.host), Word(rule.rerun), Word(rule.charge)});
  }
  return Print(rows);
}

std::string Seconds(Millis time) {
  if (time.count() % 1000 != 0) return std::to_string(time.count()) + " ms";
  return std::to_string(time.count() / 1000) + " s";
}

Row Bound(const std::string& name, int value, const std::string& flag = "") {
  return {name, std::to_string(value), flag};
}
Row Bound(const std::string& name, Millis value, const std::string& flag = "") {
  return {name, Seconds(value), flag};
}

std::string BoundTable() {
  using namespace bounds;  // NOLINT: the table names all of them
  return Print(
      {{"bound", "value", "flag"},
       {"---", "---", "---"},
       Bound("retries of a download or upload", kRetries, "`--retries`"),
       Bound("retries of a download that is too slow", kSlowRetries),
       Bound("wait before the first retry, then doubled", kFirstDelay,
             "`--retry-delay`"),
       Bound("longest such wait", kLastDelay),
       Bound("longest `Retry-After` that is obeyed", kMaxRetryAfter),
       Bound("requests to one host at once", kPerHost, "`--per-host`"),
       Bound("refusals (429, 503) in a row that hold a host", kRefusalsToHold),
       Bound("failures without an answer in a row that make a host suspect",
             kSilencesToSuspect),
       Bound("rest of a dead host, then doubled", kFirstRest),
       Bound("longest such rest", kLastRest),
       Bound("hold of a name that does not resolve, then doubled",
             kFirstDnsHold),
       Bound("longest such hold", kLastDnsHold),
       Bound("failed images in a row after which the network counts as lost",
             kLostImages),
       Bound("probes in each round while it is lost", kLostProbes),
       Bound("wait between rounds of probes, then doubled", kFirstLostWait),
       Bound("longest such wait", kLastLostWait),
       Bound("time without an answer after which the run stops", kLostGiveUp),
       Bound("retries of the first request to a PUT target", kTargetRetries),
       Bound("longest wait between probes of a target that is away",
             kLastTargetHold),
       Bound("time without an upload after which the run stops", kTargetGiveUp),
       Bound("charged losses of workers after which an image fails", kAttempts,
             "`--attempts`"),
       Bound("waits in lost workers after which an image runs alone",
             kNearLosses),
       Bound("kills from outside in a row after which an image fails",
             kKillsInARow),
       Bound("kills from outside in all after which an image fails",
             kKillsAtMost),
       Bound("times that the room for thumbnails is enlarged", kRegrants),
       Bound("share of the CPU limit, in percent, that makes an overrun "
             "`too_costly`",
             kOverrunPercent)});
}

std::string ReadPage() {
  std::ifstream file(THUMBMILL_DOCS "/network.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Replaces the text between the two comments that name the table.
std::string WithTable(const std::string& page, const std::string& name,
                      const std::string& table) {
  const std::string begin = "<!-- " + name + " -->\n";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find("<!-- end -->", from);
  if (from == std::string::npos || to == std::string::npos) return "";
  return page.substr(0, from) + begin + table + page.substr(to);
}

TEST(RetryRules, AreTheTablesInTheDocs) {
  const std::string page = ReadPage();
  const std::string wanted = WithTable(
      WithTable(page, "retry rules", RuleTable()), "bounds", BoundTable());
  if (std::getenv("UPDATE_DOCS") != nullptr && !wanted.empty())
    std::ofstream(THUMBMILL_DOCS "/network.md") << wanted;
  EXPECT_EQ(ReadPage(), wanted)
      << "write the page with UPDATE_DOCS=1 build/dev/tests/retry_rules_test";
}

TEST(RetryRules, AllowAnotherTryExactlyForReasonsThatMayPass) {
  const std::set<Reason> may_pass = {
      Reason::kDns,     Reason::kConnect, Reason::kTls,
      Reason::kTimeout, Reason::kTooSlow, Reason::kTruncatedBody,
      Reason::kMemory,  Reason::kUpload,  Reason::kHttp5xx};
  EXPECT_FALSE(MayRetry(Reason::kNone, 200));
  for (const Reason reason : Reasons())
    EXPECT_EQ(MayRetry(reason, 0), may_pass.contains(reason))
        << ToString(reason);
}

TEST(RetryRules, LetTheStatusOfAnAnswerDecide) {
  for (const int status : {408, 425, 429})
    EXPECT_TRUE(MayRetry(Reason::kHttp4xx, status)) << status;
  for (const int status : {400, 401, 403, 404, 410, 451})
    EXPECT_FALSE(MayRetry(Reason::kHttp4xx, status)) << status;
  for (const int status : {500, 502, 503, 504, 507})
    EXPECT_TRUE(MayRetry(Reason::kHttp5xx, status)) << status;
  for (const int status : {501, 505})
    EXPECT_FALSE(MayRetry(Reason::kHttp5xx, status)) << status;
  // A connection that fails after the status line may work the next time.
  EXPECT_TRUE(MayRetry(Reason::kTruncatedBody, 200));
  EXPECT_TRUE(MayRetry(Reason::kTimeout, 404));
}

TEST(RetryRules, KnowTheStatusesThatConcernTheWholeServer) {
  for (int status = 0; status < 600; ++status) {
    EXPECT_EQ(IsBusyStatus(status), status == 429 || status == 503) << status;
    EXPECT_EQ(StopsUploads(status),
              status == 401 || status == 403 || status == 405 || status == 507)
        << status;
  }
}

TEST(RetryRules, ChargeOnlySignalsThatAnImageCanCause) {
  const std::set<int> charged = {SIGSEGV, SIGBUS, SIGABRT,
                                 SIGFPE,  SIGILL, SIGSYS};
  for (int signal = 0; signal <= SIGRTMAX; ++signal)
    EXPECT_EQ(IsChargedSignal(signal), charged.contains(signal)) << signal;
}

}  // namespace
}  // namespace thumbmill
