// worker/image/picture/image_result.h: the reason why an image gives no
// thumbnail, and the warnings of a library that still gave pixels.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "proto/reason.h"
#include "proto/recipe.h"

namespace thumbmill {

// The reason for the report and a message for people.
struct ImageError {
  Reason reason = Reason::kCorrupt;
  std::string message;
};

// Like Result<T>, but the error carries the reason that the report shows.
template <typename T>
using ImageResult = tl::expected<T, ImageError>;

[[nodiscard]] inline tl::unexpected<ImageError> Refuse(Reason reason,
                                                       std::string message) {
  return tl::unexpected<ImageError>(ImageError{reason, std::move(message)});
}

// How serious a library's warning is. `--fail-on` decides by it.
enum class Severity { kMinor, kDamaged, kTruncated };

// Collects the warnings about one image.
class DecodeWarnings {
 public:
  void Add(Severity severity, std::string text);
  void Clear() { *this = DecodeWarnings(); }

  // Returns an error for the worst warning that `fail_on` does not allow, or
  // success if it allows all of them.
  [[nodiscard]] ImageResult<void> Judge(FailOn fail_on) const;
  // Returns true if decoding goes on after a warning of this severity.
  [[nodiscard]] static bool LetsThrough(FailOn fail_on, Severity severity);
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

 private:
  // A hostile file can cause one warning for each of its bytes.
  static constexpr std::size_t kMaxTexts = 8;

  std::vector<std::string> texts_;
  std::string worst_[3];  // first text of each severity
};

}  // namespace thumbmill
