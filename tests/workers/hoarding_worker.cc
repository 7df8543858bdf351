// Answers each task, and keeps more memory each time.
#include <cstring>

#include "tests/workers/fake_worker.h"

// Volatile, so that no compiler omits the allocation.
char* volatile kept = nullptr;

int main(int argc, char** argv) {
  constexpr std::size_t kKept = 4 << 20;
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) {
    const thumbmill::TaskOrder order = worker.AwaitTask();
    kept = new char[kKept];
    std::memset(kept, 1, kKept);
    worker.Answer(worker.Work(order));
  }
}
