// Takes a task and computes for ever.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  volatile unsigned counter = 0;
  while (true) counter = counter + 1;
}
