// worker/thumbnailer.h: encoded image in, encoded thumbnails out. The one
// header of the worker that the coordinator sees.
//
// Owns     scratch memory that it may keep between images (bounded).
// Runs in  a worker process, or a thread of the coordinator (serial, threads).
// Threads  one object a thread; objects share nothing that can be written.
// Units    bytes; sizes in pixels of the upright picture.
// Errors   in Outcome::reason. Never throws, never prints, opens no file,
//          makes no system call but for memory: it runs inside the sandbox.
// Promise  the output bytes depend on the input bytes, the recipe and the
//          size mask alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "common/bytes.h"
#include "proto/phase.h"
#include "proto/recipe.h"
#include "proto/task.h"
#include "worker/image/cost_estimate.h"
#include "worker/image/header/image_header.h"

namespace thumbmill {

class Thumbnailer {
 public:
  // Before each step its phase is noted in `phase`, which outlives this object;
  // null: nobody asks.
  explicit Thumbnailer(const Recipe& recipe, PhaseCell* phase = nullptr);
  ~Thumbnailer();
  Thumbnailer(const Thumbnailer&) = delete;
  Thumbnailer& operator=(const Thumbnailer&) = delete;

  // Makes each size in `size_mask` from one decode, encoded one after the
  // other into `output`. An output too small: Outcome::needs_output_bytes.
  [[nodiscard]] Outcome Run(ByteSpan encoded, std::uint64_t size_mask,
                            MutableByteSpan output);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace thumbmill
