// tests/unit/full_size.h: runs a picture through the Thumbnailer at its own
// size, to PNG. The result shows the decoder's output.
#pragma once

#include <gtest/gtest.h>

#include "proto/size_spec.h"
#include "tests/tools/pictures.h"
#include "worker/thumbnailer.h"

namespace thumbmill::testing {

inline Recipe FullSize() {
  Recipe recipe;
  recipe.sizes.push_back(*ParseSize("9999", Fit::kInside));
  recipe.format = ImageFormat::kPng;
  return recipe;
}

struct Made {
  Outcome outcome;
  Bytes bytes;
};

inline Made Make(ByteSpan encoded, const Recipe& recipe) {
  Thumbnailer thumbnailer(recipe);
  Made made;
  made.bytes.resize(4 << 20);
  made.outcome = thumbnailer.Run(encoded, 1, made.bytes);
  made.bytes.resize(made.outcome.ok() ? made.outcome.thumbnails[0].bytes.length
                                      : 0);
  return made;
}

inline Picture Pixels(ByteSpan encoded, const Recipe& recipe = FullSize()) {
  const Made made = Make(encoded, recipe);
  EXPECT_TRUE(made.outcome.ok()) << made.outcome.message;
  return made.outcome.ok() ? ReadPng(made.bytes) : Picture();
}

}  // namespace thumbmill::testing
