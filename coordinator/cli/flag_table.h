// coordinator/cli/flag_table.h: flags as rows of a table, the parser that reads
// a command line by the rows, and the help that is printed from them.
//
// Contract one row is all that a flag needs: the names, the value's word and
//          the text for --help, and the field that its value goes to.
// Errors   kUsage: the text names the flag and says how to type it instead.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace thumbmill {

// The place of a flag's value: how often the flag may be given, and the parser
// that stores its values. flag_fields.h makes them.
struct FlagField {
  enum class Kind {
    kSwitch,  // no value; stored as "true" or, for --flag=false, as "false"
    kCount,   // no value; stored as the number of times it was given
    kValue,   // one value, given once; an empty value leaves the default
    kList,    // one value each time, any number of times
  };
  using Store = std::function<Status(const std::vector<std::string>& values)>;
  Kind kind = Kind::kSwitch;
  Store store;
};

struct Flag {
  std::string_view names;    // "-j,--workers": --help shows all of them
  std::string_view aliases;  // names of other programs, or empty
  std::string_view value;    // the value's word in --help; empty: no value
  std::string_view help;     // one sentence or two; wrapped by HelpOf()
  FlagField field;
};

struct FlagGroup {
  std::string_view title;
  std::vector<Flag> flags;
};

using FlagTable = std::vector<FlagGroup>;

// A command line that was read by a table. No field of the table has its value
// before Store().
class GivenFlags {
 public:
  // Reads `arguments`. The table must outlive the result. If `takes_words`,
  // words that are no flags are kept in words(); else they are unknown.
  [[nodiscard]] static Result<GivenFlags> Read(
      const FlagTable& table, const std::vector<std::string>& arguments,
      bool takes_words);

  // Returns whether the flag with this long name was given.
  [[nodiscard]] bool Has(std::string_view name) const;
  // Fails if an argument is unknown, and names the nearest flag.
  [[nodiscard]] Status CheckKnown() const;
  // Stores each given value in its field, in the order of the table.
  [[nodiscard]] Status Store() const;

  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  // The arguments that the table does not know, in their order.
  [[nodiscard]] const std::vector<std::string>& unknown() const {
    return unknown_;
  }

 private:
  struct Given {
    const Flag* flag;
    std::vector<std::string> values;
  };
  const FlagTable* table_ = nullptr;
  std::vector<Given> given_;
  std::vector<std::string> words_, unknown_;
};

// Returns every name of a flag, with its dashes and aliases.
[[nodiscard]] std::vector<std::string> NamesOf(const Flag& flag);
// Returns the flag that the argument ("--output_folder=x", "-o") names, by any
// of its names, or null.
[[nodiscard]] const Flag* FindFlag(const FlagTable& table,
                                   std::string_view argument);
// Prints the table as the flags part of --help, 80 columns wide.
[[nodiscard]] std::string HelpOf(const FlagTable& table);

}  // namespace thumbmill
