// Claims an offset that overflows when its length is added.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) {
    thumbmill::TaskResult result = worker.Work(worker.AwaitTask());
    result.outcome.thumbnails[0].bytes.offset = ~std::uint64_t{0} - 1;
    worker.Answer(result);
  }
}
