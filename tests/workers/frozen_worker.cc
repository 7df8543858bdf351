// Introduces itself, and is stopped while it has nothing to do.
#include <signal.h>

#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  raise(SIGSTOP);
  worker.DoNothing();
}
