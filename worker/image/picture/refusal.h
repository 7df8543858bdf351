// worker/image/picture/refusal.h: the reason why an image gives no thumbnail,
// and the complaints of a library that still gave pixels.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "proto/reason.h"
#include "proto/recipe.h"

namespace thumbmill {

// The reason for the report and a message for people.
struct Refusal {
  Reason reason = Reason::kCorrupt;
  std::string message;
};

// Like Result<T>, but the error carries the reason that the report shows.
template <typename T>
using Verdict = tl::expected<T, Refusal>;

[[nodiscard]] inline tl::unexpected<Refusal> Refuse(Reason reason,
                                                    std::string message) {
  return tl::unexpected<Refusal>(Refusal{reason, std::move(message)});
}

// How serious a library's complaint is. `--fail-on` decides by it.
enum class Severity { kMinor, kDamaged, kTruncated };

// Collects the complaints about one image.
class Complaints {
 public:
  void Add(Severity severity, std::string text);
  void Clear() { *this = Complaints(); }

  // Returns a refusal for the worst complaint that `fail_on` does not allow, or
  // success if it allows all of them.
  [[nodiscard]] Verdict<void> Judge(FailOn fail_on) const;
  // Returns true if decoding goes on after a complaint of this severity.
  [[nodiscard]] static bool LetsThrough(FailOn fail_on, Severity severity);
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

 private:
  // A hostile file can cause one complaint for each of its bytes.
  static constexpr std::size_t kMaxTexts = 8;

  std::vector<std::string> texts_;
  std::string worst_[3];  // first text of each severity
};

}  // namespace thumbmill
