// common/fail_point.h: named places where a test ends or stops this process.
//
// A program built with -DTM_FAIL_POINTS=ON obeys the environment variable
//   THUMBMILL_FAIL_POINT=name:n:action      action: kill, stop
// the n-th time (from 1) that it comes by the point `name`: SIGKILL or SIGSTOP
// from itself, so nothing is flushed or unwound. Any other build has none of
// it. Calls that fail are not made here: tests/tools/failing_calls.c makes them
// fail in the release build too, also those inside libraries.
//
// Threads  any.
#pragma once

namespace thumbmill {

void ReachFailPoint(const char* name);

}  // namespace thumbmill

// Of the files that CMake names with tm_has_fail_points().
#ifdef TM_FAIL_POINTS
#define TM_FAIL_POINT(name) ::thumbmill::ReachFailPoint(name)
#else
#define TM_FAIL_POINT(name) static_cast<void>(0)
#endif
