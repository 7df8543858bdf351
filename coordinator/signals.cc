#include "coordinator/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "coordinator/event_loop.h"

namespace thumbmill {
namespace {

sigset_t AskedToEnd() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void BlockSignals() {
  const sigset_t set = AskedToEnd();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<SignalWatch> SignalWatch::Create(EventLoop* loop,
                                        std::function<void(int)> asked) {
  const sigset_t set = AskedToEnd();
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return FailSystem("signalfd", errno);
  const int raw = fd.get();
  loop->Watch(raw, EPOLLIN, [raw, asked = std::move(asked)](std::uint32_t) {
    signalfd_siginfo info;
    while (read(raw, &info, sizeof info) == sizeof info)
      asked(static_cast<int>(info.ssi_signo));
  });
  return SignalWatch(loop, std::move(fd));
}

SignalWatch::~SignalWatch() {
  if (fd_.valid()) loop_->Unwatch(fd_.get());
}

}  // namespace thumbmill
