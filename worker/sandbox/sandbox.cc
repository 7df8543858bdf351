#include "worker/sandbox/sandbox.h"

#include <sys/prctl.h>

#include <ctime>

#include "worker/sandbox/landlock.h"
#include "worker/sandbox/namespaces.h"
#include "worker/sandbox/sanitized.h"
#include "worker/sandbox/system_calls.h"

namespace thumbmill {

void Sandbox::Add(const Status& addition) {
  if (addition) return;
  if (!missing_.empty()) missing_ += "; ";
  missing_ += addition.error().what;
}

void Sandbox::Prepare() {
  if (mode_ == SandboxMode::kOff) return;
  // Little CMS writes the date into the profiles that it makes. The first
  // reading of the clock opens /etc/localtime, so it must happen here.
  tzset();
#if !defined(TM_SANITIZED)
  Add(EnterNamespaces());
  Add(DenyFiles());
#endif
}

Status Sandbox::Close() {
  if (mode_ == SandboxMode::kOff) return {};
#if !defined(TM_SANITIZED)
  Add(LeaveNetwork());
  Add(DenyAbstractSockets());
  Add(DropCapabilities());
  // RLIMIT_CORE does not stop the kernel from running a core handler; this
  // does.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  return AllowOnlyNeededCalls();
}

}  // namespace thumbmill
