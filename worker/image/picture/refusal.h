// worker/image/picture/refusal.h: why an image gives no thumbnail, and what a
// library grumbled about while it still gave pixels.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "proto/reason.h"
#include "proto/recipe.h"

namespace thumbmill {

struct Refusal {
  Reason reason = Reason::kCorrupt;
  std::string message;
};

// Like Result<T>, but the code is the word that the report carries.
template <typename T>
using Verdict = tl::expected<T, Refusal>;

[[nodiscard]] inline tl::unexpected<Refusal> Refuse(Reason reason,
                                                    std::string message) {
  return tl::unexpected<Refusal>(Refusal{reason, std::move(message)});
}

// How bad a complaint of a library is. What `--fail-on` decides by.
enum class Severity { kMinor, kDamaged, kTruncated };

class Complaints {
 public:
  void Add(Severity severity, std::string text);
  void Clear() { *this = Complaints(); }

  // The first complaint that `fail_on` does not let through, as a verdict.
  [[nodiscard]] Verdict<void> Judge(FailOn fail_on) const;
  // True when pixels go on after the complaint.
  [[nodiscard]] static bool LetsThrough(FailOn fail_on, Severity severity);
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

 private:
  // A hostile file can cause one complaint a byte.
  static constexpr std::size_t kMaxTexts = 8;

  std::vector<std::string> texts_;
  std::string worst_[3];  // first text of each severity
};

}  // namespace thumbmill
