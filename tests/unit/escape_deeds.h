// tests/unit/escape_deeds.h: what a malicious worker tries and what it can
// reach, for escape_test.cc. Here are the deeds that take more than a line.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <ostream>

namespace thumbmill {

// Objects that a malicious worker can reach.
struct Cell {
  int input_fd = -1, output_fd = -1, socket_fd = -1;
  std::uint8_t* input = nullptr;
  pid_t coordinator = 0;
};

struct Attempt {
  const char* name;
  // Tries the deed. Returns -1 with errno if the kernel refused.
  long (*deed)(const Cell&);
  // Expected errno of a refusal; 0 if the filter must kill the process.
  int error = 0;
};

// Prints the name; gtest would print the bytes of the struct.
inline void PrintTo(const Attempt& attempt, std::ostream* out) {
  *out << attempt.name;
}

inline long ExitIfChild(long pid) {
  if (pid == 0) _exit(0);
  return pid;
}

inline long PassDescriptor(const Cell& cell) {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &cell.output_fd, sizeof(int));
  return sendmsg(cell.socket_fd, &message, MSG_DONTWAIT);
}

inline long TakeDescriptor(const Cell& cell) {
  char byte;
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return recvmsg(cell.socket_fd, &message, MSG_DONTWAIT);
}

inline long SendTo(const Cell& cell, const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path);
  return sendto(cell.socket_fd, "x", 1, MSG_DONTWAIT,
                reinterpret_cast<sockaddr*>(&address), sizeof address);
}

inline long ReadMemoryOf(pid_t pid, long call) {
  char byte = 0;
  const iovec here{&byte, 1}, there{&byte, 1};
  return syscall(call, pid, &here, 1, &there, 1, 0);
}

inline long LimitFiles(pid_t pid) {
  rlimit limit;
  return syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, nullptr, &limit);
}

inline long IgnoreSignal(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  return sigaction(signal, &action, nullptr);
}

inline long MapPage(int protection, int flags, int fd) {
  return mmap(nullptr, 4096, protection, flags, fd, 0) == MAP_FAILED ? -1 : 0;
}

inline long SignalItself(int number) {
  return syscall(SYS_tgkill, getpid(), gettid(), number);
}

// Outside a sandbox there is no signal frame to return to, so do not try there.
inline long ReturnFromHandler() {
  return prctl(PR_GET_SECCOMP) == 0 ? 0 : syscall(SYS_rt_sigreturn);
}

// Moves a page of the stack, which may be larger than RLIMIT_DATA allows.
inline long MoveStack() {
  char here = 0;
  auto* page = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(&here) &
                                       ~std::uintptr_t{4095});
  return mremap(page, 4096, 4096, 0) == MAP_FAILED ? -1 : 0;
}

inline long NewProcess() {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  return ExitIfChild(syscall(SYS_clone3, &args, sizeof args));
}

}  // namespace thumbmill
