// Answers every task at once.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) worker.Answer(worker.Work(worker.AwaitTask()));
}
