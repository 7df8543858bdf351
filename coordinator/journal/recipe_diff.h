// coordinator/journal/recipe_diff.h: compares the recipe of a job with the
// recipe of its journal.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

// Returns false for a text that cannot be a recipe. Our recipes are small and
// flat; the JSON parser could run out of stack or memory with another text.
bool MayBeRecipe(std::string_view text);

// Returns a text such as `quality (was {"jpg":80}, is {"jpg":90}), format (…)`,
// or an empty one if the recipes, which are JSON objects, have the same values.
std::string RecipeDiff(const std::string& was, const std::string& is);

}  // namespace thumbmill
