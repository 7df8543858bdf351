#include "worker/image/picture/geometry.h"

#include <algorithm>

namespace thumbmill {
namespace {

using U64 = std::uint64_t;

// A scale factor as an exact fraction. As a floating-point number, 2/3 of 3
// could be 1.9999.
struct Scale {
  U64 to = 1;
  U64 from = 1;
};

bool Less(Scale a, Scale b) { return a.to * b.from < b.to * a.from; }

// Scales a side. Rounds half up and returns at least 1. All sides are below
// 2^32, so nothing overflows.
U64 Apply(Scale scale, U64 side) {
  const U64 product = side * scale.to;
  const U64 rounded =
      product / scale.from + (product % scale.from * 2 >= scale.from ? 1 : 0);
  return std::max<U64>(rounded, 1);
}

struct Permission {
  bool enlarge;
  bool shrink;
};

// Says whether a picture may be enlarged or made smaller: a suffix of the size
// (`!`, `^`, `<`, `>`) counts before the option --enlarge.
Permission PermissionFor(const SizeSpec& size, bool enlarge) {
  switch (size.enlarge) {
    case Enlarge::kAlways:
      return {true, true};
    case Enlarge::kOnlyEnlarge:
      return {true, false};
    case Enlarge::kOnlyShrink:
      return {false, true};
    case Enlarge::kDefault:
      break;
  }
  return {enlarge, true};
}

Scale Clamp(Scale scale, Permission may) {
  const Scale one;
  if (!may.enlarge && Less(one, scale)) return one;
  if (!may.shrink && Less(scale, one)) return one;
  return scale;
}

// Returns the new length of one side for `fill`, which scales each side by its
// own factor. The side meets its box unless a suffix forbids it to grow or to
// shrink.
U64 Stretch(U64 from, U64 to, const SizeSpec& size) {
  if (size.enlarge == Enlarge::kOnlyEnlarge) return std::max(from, to);
  if (size.enlarge == Enlarge::kOnlyShrink) return std::min(from, to);
  return to;
}

// Places the whole picture on a canvas of its own size: nothing is cut, nothing
// is padded.
Placement Whole(U64 width, U64 height) {
  Placement place;
  place.scaled_width = place.width = place.canvas_width = width;
  place.scaled_height = place.height = place.canvas_height = height;
  return place;
}

// Keeps the middle of the picture.
void CropTo(U64 width, U64 height, Placement* place) {
  place->width = std::min(place->scaled_width, width);
  place->height = std::min(place->scaled_height, height);
  place->crop_x = (place->scaled_width - place->width) / 2;
  place->crop_y = (place->scaled_height - place->height) / 2;
  place->canvas_width = place->width;
  place->canvas_height = place->height;
}

// Puts the picture into the middle of a padded canvas. If `<` left the picture
// larger than the box, nothing is cut: the canvas grows to the picture's size.
void PadTo(U64 width, U64 height, Placement* place) {
  place->canvas_width = std::max(place->width, width);
  place->canvas_height = std::max(place->height, height);
  place->offset_x = (place->canvas_width - place->width) / 2;
  place->offset_y = (place->canvas_height - place->height) / 2;
}

}  // namespace

Placement Place(std::uint32_t width, std::uint32_t height, const SizeSpec& size,
                bool enlarge) {
  const Permission may = PermissionFor(size, enlarge);
  const Scale by_width{size.width, width};
  const Scale by_height{size.height, height};
  if (size.width == 0 || size.height == 0) {
    const Scale scale = Clamp(size.width == 0 ? by_height : by_width, may);
    return Whole(Apply(scale, width), Apply(scale, height));
  }
  if (size.fit == Fit::kFill)
    return Whole(Stretch(width, size.width, size),
                 Stretch(height, size.height, size));
  // The smaller of the two scales fits the picture into the box; the larger one
  // makes it cover the box.
  const bool covers = size.fit == Fit::kCover || size.fit == Fit::kOutside;
  const bool width_is_less = Less(by_width, by_height);
  const Scale scale =
      Clamp(width_is_less != covers ? by_width : by_height, may);
  Placement place = Whole(Apply(scale, width), Apply(scale, height));
  if (size.fit == Fit::kCover) CropTo(size.width, size.height, &place);
  if (size.fit == Fit::kContain) PadTo(size.width, size.height, &place);
  return place;
}

}  // namespace thumbmill
