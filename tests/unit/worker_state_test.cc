// Links: tm_exec
#include "coordinator/exec/worker_state.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace thumbmill {
namespace {

using S = WorkerState;

// The legal moves of one state, written as the words of the targets.
struct Row {
  S from;
  std::string_view targets;
};

constexpr Row kRows[] = {
    {S::kAbsent, "starting"},
    {S::kStarting, "absent welcomed killed dismissed dead"},
    {S::kWelcomed, "fresh unreachable killed dismissed dead"},
    {S::kFresh, "used draining unreachable killed dismissed dead"},
    {S::kUsed, "grown draining unreachable killed dismissed dead"},
    {S::kGrown, "used draining unreachable killed dismissed dead"},
    {S::kDraining, "leaving dismissed dead"},
    {S::kLeaving, "dismissed dead"},
    {S::kUnreachable, "killed dismissed dead"},
    {S::kKilled, "dead"},
    {S::kDismissed, "dead"},
    {S::kDead, "absent"},
};

bool Names(std::string_view targets, std::string_view word) {
  const std::string all = " " + std::string(targets) + " ";
  return all.find(" " + std::string(word) + " ") != std::string::npos;
}

TEST(WorkerState, AllowsTheMovesOfTheTableAndNoOther) {
  ASSERT_EQ(std::size(kRows), static_cast<std::size_t>(kWorkerStates));
  for (const Row& row : kRows) {
    for (int to = 0; to < kWorkerStates; ++to) {
      const S target = static_cast<S>(to);
      EXPECT_EQ(IsLegalMove(row.from, target),
                Names(row.targets, ToString(target)))
          << ToString(row.from) << " -> " << ToString(target);
    }
  }
}

TEST(WorkerState, HasAWordOfItsOwnForEachState) {
  std::set<std::string> words;
  for (int state = 0; state < kWorkerStates; ++state)
    words.insert(ToString(static_cast<S>(state)));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(kWorkerStates));
}

TEST(WorkerState, TakesTasksAfterTheSandboxIsClosedAndBeforeTheEnd) {
  for (int i = 0; i < kWorkerStates; ++i) {
    const S state = static_cast<S>(i);
    EXPECT_EQ(IsReady(state), Names("fresh used grown", ToString(state)));
    EXPECT_EQ(IsLeaving(state),
              Names("draining leaving dismissed", ToString(state)));
  }
}

}  // namespace
}  // namespace thumbmill
