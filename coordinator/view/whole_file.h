// coordinator/view/whole_file.h: a file that appears whole or not at all.
//
// It is written under a temporary name, then renamed. A file that is not
// regular, such as /dev/null, is written directly.
//
// Errors   the text names the file. A file that was not finished leaves
// nothing.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace thumbmill {

class WholeFile {
 public:
  // `folder` must stay open. `magic` follows a symbolic link: see
  // common/own_files.h, Place.
  WholeFile(int folder, const std::string& name, bool magic = false);
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  [[nodiscard]] Status Open(mode_t mode);
  [[nodiscard]] Status Write(std::string_view text);
  // Gives the file its name.
  [[nodiscard]] Status Finish();

 private:
  int folder_;
  std::string name_, temporary_;
  int follow_;
  bool direct_ = false;
  UniqueFd fd_;
};

}  // namespace thumbmill
