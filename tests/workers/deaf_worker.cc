// Works, but ignores DRAIN.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.Greet();
  while (true) {
    const auto message = worker.Receive(thumbmill::Millis(60000));
    if (!message) continue;
    if (const auto* order = std::get_if<thumbmill::TaskOrder>(&*message))
      worker.Answer(worker.Work(*order));
  }
}
