/* Makes the n-th call of a kind fail; for LD_PRELOAD, beside failing_calls.c.
 * Its kinds are calls of the coordinator to libcurl and to the kernel.
 *
 *   FAILING_CALL=kind:n:code[:file]
 *
 * kind    setopt (curl_easy_setopt), curl (other calls of libcurl),
 *         epoll (epoll_create1, epoll_ctl, eventfd, signalfd), thread
 *         (pthread_create)
 * n       from 1; 0 makes every call fail
 * code    result of the call (a CURLcode, CURLMcode, CURLSHcode), or errno
 * file    is created when a call fails */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include "failing_call.h"

/* ---- libcurl, declared here, because macros in its header hide the functions.
 * Each variadic function takes one argument, which fits a pointer. */
#define VARIADIC(name, what)                           \
  int name(void* handle, int option, ...);             \
  int name(void* handle, int option, ...) {            \
    REAL(name);                                        \
    va_list list;                                      \
    va_start(list, option);                            \
    void* value = va_arg(list, void*);                 \
    va_end(list);                                      \
    return Fails(what) ? code : real(handle, option, value); \
  }
VARIADIC(curl_easy_setopt, "setopt")
VARIADIC(curl_easy_getinfo, "curl")
VARIADIC(curl_multi_setopt, "curl")
VARIADIC(curl_share_setopt, "curl")

#define MAKER(name, parameters, arguments)               \
  void* name parameters;                                 \
  void* name parameters {                                \
    REAL(name);                                          \
    return Fails("curl") ? NULL : real arguments;        \
  }
MAKER(curl_easy_init, (void), ())
MAKER(curl_multi_init, (void), ())
MAKER(curl_share_init, (void), ())
MAKER(curl_url, (void), ())
MAKER(curl_slist_append, (void* list, const char* text), (list, text))

#define CALL(name, parameters, arguments)                \
  int name parameters;                                   \
  int name parameters {                                  \
    REAL(name);                                          \
    return Fails("curl") ? code : real arguments;        \
  }
CALL(curl_global_init, (long flags), (flags))
CALL(curl_multi_add_handle, (void* multi, void* easy), (multi, easy))
CALL(curl_multi_remove_handle, (void* multi, void* easy), (multi, easy))
CALL(curl_multi_socket_action, (void* multi, int fd, int mask, int* running),
     (multi, fd, mask, running))
CALL(curl_easy_pause, (void* easy, int mask), (easy, mask))
CALL(curl_url_set, (void* url, int part, const char* text, unsigned flags),
     (url, part, text, flags))
CALL(curl_url_get, (void* url, int part, char** text, unsigned flags),
     (url, part, text, flags))

/* ---- the kernel */
int epoll_create1(int flags) {
  REAL(epoll_create1);
  return Fails("epoll") ? -1 : real(flags);
}
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  REAL(epoll_ctl);
  return Fails("epoll") ? -1 : real(epoll, operation, fd, event);
}
int eventfd(unsigned count, int flags) {
  REAL(eventfd);
  return Fails("epoll") ? -1 : real(count, flags);
}
int signalfd(int fd, const sigset_t* set, int flags) {
  REAL(signalfd);
  return Fails("epoll") ? -1 : real(fd, set, flags);
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                   void* (*run)(void*), void* argument) {
  REAL(pthread_create);
  return Fails("thread") ? code : real(thread, attributes, run, argument);
}
