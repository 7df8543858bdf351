// Reports success without having made any thumbnail.
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
