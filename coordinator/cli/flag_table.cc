// CLI11 stays below the table, for the rules that people know from other
// programs: "-j4", "-vv", "--flag=value", "--", and negative numbers as values.
// It only splits the command line; the rows convert the texts.
#include "coordinator/cli/flag_table.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <utility>

#include "common/words.h"

namespace thumbmill {
namespace {

// Columns of --help: where the texts begin, and where lines end.
constexpr std::size_t kTextColumn = 27;
constexpr std::size_t kWidth = 80;

// The place where CLI11 puts the values of one flag.
struct Slot {
  const Flag* flag = nullptr;
  CLI::Option* option = nullptr;
  bool on = false;
  int count = 0;
  std::vector<std::string> unused;  // CLI11 reads a lone "{}" as an empty list

  [[nodiscard]] std::vector<std::string> values() const {
    switch (flag->field.kind) {
      case FlagField::Kind::kSwitch:
        return {on ? "true" : "false"};
      case FlagField::Kind::kCount:
        return {std::to_string(count)};
      case FlagField::Kind::kValue:
      case FlagField::Kind::kList:
        break;
    }
    return option->results();
  }
};

void Declare(CLI::App* app, Slot* slot) {
  std::string names(slot->flag->names);
  if (!slot->flag->aliases.empty())
    names += fmt::format(",{}", slot->flag->aliases);
  switch (slot->flag->field.kind) {
    case FlagField::Kind::kSwitch:
      slot->option = app->add_flag(names, slot->on);
      return;
    case FlagField::Kind::kCount:
      slot->option = app->add_flag(names, slot->count);
      return;
    case FlagField::Kind::kValue:
    case FlagField::Kind::kList:
      // Without extra arguments a repeatable flag takes one value each time, so
      // that the words after it stay words.
      slot->option =
          app->add_option(names, slot->unused)->allow_extra_args(false);
      return;
  }
}

// Returns the name that messages use: the first long one.
std::string_view LongName(const Flag& flag) {
  const std::string_view names = flag.names;
  const std::size_t at = names.find("--");
  return names.substr(at, names.find(',', at) - at);
}

std::string_view WithoutValue(std::string_view argument) {
  return argument.substr(0, argument.find('='));
}

// Counts the columns of UTF-8 text: every byte that begins a character.
std::size_t Columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Appends `text` to a line that has `column` columns already. Wraps at blanks.
void AppendWrapped(std::string_view text, std::size_t column,
                   std::string* out) {
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t blank = first ? 0 : 1;
    if (!first && column + blank + Columns(word) > kWidth) {
      *out += '\n' + std::string(kTextColumn, ' ');
      column = kTextColumn;
    } else {
      *out += std::string(blank, ' ');
      column += blank;
    }
    *out += word;
    column += Columns(word);
    first = false;
  }
  *out += '\n';
}

void AppendFlag(const Flag& flag, std::string* out) {
  std::string head = flag.names.starts_with("--") ? "      " : "  ";
  for (const char c : flag.names) {
    head += c;
    if (c == ',') head += ' ';
  }
  if (!flag.value.empty()) head += fmt::format(" {}", flag.value);
  // Two blanks keep a long name apart from its text.
  head += "  ";
  head.append(kTextColumn - std::min(Columns(head), kTextColumn), ' ');
  *out += head;
  AppendWrapped(flag.help, Columns(head), out);
}

Status Store(const Flag& flag, const std::vector<std::string>& values) {
  const bool once = flag.field.kind == FlagField::Kind::kValue;
  if (once && values.size() > 1)
    return Fail(ErrorCode::kUsage,
                fmt::format("{}: given twice; give it once", LongName(flag)));
  if (once && values.front().empty()) return {};
  Status status = flag.field.store(values);
  if (status) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{}: {}", LongName(flag), status.error().what));
}

}  // namespace

Result<GivenFlags> GivenFlags::Read(const FlagTable& table,
                                    const std::vector<std::string>& arguments,
                                    bool takes_words) {
  GivenFlags given;
  given.table_ = &table;
  CLI::App app;
  app.set_help_flag("");
  app.allow_extras();
  if (takes_words) app.add_option("words", given.words_);
  std::deque<Slot> slots;  // CLI11 keeps their addresses
  for (const FlagGroup& group : table)
    for (const Flag& flag : group.flags) {
      slots.emplace_back().flag = &flag;
      Declare(&app, &slots.back());
    }
  std::vector<std::string> reversed;  // as CLI11 expects them
  for (auto each = arguments.rbegin(); each != arguments.rend(); ++each)
    reversed.push_back(NormaliseFlag(*each));
  try {
    app.parse(reversed);
  } catch (const CLI::ArgumentMismatch& e) {
    // Its text is "--size: 1 required TEXT missing".
    const std::string_view text = e.what();
    return Fail(ErrorCode::kUsage, fmt::format("{}: needs a value",
                                               text.substr(0, text.find(':'))));
  } catch (const CLI::ParseError& e) {
    return Fail(ErrorCode::kUsage, e.what());
  }
  for (const Slot& slot : slots)
    if (slot.option->count() > 0)
      given.given_.push_back({slot.flag, slot.values()});
  given.unknown_ = app.remaining();
  // CLI11 also returns the mark after which all arguments are words.
  std::erase(given.unknown_, "--");
  return given;
}

bool GivenFlags::Has(std::string_view name) const {
  return std::any_of(given_.begin(), given_.end(), [name](const Given& each) {
    return LongName(*each.flag) == name;
  });
}

Status GivenFlags::CheckKnown() const {
  if (unknown_.empty()) return {};
  const std::string_view word = WithoutValue(unknown_.front());
  if (!word.starts_with('-'))
    return Fail(ErrorCode::kUsage, fmt::format("'{}' is not a flag", word));
  std::vector<std::string> known;
  for (const FlagGroup& group : *table_)
    for (const Flag& flag : group.flags)
      for (std::string& name : NamesOf(flag))
        if (name.starts_with("--")) known.push_back(std::move(name));
  const std::string nearest =
      word.starts_with("--") ? NearestWord(word, known) : "";
  return Fail(ErrorCode::kUsage,
              nearest.empty() ? fmt::format("there is no flag {}", word)
                              : fmt::format("there is no flag {}; did you mean "
                                            "{}?",
                                            word, nearest));
}

Status GivenFlags::Store() const {
  for (const Given& each : given_)
    RETURN_IF_ERROR(thumbmill::Store(*each.flag, each.values));
  return {};
}

std::vector<std::string> NamesOf(const Flag& flag) {
  std::vector<std::string> names = SplitCommas(flag.names);
  for (std::string& alias : SplitCommas(flag.aliases))
    names.push_back(std::move(alias));
  return names;
}

const Flag* FindFlag(const FlagTable& table, std::string_view argument) {
  const std::string name = NormaliseFlag(std::string(WithoutValue(argument)));
  // A short flag may carry its value or more flags: "-j4", "-qv".
  const bool is_short = name.size() > 1 && name[0] == '-' && name[1] != '-';
  for (const FlagGroup& group : table)
    for (const Flag& flag : group.flags)
      for (const std::string& each : NamesOf(flag))
        if (each == name || (is_short && each == name.substr(0, 2)))
          return &flag;
  return nullptr;
}

std::string HelpOf(const FlagTable& table) {
  std::string text;
  for (const FlagGroup& group : table) {
    if (!text.empty()) text += '\n';
    if (!group.title.empty()) text += fmt::format("{}\n", group.title);
    for (const Flag& flag : group.flags) AppendFlag(flag, &text);
  }
  return text;
}

}  // namespace thumbmill
