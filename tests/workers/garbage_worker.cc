// Answers a task with bytes that are no message.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  worker.SendRaw("what?");
  worker.DoNothing();
}
