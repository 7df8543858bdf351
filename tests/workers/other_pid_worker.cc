// Sends the process id of another process in READY.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Send(thumbmill::Ready{1});
  worker.DoNothing();
}
