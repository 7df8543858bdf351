// Speaks another version of the protocol.
#include "tests/workers/fake_worker.h"

int main(int argc, char** argv) {
  thumbmill::FakeWorker worker(argc, argv);
  worker.SendRaw("TM\x63\x01");
  worker.DoNothing();
}
