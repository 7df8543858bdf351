// What ThreadSanitizer is told in every program of ours, the workers included,
// which get no environment: libzmq is not built with it, so the atomics by
// which its threads hand messages over are not seen, only what they hand over.
extern "C" __attribute__((weak)) const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libzmq.so\n"
         "race:libzmq.so\n";
}
