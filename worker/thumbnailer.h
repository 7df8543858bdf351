// worker/thumbnailer.h: makes encoded thumbnails from an encoded image. It is
// the one header of the worker that the coordinator includes.
//
// Owns     scratch memory that it may keep between images (bounded).
// Runs in  a worker process, or a thread of the coordinator (serial, threads).
// Threads  one object for each thread; objects share nothing that can be
//          written.
// Units    bytes; sizes in pixels of the upright picture.
// Errors   in Outcome::reason. Never throws, never prints, opens no file, makes
//          no system call but for memory: it runs inside the sandbox.
// Promise  the output bytes depend only on the input bytes, the recipe and the
//          size mask.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "common/bytes.h"
#include "proto/phase.h"
#include "proto/recipe.h"
#include "proto/task.h"
#include "worker/image/codec/peek.h"
#include "worker/image/cost.h"

namespace thumbmill {

class Thumbnailer {
 public:
  // Notes the phase of each step in `phase` before the step begins. `phase`
  // must outlive this object; null if nobody reads it.
  explicit Thumbnailer(const Recipe& recipe, PhaseCell* phase = nullptr);
  ~Thumbnailer();
  Thumbnailer(const Thumbnailer&) = delete;
  Thumbnailer& operator=(const Thumbnailer&) = delete;

  // Makes each size in `size_mask` from one decode, and writes the thumbnails
  // one after the other into `output`. If that is too small, makes none and
  // sets Outcome::needs_output_bytes.
  [[nodiscard]] Outcome Run(ByteSpan encoded, std::uint64_t size_mask,
                            MutableByteSpan output);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace thumbmill
