// proto/reason.h: why an item was skipped or failed. Stable words: journal,
// report, log and messages carry them, scripts rely on them.
//
// Contract docs/cli.md, "Statuses and reasons".
#pragma once

#include <optional>
#include <string_view>

namespace thumbmill {

enum class ItemStatus { kDone, kSkipped, kFailed };

enum class Reason {
  kNone,  // done
  // skipped
  kDuplicate,
  kFiltered,
  // skipped in a directory, failed in a list
  kNotImage,
  // failed: the source and the network
  kBadLine,
  kRead,
  kDns,
  kConnect,
  kTls,
  kHttp4xx,
  kHttp5xx,
  kRedirect,
  kForbiddenAddress,
  kTimeout,
  kTooSlow,
  kTooBig,
  kTruncatedBody,
  kHashMismatch,
  // failed: the image
  kEmpty,
  kUnsupported,
  kTruncated,
  kCorrupt,
  kTooManyPixels,
  kTooCostly,
  // failed: the place it was decoded in
  kMemory,
  kCrash,
  kHang,
  // failed: the target
  kNameCollision,
  kUpload,
  kCancelled,
};

std::string_view ToWord(ItemStatus status);
std::string_view ToWord(Reason reason);
std::optional<ItemStatus> ItemStatusFromWord(std::string_view word);
std::optional<Reason> ReasonFromWord(std::string_view word);

// True for what a rerun tries again by itself: the world may have changed,
// the image cannot have.
bool IsTransient(Reason reason);

}  // namespace thumbmill
