// tests/unit/escape_attempts.h: the table of all attempts to escape from the
// sandbox, for escape_test.cc.
#pragma once

#include <fcntl.h>
#include <linux/futex.h>
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

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/unit/escape_deeds.h"

namespace thumbmill {

// Paths are null and numbers wrong where the deed would do harm otherwise; the
// filter looks at the call alone.
#define DEED(...)                \
  [](const Cell& cell) -> long { \
    (void)cell;                  \
    return __VA_ARGS__;          \
  }
#define CALL(name, ...) \
  { #name, DEED(syscall(SYS_##name, __VA_ARGS__)) }

inline const std::vector<Attempt>& Attempts() {
  static const std::vector<Attempt> attempts = {
      // ---- files
      {"openat", DEED(open("/etc/passwd", O_RDONLY)), EACCES},
      {"openat_to_write", DEED(open("/dev/null", O_WRONLY)), EACCES},
      {"openat_tmpfile", DEED(open("/tmp", O_TMPFILE | O_RDWR, 0600)), EACCES},
      {"newfstatat", DEED(syscall(SYS_newfstatat, AT_FDCWD, "/", nullptr, 0)),
       EACCES},
      CALL(openat2, AT_FDCWD, nullptr, nullptr, 0),
      CALL(statx, AT_FDCWD, nullptr, 0, 0, nullptr),
      CALL(faccessat, AT_FDCWD, "/", R_OK),
      CALL(faccessat2, AT_FDCWD, "/", R_OK, 0),
      CALL(readlinkat, AT_FDCWD, "/proc/self/exe", nullptr, 0),
      CALL(getcwd, nullptr, 0),
      CALL(chdir, nullptr),
      CALL(fchdir, -1),
      CALL(chroot, nullptr),
      CALL(mkdirat, AT_FDCWD, nullptr, 0700),
      CALL(mknodat, AT_FDCWD, nullptr, 0600, 0),
      CALL(unlinkat, AT_FDCWD, nullptr, 0),
      CALL(renameat2, AT_FDCWD, nullptr, AT_FDCWD, nullptr, 0),
      CALL(linkat, AT_FDCWD, nullptr, AT_FDCWD, nullptr, 0),
      CALL(symlinkat, nullptr, AT_FDCWD, nullptr),
      CALL(fchmodat, AT_FDCWD, nullptr, 0600),
      CALL(fchownat, AT_FDCWD, nullptr, -1, -1, 0),
      CALL(truncate, nullptr, 0),
      CALL(utimensat, AT_FDCWD, nullptr, nullptr, 0),
      CALL(getdents64, 0, nullptr, 0),
      CALL(statfs, nullptr, nullptr),
      CALL(getxattr, nullptr, nullptr, nullptr, 0),
      CALL(mount, nullptr, nullptr, nullptr, 0, nullptr),
      CALL(umount2, nullptr, 0),
      CALL(pivot_root, nullptr, nullptr),
      CALL(fsopen, nullptr, 0),
      CALL(open_tree, -1, nullptr, 0),
      CALL(move_mount, -1, nullptr, -1, nullptr, 0),
      CALL(name_to_handle_at, AT_FDCWD, nullptr, nullptr, nullptr, 0),
      CALL(open_by_handle_at, -1, nullptr, 0),
      CALL(inotify_init1, 0),
      CALL(fanotify_init, 0, 0),
      CALL(memfd_create, "evil", 0),
      CALL(memfd_secret, 0),

      // ---- descriptors
      CALL(dup, 0),
      CALL(dup3, 0, 90, 0),
      CALL(fcntl, 0, F_GETFL, 0),
      {"fcntl_seals", DEED(fcntl(cell.output_fd, F_ADD_SEALS, 0))},
      CALL(ioctl, 2, 0x5413 /* TIOCGWINSZ */, nullptr),
      {"ioctl_typing", DEED(syscall(SYS_ioctl, 2, 0x5412, nullptr))},
      CALL(flock, 0, LOCK_UN),
      CALL(lseek, 0, 0, SEEK_SET),
      {"pread_of_input",
       DEED(syscall(SYS_pread64, cell.input_fd, nullptr, 0, 0))},
      {"pwrite_of_input",
       DEED(syscall(SYS_pwrite64, cell.input_fd, "x", 1, 0))},
      {"readv", DEED(syscall(SYS_readv, 0, nullptr, 0))},
      CALL(sendfile, 1, 0, nullptr, 0),
      CALL(splice, 0, nullptr, 1, nullptr, 0, 0),
      CALL(copy_file_range, 0, nullptr, 1, nullptr, 0, 0),
      CALL(pipe2, nullptr, 0),
      CALL(eventfd2, 0, 0),
      CALL(signalfd4, -1, nullptr, 0, 0),
      CALL(timerfd_create, 0, 0),
      CALL(epoll_create1, 0),
      {"ftruncate_of_output", DEED(ftruncate(cell.output_fd, 1 << 20))},
      {"ftruncate_of_input", DEED(ftruncate(cell.input_fd, 0))},
      {"fallocate_of_output", DEED(fallocate(cell.output_fd, 0, 0, 1 << 20))},
      {"fallocate_of_input",
       DEED(fallocate(cell.input_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      0, 4096))},
      {"write_of_input", DEED(write(cell.input_fd, "x", 1)), EBADF},

      // ---- sockets
      {"socket_unix", DEED(socket(AF_UNIX, SOCK_STREAM, 0))},
      {"socket_inet", DEED(socket(AF_INET, SOCK_STREAM, 0))},
      {"socket_inet6", DEED(socket(AF_INET6, SOCK_DGRAM, 0))},
      {"socket_netlink", DEED(socket(AF_NETLINK, SOCK_RAW, 0))},
      {"socket_packet", DEED(socket(AF_PACKET, SOCK_RAW, 0))},
      {"socket_vsock", DEED(socket(AF_VSOCK, SOCK_STREAM, 0))},
      {"socket_crypto", DEED(socket(AF_ALG, SOCK_SEQPACKET, 0))},
      CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, nullptr),
      {"connect", DEED(connect(cell.socket_fd, nullptr, 0))},
      {"bind", DEED(bind(cell.socket_fd, nullptr, 0))},
      {"listen", DEED(listen(cell.socket_fd, 1))},
      {"accept4", DEED(accept4(cell.socket_fd, nullptr, nullptr, 0))},
      {"shutdown", DEED(shutdown(cell.socket_fd, SHUT_RD))},
      {"getsockopt",
       DEED(getsockopt(cell.socket_fd, SOL_SOCKET, SO_PEERCRED, nullptr,
                       nullptr))},
      {"setsockopt",
       DEED(setsockopt(cell.socket_fd, SOL_SOCKET, SO_PASSCRED, nullptr, 0))},
      {"getpeername", DEED(getpeername(cell.socket_fd, nullptr, nullptr))},
      {"sendmsg_of_a_descriptor", PassDescriptor},
      {"recvmsg_of_a_descriptor", TakeDescriptor},
      {"sendmmsg", DEED(sendmmsg(cell.socket_fd, nullptr, 0, 0))},
      {"recvmmsg", DEED(recvmmsg(cell.socket_fd, nullptr, 0, 0, nullptr))},
      {"sendto_another", DEED(SendTo(cell, "/run/other"))},

      // ---- processes
      {"fork", DEED(ExitIfChild(fork()))},
      {"clone", DEED(ExitIfChild(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)))},
      {"clone3", DEED(NewProcess())},
      CALL(execve, nullptr, nullptr, nullptr),
      CALL(execveat, AT_FDCWD, nullptr, nullptr, nullptr, 0),
      {"execve_of_true", DEED(execl("/bin/true", "true", nullptr))},
      {"kill_coordinator", DEED(kill(cell.coordinator, 0))},
      {"kill_all_of_the_user", DEED(kill(-1, 0))},
      {"kill_itself", DEED(kill(getpid(), 0))},
      {"continue_itself", DEED(SignalItself(SIGCONT))},
      {"wake_itself", DEED(SignalItself(SIGCHLD))},
      {"return_from_no_handler", DEED(ReturnFromHandler())},
      {"tkill", DEED(syscall(SYS_tkill, cell.coordinator, 0))},
      {"tgkill_coordinator",
       DEED(syscall(SYS_tgkill, cell.coordinator, cell.coordinator, 0))},
      {"rt_sigqueueinfo",
       DEED(syscall(SYS_rt_sigqueueinfo, cell.coordinator, 0, nullptr))},
      {"pidfd_open", DEED(syscall(SYS_pidfd_open, cell.coordinator, 0))},
      CALL(pidfd_getfd, -1, 0, 0),
      CALL(pidfd_send_signal, -1, 0, nullptr, 0),
      {"ptrace_seize", DEED(syscall(SYS_ptrace, 0x4206, 1, 0, ~0L))},
      {"ptrace_traceme", DEED(syscall(SYS_ptrace, 0, 0, 0, 0))},
      {"process_vm_readv",
       DEED(ReadMemoryOf(cell.coordinator, SYS_process_vm_readv))},
      {"process_vm_writev",
       DEED(ReadMemoryOf(cell.coordinator, SYS_process_vm_writev))},
      CALL(process_madvise, -1, nullptr, 0, 0, 0),
      {"kcmp", DEED(syscall(SYS_kcmp, getpid(), cell.coordinator, 0, 0, 0))},
      CALL(wait4, -1, nullptr, WNOHANG, nullptr),
      CALL(waitid, P_ALL, 0, nullptr, WNOHANG | WEXITED, nullptr),
      {"prlimit_of_coordinator", DEED(LimitFiles(cell.coordinator))},
      {"prlimit_of_itself", DEED(LimitFiles(0))},
      CALL(setrlimit, RLIMIT_CPU, nullptr),
      CALL(setpgid, 0, 0),
      CALL(setsid, 0),
      CALL(setpriority, PRIO_PROCESS, 0, 0),
      CALL(ioprio_set, 1, 0, 0),
      CALL(sched_setaffinity, 0, 0, nullptr),
      CALL(sched_getaffinity, 0, 0, nullptr),
      CALL(sched_setattr, 0, nullptr, 0),
      CALL(setuid, getuid()),
      CALL(setresgid, -1, -1, -1),
      CALL(setgroups, ~0UL, nullptr),
      CALL(capset, nullptr, nullptr),
      CALL(unshare, 0),
      CALL(setns, -1, 0),
      CALL(personality, 0xffffffff),
      {"prctl_dumpable", DEED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))},
      {"prctl_outlive_the_parent", DEED(prctl(PR_SET_PDEATHSIG, 0))},
      {"prctl_seccomp", DEED(prctl(PR_GET_SECCOMP))},
      CALL(seccomp, 2 /* a feature */, 0, nullptr),
      {"ignore_the_cpu_limit", DEED(IgnoreSignal(SIGXCPU))},
      CALL(sigaltstack, nullptr, nullptr),
      CALL(rt_sigtimedwait, nullptr, nullptr, nullptr, 8),
      CALL(set_tid_address, nullptr),
      CALL(timer_create, 0, nullptr, nullptr),
      CALL(setitimer, ITIMER_REAL, nullptr, nullptr),

      // ---- memory
      {"mmap_code",
       DEED(MapPage(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1))},
      {"mmap_code_to_write",
       DEED(MapPage(PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1))},
      {"mmap_a_stack", DEED(MapPage(PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
                                                   MAP_GROWSDOWN, -1))},
      {"mmap_filled",
       DEED(MapPage(PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1))},
      {"mprotect_as_a_stack",
       DEED(mprotect(nullptr, 0, PROT_READ | PROT_GROWSDOWN))},
      {"mremap", DEED(MoveStack()), EACCES},
      CALL(futex, nullptr, FUTEX_LOCK_PI_PRIVATE, 0, nullptr),
      {"futex_requeue",
       DEED(syscall(SYS_futex, nullptr, FUTEX_CMP_REQUEUE, 0, 0, nullptr, 0))},
      {"send_out_of_band",
       DEED(send(cell.socket_fd, "x", 1, MSG_OOB | MSG_DONTWAIT))},
      {"receive_out_of_band",
       DEED(recv(cell.socket_fd, nullptr, 0, MSG_OOB | MSG_DONTWAIT))},
      {"mmap_shared",
       DEED(MapPage(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1))},
      {"mmap_input", DEED(MapPage(PROT_READ, MAP_SHARED, cell.input_fd))},
      {"mmap_input_to_write",
       DEED(MapPage(PROT_READ | PROT_WRITE, MAP_SHARED, cell.input_fd))},
      {"mmap_input_as_code",
       DEED(MapPage(PROT_READ | PROT_EXEC, MAP_PRIVATE, cell.input_fd))},
      {"mmap_output", DEED(MapPage(PROT_READ, MAP_SHARED, cell.output_fd))},
      {"mprotect_code",
       DEED(mprotect(cell.input, 4096, PROT_READ | PROT_EXEC))},
      {"mprotect_input_to_write",
       DEED(mprotect(cell.input, 4096, PROT_READ | PROT_WRITE)), EACCES},
      CALL(pkey_mprotect, nullptr, 0, PROT_EXEC, -1),
      {"madvise_input_away", DEED(madvise(cell.input, 4096, MADV_REMOVE))},
      {"madvise_poison", DEED(madvise(nullptr, 0, MADV_HWPOISON))},
      CALL(remap_file_pages, nullptr, 0, 0, 0, 0),
      CALL(mlock, nullptr, 0),
      CALL(mlockall, 0),
      CALL(mincore, nullptr, 0, nullptr),
      CALL(msync, nullptr, 0, MS_ASYNC),
      CALL(mbind, nullptr, 0, 0, nullptr, 0, 0),
      CALL(userfaultfd, 0),
      CALL(membarrier, 0, 0, 0),

      // ---- other parts of the kernel
      CALL(shmget, 1, 0, 0),
      CALL(shmat, -1, nullptr, 0),
      CALL(msgget, 1, 0),
      CALL(semget, 1, 0, 0),
      CALL(mq_open, nullptr, 0, 0, nullptr),
      CALL(io_uring_setup, 0, nullptr),
      CALL(io_setup, 0, nullptr),
      CALL(bpf, -1, nullptr, 0),
      CALL(perf_event_open, nullptr, 0, -1, -1, 0),
      CALL(keyctl, ~0U, 0, 0, 0, 0),
      CALL(add_key, nullptr, nullptr, nullptr, 0, 0),
      CALL(request_key, nullptr, nullptr, nullptr, 0),
      CALL(landlock_create_ruleset, nullptr, 0, 1),
      CALL(uname, nullptr),
      CALL(sethostname, nullptr, -1),
      CALL(settimeofday, nullptr, nullptr),
      CALL(clock_settime, -1, nullptr),
      CALL(clock_adjtime, -1, nullptr),
      CALL(reboot, 0, 0, 0, nullptr),
      CALL(syslog, 10, nullptr, 0),
      CALL(init_module, nullptr, 0, nullptr),
      CALL(finit_module, -1, nullptr, 0),
      CALL(swapon, nullptr, 0),
      CALL(quotactl, -1, nullptr, 0, nullptr),
      CALL(getrusage, 0, nullptr),
      {"a_number_of_no_call", DEED(syscall(9999))},

#if defined(__x86_64__)
      CALL(open, "/etc/passwd", O_RDONLY),
      CALL(creat, nullptr, 0600),
      CALL(stat, "/", nullptr),
      CALL(access, "/", R_OK),
      CALL(modify_ldt, 0, nullptr, 0),
      CALL(iopl, 0),
      CALL(ioperm, 0, 1, 0),
      CALL(arch_prctl, 0, nullptr),
      {"call_by_x32", DEED(syscall(0x40000000L | SYS_getpid))},
      {"call_by_32_bits", [](const Cell&) -> long {
         long answer = 20;  // getpid
         asm volatile("int $0x80" : "+a"(answer) : : "memory");
         return answer;
       }},
#endif
  };
  return attempts;
}

#undef CALL
#undef DEED

}  // namespace thumbmill
