// Claims a thumbnail that is longer than its granted range.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) {
    const thumbmill::TaskOrder order = worker.AwaitTask();
    thumbmill::TaskResult result = worker.Work(order);
    result.outcome.thumbnails[0].bytes.length = order.task.output_capacity + 1;
    worker.Answer(result);
  }
}
