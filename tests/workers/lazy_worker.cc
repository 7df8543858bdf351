// Claims to be done, and has made nothing.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) {
    thumbmill::TaskResult result = worker.Work(worker.AwaitTask());
    result.outcome.thumbnails.clear();
    worker.Answer(result);
  }
}
