#include "worker/image/picture/image_result.h"

#include <algorithm>

namespace thumbmill {

void DecodeWarnings::Add(Severity severity, std::string text) {
  std::string& first = worst_[static_cast<int>(severity)];
  if (first.empty()) first = text;
  const bool known =
      std::find(texts_.begin(), texts_.end(), text) != texts_.end();
  if (!known && texts_.size() < kMaxTexts) texts_.push_back(std::move(text));
}

bool DecodeWarnings::LetsThrough(FailOn fail_on, Severity severity) {
  switch (fail_on) {
    case FailOn::kNone:
      return true;
    case FailOn::kTruncated:
      return severity != Severity::kTruncated;
    case FailOn::kError:
      return severity == Severity::kMinor;
    case FailOn::kWarning:
      return false;
  }
  return false;
}

ImageResult<void> DecodeWarnings::Judge(FailOn fail_on) const {
  // The worst severity first: a refused image reports its gravest fault.
  for (const Severity severity :
       {Severity::kTruncated, Severity::kDamaged, Severity::kMinor}) {
    const std::string& text = worst_[static_cast<int>(severity)];
    if (text.empty() || LetsThrough(fail_on, severity)) continue;
    return Refuse(severity == Severity::kTruncated ? Reason::kTruncated
                                                   : Reason::kCorrupt,
                  text);
  }
  return {};
}

}  // namespace thumbmill
