#include "proto/reason.h"

#include <array>
#include <cstddef>
#include <utility>

namespace thumbmill {
namespace {

// One row for each Reason, in the order of the enum.
constexpr std::array kReasons = {
    std::pair{Reason::kNone, std::string_view("")},
    std::pair{Reason::kDuplicate, std::string_view("duplicate")},
    std::pair{Reason::kFiltered, std::string_view("filtered")},
    std::pair{Reason::kNotImage, std::string_view("not_image")},
    std::pair{Reason::kBadLine, std::string_view("bad_line")},
    std::pair{Reason::kRead, std::string_view("read")},
    std::pair{Reason::kDns, std::string_view("dns")},
    std::pair{Reason::kConnect, std::string_view("connect")},
    std::pair{Reason::kTls, std::string_view("tls")},
    std::pair{Reason::kHttp4xx, std::string_view("http_4xx")},
    std::pair{Reason::kHttp5xx, std::string_view("http_5xx")},
    std::pair{Reason::kRedirect, std::string_view("redirect")},
    std::pair{Reason::kForbiddenAddress, std::string_view("forbidden_address")},
    std::pair{Reason::kTimeout, std::string_view("timeout")},
    std::pair{Reason::kTooSlow, std::string_view("too_slow")},
    std::pair{Reason::kTooBig, std::string_view("too_big")},
    std::pair{Reason::kTruncatedBody, std::string_view("truncated_body")},
    std::pair{Reason::kHashMismatch, std::string_view("hash_mismatch")},
    std::pair{Reason::kEmpty, std::string_view("empty")},
    std::pair{Reason::kUnsupported, std::string_view("unsupported")},
    std::pair{Reason::kTruncated, std::string_view("truncated")},
    std::pair{Reason::kCorrupt, std::string_view("corrupt")},
    std::pair{Reason::kTooManyPixels, std::string_view("too_many_pixels")},
    std::pair{Reason::kTooCostly, std::string_view("too_costly")},
    std::pair{Reason::kMemory, std::string_view("memory")},
    std::pair{Reason::kCrash, std::string_view("crash")},
    std::pair{Reason::kHang, std::string_view("hang")},
    std::pair{Reason::kNameCollision, std::string_view("name_collision")},
    std::pair{Reason::kUpload, std::string_view("upload")},
    std::pair{Reason::kCancelled, std::string_view("cancelled")},
};

constexpr bool HasARowForEachReason() {
  for (std::size_t i = 0; i < kReasons.size(); ++i)
    if (kReasons[i].first != static_cast<Reason>(i)) return false;
  return kReasons.size() == static_cast<std::size_t>(Reason::kLast) + 1;
}
static_assert(HasARowForEachReason());

}  // namespace

std::string_view ToString(ItemStatus status) {
  switch (status) {
    case ItemStatus::kDone:
      return "done";
    case ItemStatus::kSkipped:
      return "skipped";
    case ItemStatus::kFailed:
      return "failed";
  }
  return "failed";
}

std::string_view ToString(Reason reason) {
  return kReasons[static_cast<std::size_t>(reason)].second;
}

std::optional<ItemStatus> ItemStatusFromWord(std::string_view word) {
  for (const ItemStatus status :
       {ItemStatus::kDone, ItemStatus::kSkipped, ItemStatus::kFailed})
    if (ToString(status) == word) return status;
  return std::nullopt;
}

std::optional<Reason> ReasonFromWord(std::string_view word) {
  for (const auto& [value, known] : kReasons)
    if (known == word) return value;
  return std::nullopt;
}

}  // namespace thumbmill
