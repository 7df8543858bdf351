// proto/reason.h: the reasons why an item was skipped or failed. Their words
// are stable: journal, report, log and messages carry them, and scripts rely on
// them.
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
  // skipped in a directory; failed in a list
  kNotImage,
  // failed because of the source or the network
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
  // failed because of the image
  kEmpty,
  kUnsupported,
  kTruncated,
  kCorrupt,
  kTooManyPixels,
  kTooCostly,
  // failed because of the process that decoded it
  kMemory,
  kCrash,
  kHang,
  // failed because of the target
  kNameCollision,
  kUpload,
  kCancelled,
  kLast = kCancelled,
};

std::string_view ToString(ItemStatus status);
std::string_view ToString(Reason reason);
std::optional<ItemStatus> ItemStatusFromWord(std::string_view word);
std::optional<Reason> ReasonFromWord(std::string_view word);

}  // namespace thumbmill
