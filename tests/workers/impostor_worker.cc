// Sends messages that only a coordinator sends.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  worker.Send(thumbmill::Drain{});
  worker.DoNothing();
}
