// Takes a task and sleeps.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  worker.DoNothing();
}
