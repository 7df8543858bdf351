// common/fail_point.h: named places where a test ends or stops this process.
//
// A program built with -DTM_FAIL_POINTS=ON reads the environment variable
//   THUMBMILL_FAIL_POINT=name:n:action      action: kill, stop
// When it reaches the point `name` for the n-th time (from 1), it sends itself
// SIGKILL or SIGSTOP, so nothing is flushed or unwound. Other builds contain no
// fail points. To make a system call fail, use tests/tools/failing_calls.c: it
// works in the release build too, and for calls inside libraries.
//
// Threads  any.
#pragma once

namespace thumbmill {

void ReachFailPoint(const char* name);

}  // namespace thumbmill

// CMake defines TM_FAIL_POINTS for the sources in tm_has_fail_points().
#ifdef TM_FAIL_POINTS
#define TM_FAIL_POINT(name) ::thumbmill::ReachFailPoint(name)
#else
#define TM_FAIL_POINT(name) static_cast<void>(0)
#endif
