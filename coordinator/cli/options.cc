#include "coordinator/cli/options.h"

namespace thumbmill {

const char* ToWord(Backend backend) {
  switch (backend) {
    case Backend::kSerial:
      return "serial";
    case Backend::kThreads:
      return "threads";
    case Backend::kProcesses:
      return "processes";
  }
  return "processes";
}

}  // namespace thumbmill
