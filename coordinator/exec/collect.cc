#include "coordinator/exec/collect.h"

#include <bit>
#include <string>

namespace thumbmill {
namespace {

bool CanBeWritten(ImageFormat format) {
  return format == ImageFormat::kJpeg || format == ImageFormat::kPng ||
         format == ImageFormat::kWebp;
}

// What is wrong with one thumbnail; null: nothing.
const char* FaultOf(const Thumbnail& thumbnail, std::uint64_t missing,
                    std::uint64_t capacity) {
  if (thumbnail.size_index >= kMaxSizes ||
      (missing >> thumbnail.size_index & 1) == 0)
    return "a thumbnail that was not asked for";
  if (thumbnail.width == 0 || thumbnail.height == 0)
    return "a thumbnail without pixels";
  const ByteRange& bytes = thumbnail.bytes;
  if (bytes.length == 0 || bytes.offset > capacity ||
      bytes.length > capacity - bytes.offset)
    return "a thumbnail outside of its output range";
  return nullptr;
}

Status Check(const Task& task, const Outcome& outcome, std::uint64_t capacity) {
  if (!CanBeWritten(outcome.output_format))
    return Fail(ErrorCode::kBadData, "a format that cannot be written");
  std::uint64_t missing = task.size_mask;
  for (const Thumbnail& thumbnail : outcome.thumbnails) {
    if (const char* fault = FaultOf(thumbnail, missing, capacity))
      return Fail(ErrorCode::kBadData, fault);
    missing &= ~(std::uint64_t{1} << thumbnail.size_index);
  }
  if (missing == 0) return {};
  return Fail(ErrorCode::kBadData, std::to_string(std::popcount(missing)) +
                                       " thumbnails too few");
}

}  // namespace

Result<std::vector<std::vector<std::uint8_t>>> Collect(const Task& task,
                                                       ByteSpan range,
                                                       Outcome* outcome) {
  std::vector<std::vector<std::uint8_t>> copies;
  if (!outcome->ok()) {
    outcome->thumbnails.clear();
    return copies;
  }
  if (task.size_mask == 0 && outcome->thumbnails.empty()) return copies;
  RETURN_IF_ERROR(Check(task, *outcome, range.size()));
  copies.reserve(outcome->thumbnails.size());
  for (const Thumbnail& thumbnail : outcome->thumbnails) {
    const ByteSpan bytes =
        range.subspan(thumbnail.bytes.offset, thumbnail.bytes.length);
    copies.emplace_back(bytes.begin(), bytes.end());
  }
  return copies;
}

}  // namespace thumbmill
