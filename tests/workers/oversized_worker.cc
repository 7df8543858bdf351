// Answers a task with more bytes than a message may hold.
#include <string>

#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  worker.AwaitTask();
  worker.SendRaw(std::string(thumbmill::kMaxMessageBytes * 2, 'x'));
  worker.DoNothing();
}
