// tests/unit/journal_case.h: what the tests of the journals share.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <latch>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "coordinator/journal/journal.h"
#include "tests/unit/temp_dir.h"

namespace thumbmill {

inline ClaimRequest Request(std::string key, std::string claim,
                            std::string stamp = "1:1") {
  return {std::move(key), std::move(claim), std::move(stamp)};
}

inline ItemRecord Done(const std::string& key, const std::string& claim,
                       const std::vector<std::string>& sizes,
                       std::string stamp = "1:1") {
  ItemRecord record;
  record.source_key = record.uri = key;
  record.claim = claim;
  record.stamp = std::move(stamp);
  record.status = ItemStatus::kDone;
  for (const std::string& size : sizes)
    record.outputs.push_back({size, key + "_" + size, 1, 1, 10, "00"});
  return record;
}

inline ItemRecord NotDone(const std::string& key, const std::string& claim,
                          ItemStatus status, Reason reason,
                          std::string stamp = "1:1") {
  ItemRecord record = Done(key, claim, {}, std::move(stamp));
  record.status = status;
  record.reason = reason;
  return record;
}

// Returns all records of a walk.
inline std::vector<ItemRecord> Walked(Records* records,
                                      const RecordFilter& filter) {
  std::vector<ItemRecord> seen;
  const auto see = [&](std::span<const ItemRecord> batch) -> Status {
    seen.insert(seen.end(), batch.begin(), batch.end());
    return {};
  };
  const Status walked = records->Walk(filter, see);
  EXPECT_TRUE(walked) << walked.error().what;
  return seen;
}

using Kind = ClaimVerdict::Kind;

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    options_.state_dir = dir_.path();
    options_.recipe = R"({"quality":80,"format":"same"})";
    options_.sizes = {"200x", "64x"};
  }
  // Opens the journal as a new run does, after closing the old one.
  Journal& Restart() {
    journal_.reset();
    Result<std::unique_ptr<Journal>> opened = OpenJournal(options_);
    EXPECT_TRUE(opened) << opened.error().what;
    journal_ = std::move(*opened);
    return *journal_;
  }
  ClaimVerdict Claim(const ClaimRequest& request) {
    const auto verdicts = journal_->Claim({&request, 1});
    EXPECT_TRUE(verdicts) << verdicts.error().what;
    return verdicts->at(0);
  }
  Kind ClaimKind(const std::string& key, const std::string& claim,
                 const std::string& stamp = "1:1") {
    return Claim(Request(key, claim, stamp)).kind;
  }
  // Returns the owner of the name, or an empty text if it is `key` now.
  std::string LateOwner(const std::string& name, const std::string& key) {
    const auto taken = journal_->ClaimNames({&name, 1}, key);
    EXPECT_TRUE(taken) << taken.error().what;
    return *taken ? (*taken)->owner : std::string();
  }
  void Commit(const ItemRecord& record) {
    const Status status = journal_->Commit({&record, 1});
    EXPECT_TRUE(status) << status.error().what;
  }
  Error OpenError() {
    journal_.reset();
    auto opened = OpenJournal(options_);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }

  TempDir dir_;
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
};

// Returns how many of two items, which claim the same names in opposite orders
// in two threads, get them.
inline int WinnersOfARace(Journal* journal, const std::string& round) {
  std::vector<std::string> names(64), reversed;
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = round + "-" + std::to_string(i);
  reversed.assign(names.rbegin(), names.rend());
  std::latch start(2);
  std::atomic<int> winners{0};
  const auto race = [&](const std::vector<std::string>& order,
                        const std::string& key) {
    start.arrive_and_wait();
    const auto taken = journal->ClaimNames(order, key);
    if (taken && !taken->has_value()) ++winners;
  };
  std::thread other([&] { race(reversed, "b" + round); });
  race(names, "a" + round);
  other.join();
  return winners;
}

// Runs SQL on the journal, as another program could.
inline void Tamper(const std::string& folder, const std::string& sql) {
  const std::string command =
      "/usr/bin/python3 -c \"import sqlite3, sys; d = "
      "sqlite3.connect(sys.argv[1]"
      "); d.executescript(sys.argv[2]); d.commit()\" '" +
      folder + "/journal.sqlite' \"" + sql + "\"";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

}  // namespace thumbmill
