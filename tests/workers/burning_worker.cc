// Takes a task and computes for ever, in several threads, so that it gets
// enough CPU time on a busy machine too.
#include <thread>

#include "tests/workers/fake_worker.h"

[[noreturn]] static void Compute() {
  volatile unsigned counter = 0;
  while (true) counter = counter + 1;
}

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  for (int i = 0; i < 7; ++i) std::thread(Compute).detach();
  Compute();
}
