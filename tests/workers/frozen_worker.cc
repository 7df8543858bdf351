// Introduces itself, then stops while it has no task.
#include <signal.h>

#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  raise(SIGSTOP);
  worker.DoNothing();
}
