#include "coordinator/cli/options.h"

namespace thumbmill {

const char* ToString(Backend backend) {
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

SinkSpec TargetSpec(const RunOptions& options) {
  SinkSpec spec;
  spec.target = options.output;
  spec.fsync = options.fsync;
  spec.transfer = options.transfer;
  spec.put_headers = options.put_headers;
  spec.uploads = options.uploads;
  return spec;
}

}  // namespace thumbmill
