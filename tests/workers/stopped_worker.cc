// Stops itself with SIGSTOP, as a person would, in the middle of a task.
#include <signal.h>

#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  raise(SIGSTOP);
  worker.DoNothing();
}
