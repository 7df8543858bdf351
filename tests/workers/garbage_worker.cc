// Answers a task with what is no message.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  worker.SendRaw("what?");
  worker.DoNothing();
}
