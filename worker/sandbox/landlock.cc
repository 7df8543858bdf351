#include "worker/sandbox/landlock.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "common/unique_fd.h"

namespace thumbmill {
namespace {

// Numbers from linux/landlock.h as of version 6. x86-64, arm64 and all later
// architectures have the same system call numbers.
constexpr long kCreateRuleset = 444;
constexpr long kRestrictSelf = 446;
constexpr unsigned kAskVersion = 1;

struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};
constexpr std::uint64_t kBindAndConnectTcp = 3;
constexpr std::uint64_t kScopeAbstractSocket = 1;
constexpr std::uint64_t kScopeSignal = 2;

// First versions of Landlock that have these parts.
constexpr int kVersionOfTcp = 4;
constexpr int kVersionOfScopes = 6;

// Returns the version of the kernel's Landlock; 0 if there is none, or if it is
// switched off.
int Version() {
  const long version = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return version > 0 ? static_cast<int>(version) : 0;
}

// Returns all rights that this version can take away: its lowest bits.
std::uint64_t AllFileRights(int version) {
  int bits = 13;
  if (version >= 2) bits = 14;  // REFER
  if (version >= 3) bits = 15;  // TRUNCATE
  if (version >= 5) bits = 16;  // IOCTL_DEV
  return (std::uint64_t{1} << bits) - 1;
}

// Denies all that `ruleset` names, since no rule allows any of it. A kernel
// accepts fields that it does not know if they are 0.
Status Restrict(const Ruleset& ruleset) {
  const UniqueFd fd(
      static_cast<int>(syscall(kCreateRuleset, &ruleset, sizeof ruleset, 0)));
  if (!fd.valid())
    return Fail(ErrorCode::kUnavailable,
                SystemError("landlock_create_ruleset", errno).what, errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      syscall(kRestrictSelf, fd.get(), 0) == 0)
    return {};
  return Fail(ErrorCode::kUnavailable,
              SystemError("landlock_restrict_self", errno).what, errno);
}

tl::unexpected<Error> TooOld() {
  return Fail(ErrorCode::kUnavailable, "this kernel's Landlock has no scopes");
}

}  // namespace

Status DenyFiles() {
  const int version = Version();
  if (version == 0)
    return Fail(ErrorCode::kUnavailable, "this kernel has no Landlock");
  Ruleset ruleset;
  ruleset.files = AllFileRights(version);
  if (version >= kVersionOfTcp) ruleset.network = kBindAndConnectTcp;
  if (version >= kVersionOfScopes) ruleset.scoped = kScopeSignal;
  return Restrict(ruleset);
}

Status DenyAbstractSockets() {
  if (Version() < kVersionOfScopes) return TooOld();
  Ruleset ruleset;
  ruleset.scoped = kScopeAbstractSocket;
  return Restrict(ruleset);
}

}  // namespace thumbmill
