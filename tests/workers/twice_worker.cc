// Answers each task twice.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) {
    const thumbmill::TaskResult result = worker.Work(worker.AwaitTask());
    worker.Answer(result);
    worker.Answer(result);
  }
}
