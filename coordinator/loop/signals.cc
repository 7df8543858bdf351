#include "coordinator/loop/signals.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "coordinator/loop/event_loop.h"

namespace thumbmill {
namespace {

sigset_t SetOf(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

constexpr std::initializer_list<int> kAskToEnd = {SIGINT, SIGTERM, SIGHUP};

// A signal handler gets no argument of ours, and may touch only lock-free
// atomics.
std::atomic<bool>* g_flag = nullptr;
static_assert(std::atomic<bool>::is_always_lock_free);

void EndNow(int signal) { _exit(128 + signal); }
void SetFlag(int) { g_flag->store(true); }

// Leaves a signal ignored if it was ignored from the start, as nohup does.
void AnswerToEnd(void (*handler)(int)) {
  for (const int signal : kAskToEnd) {
    struct sigaction now;
    const bool ignored =
        sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
    if (!ignored) std::signal(signal, handler);
  }
}

sigset_t AskedToEnd() { return SetOf(kAskToEnd); }

sigset_t Watched() {
  return SetOf({SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGUSR2, SIGWINCH});
}

}  // namespace

void BlockSignals() {
  const sigset_t set = AskedToEnd();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void BlockRunSignals() {
  const sigset_t set = Watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void UnblockSignals() {
  const sigset_t set = AskedToEnd();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

EndAtSignals::EndAtSignals() {
  AnswerToEnd(EndNow);
  UnblockSignals();
}

// Blocks the signals again but leaves the handler installed: a library may have
// started a thread meanwhile, and that thread takes signals until its first
// instructions block them.
EndAtSignals::~EndAtSignals() {
  const sigset_t set = AskedToEnd();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

FlagAtSignals::FlagAtSignals(std::atomic<bool>* flag, unsigned seconds) {
  g_flag = flag;
  AnswerToEnd(SetFlag);
  std::signal(SIGALRM, SetFlag);
  UnblockSignals();
  alarm(seconds);
}

FlagAtSignals::~FlagAtSignals() {
  alarm(0);
  const sigset_t set = AskedToEnd();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // Leave EndNow installed, as ~EndAtSignals() does: SetFlag must not run
  // without a flag.
  AnswerToEnd(EndNow);
  std::signal(SIGALRM, SIG_DFL);
  g_flag = nullptr;
}

void StopLikeAJob() {
  const sigset_t stop = SetOf({SIGTSTP});
  raise(SIGTSTP);
  // The signal was blocked and stops the process here. Without a shell that
  // does job control the process just goes on.
  pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
}

Result<SourceCancel> SourceCancel::Create() {
  // One epoll descriptor for both, so that a source polls only one. A signalfd
  // is readable while a signal is pending; not reading it leaves the signal
  // pending for others.
  SourceCancel cancel;
  const sigset_t set = AskedToEnd();
  cancel.both_.Reset(epoll_create1(EPOLL_CLOEXEC));
  cancel.event_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  cancel.signals_.Reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  for (const UniqueFd* fd : {&cancel.event_, &cancel.signals_}) {
    epoll_event readable{};
    readable.events = EPOLLIN;
    if (epoll_ctl(cancel.both_.get(), EPOLL_CTL_ADD, fd->get(), &readable) != 0)
      return FailSystem("cannot watch for a signal while sources are opened",
                        errno);
  }
  return cancel;
}

void SourceCancel::Cancel() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(event_.get(), &one, sizeof one);
}

void SourceCancel::RunBegins() { signals_.Reset(); }

int PendingEnd() {
  sigset_t pending;
  if (sigpending(&pending) != 0) return 0;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (sigismember(&pending, signal) == 1) return signal;
  return 0;
}

Result<SignalWatch> SignalWatch::Create(EventLoop* loop,
                                        std::function<void(int)> asked) {
  const sigset_t set = Watched();
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return FailSystem("signalfd", errno);
  const int raw = fd.get();
  const auto ready = [raw, asked = std::move(asked)](std::uint32_t) {
    signalfd_siginfo info;
    while (read(raw, &info, sizeof info) == sizeof info)
      asked(static_cast<int>(info.ssi_signo));
  };
  RETURN_IF_ERROR(loop->Watch(raw, EPOLLIN, ready));
  return SignalWatch(loop, std::move(fd));
}

SignalWatch::~SignalWatch() {
  if (fd_.valid()) loop_->Unwatch(fd_.get());
}

}  // namespace thumbmill
