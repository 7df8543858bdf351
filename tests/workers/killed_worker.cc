// Kills itself with SIGKILL, as a person would, in the middle of every task.
#include <signal.h>

#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  raise(SIGKILL);
}
