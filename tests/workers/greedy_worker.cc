// Takes memory until the kernel refuses, and reports whether it did.
#include <sys/mman.h>

// Returns true if the kernel gave a gigabyte.
static bool TakeMemory() {
  for (int i = 0; i < 64; ++i)
    if (mmap(nullptr, 16 << 20, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
      return false;
  return true;
}

#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) {
    thumbmill::TaskResult result = worker.Work(worker.AwaitTask());
    result.outcome.reason = thumbmill::Reason::kNone;
    if (!TakeMemory()) result.outcome.reason = thumbmill::Reason::kMemory;
    worker.Answer(result);
  }
}
