// Answers one task and dies of SIGSEGV in the next.
#include <signal.h>

#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.Answer(worker.Work(worker.AwaitTask()));
  worker.AwaitTask();
  raise(SIGSEGV);
}
