// Suppressions for ThreadSanitizer, compiled into every program because workers
// get no environment. libzmq is not built with ThreadSanitizer: the sanitizer
// does not see the atomics by which libzmq's threads hand messages over, only
// the messages, and would report a race.
extern "C" __attribute__((weak)) const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libzmq.so\n"
         "race:libzmq.so\n";
}
