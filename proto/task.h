// proto/task.h: the task and its answer, as the engine, the executors and the
// worker see them. On the wire: proto/thumbmill.proto.
//
// A task names bytes and does not carry them: offset and length in the input
// arena, and the number of bytes granted in the output memory of its executor.
// The reader of an answer checks every number before use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/clock.h"
#include "proto/reason.h"
#include "proto/recipe.h"

namespace thumbmill {

using TaskId = std::uint64_t;

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct Task {
  TaskId id = 0;                      // unique in a run; a retry gets a new one
  ByteRange input;                    // in the input arena
  std::uint64_t size_mask = 0;        // bit i: make recipe.sizes[i]
  std::uint64_t peak_bytes = 0;       // predicted private memory of the decode
  std::uint64_t output_capacity = 0;  // bytes granted for all thumbnails
  Millis time_limit{30000};           // wall time in the worker
  Millis cpu_limit{30000};            // CPU time; not told to the worker
  Micros expected{0};  // predicted CPU time; not told to the worker
  // True if it needs a worker that has run nothing yet and gets nothing else.
  // Not told to the worker.
  bool alone = false;
};

// One encoded thumbnail inside the task's output range.
struct Thumbnail {
  std::uint32_t size_index = 0;  // into Recipe::sizes
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  ByteRange bytes;  // offset is relative to the output range
  // Differs from Outcome::output_format if a side is too long for that format.
  // kUnknown means Outcome::output_format.
  ImageFormat format = ImageFormat::kUnknown;
};

struct StageTimes {
  Micros decode{0};
  Micros resize{0};
  Micros encode{0};
};

// The answer of Thumbnailer::Run(), which a RESULT carries.
struct Outcome {
  Reason reason = Reason::kNone;  // kNone: each requested thumbnail is there
  std::string message;            // for people: stage and cause
  std::vector<std::string> warnings;
  // If not zero, the output range was too small and nothing was made. Lease the
  // task again with at least this many bytes; this costs no attempt.
  std::uint64_t needs_output_bytes = 0;
  ImageFormat source_format = ImageFormat::kUnknown;
  std::uint32_t source_width = 0;  // upright
  std::uint32_t source_height = 0;
  ImageFormat output_format = ImageFormat::kUnknown;
  std::vector<Thumbnail> thumbnails;
  StageTimes times;

  [[nodiscard]] bool ok() const {
    return reason == Reason::kNone && needs_output_bytes == 0;
  }
  [[nodiscard]] ImageFormat FormatOf(const Thumbnail& thumbnail) const {
    return thumbnail.format == ImageFormat::kUnknown ? output_format
                                                     : thumbnail.format;
  }
};

}  // namespace thumbmill
