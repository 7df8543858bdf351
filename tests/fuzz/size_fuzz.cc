// Links: tm_recipe
//
// Parses any text as a size, a colour and a quality. The parser either refuses
// it with a message, or returns a value within its bounds and a label that is
// safe in a file name.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.h"
#include "proto/size_spec.h"

namespace thumbmill {
namespace {

void CheckSize(std::string_view text) {
  const Result<SizeSpec> size = ParseSize(text, Fit::kInside);
  if (!size) {
    CHECK(size.error().code == ErrorCode::kUsage && !size.error().what.empty());
    return;
  }
  CHECK(size->width <= 65535 && size->height <= 65535);
  CHECK(size->width > 0 || size->height > 0);
  CHECK(size->text == text);
  CHECK(!size->label.empty() && text.starts_with(size->label));
  CHECK(size->label.find_first_not_of("0123456789x") == std::string::npos);
  CHECK(size->label.back() != 'x');
}

void CheckQuality(std::string_view text) {
  Recipe recipe;
  const bool read = ParseQuality(text, &recipe).has_value();
  CHECK(recipe.jpeg_quality >= 1 && recipe.jpeg_quality <= 100);
  CHECK(!read || !text.empty());
}

}  // namespace
}  // namespace thumbmill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace thumbmill;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckSize(text);
  CheckQuality(text);
  if (const auto fit = ParseFit(text)) CHECK(ToString(*fit) == text);
  if (const auto filter = ParseFilter(text)) CHECK(ToString(*filter) == text);
  if (ParseColour(text)) CHECK(!text.empty());
  return 0;
}
