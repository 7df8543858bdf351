#include "coordinator/journal/recipe_diff.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace thumbmill {
namespace {

std::string ShortDump(const nlohmann::json& json) {
  constexpr std::size_t kMostShown = 200;
  std::string text =
      json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() <= kMostShown) return text;
  return text.substr(0, kMostShown) + "...";
}

}  // namespace

bool MayBeRecipe(std::string_view text) {
  constexpr std::size_t kMostBytes = 64 << 10;
  constexpr int kMostLevels = 8;
  if (text.size() > kMostBytes) return false;
  bool quoted = false;
  int level = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) {
      if (c == '\\') ++i;
      continue;
    }
    if (c == '[' || c == '{') ++level;
    if (c == ']' || c == '}') --level;
    if (level > kMostLevels) return false;
  }
  return true;
}

std::string RecipeDiff(const std::string& was, const std::string& is) {
  const auto parse = [](const std::string& text) {
    auto json = nlohmann::json::parse(text, nullptr, false);
    return json.is_object() ? json : nlohmann::json::object();
  };
  const nlohmann::json before = parse(was), now = parse(is);
  std::string text;
  const auto of = [](const nlohmann::json& json, const std::string& key) {
    return json.contains(key) ? json[key] : nlohmann::json();
  };
  nlohmann::json keys = before;
  keys.update(now);
  for (const auto& [key, unused] : keys.items()) {
    const nlohmann::json old = of(before, key), value = of(now, key);
    if (old == value) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} (was {}, is {})", key, ShortDump(old),
                        ShortDump(value));
  }
  return text;
}

}  // namespace thumbmill
