// Measures round trips through ProcessExecutor: with a worker that does
// nothing, which leaves only the cost of dispatch, and with 64x64 JPEGs.
//
//   dispatch_bench [TASKS] [WORKERS]
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "tests/workers/executor_fixture.h"
#include "tests/workers/test_workers.h"

namespace thumbmill {
namespace {

using Bytes = std::vector<std::uint8_t>;

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Returns a sample that our own thumbnailer made small.
Bytes TinyJpeg() {
  Recipe recipe = SmallRecipe();
  recipe.sizes[0].width = recipe.sizes[0].height = 64;
  recipe.sizes[0].fit = Fit::kFill;
  ExecutorBench bench;
  LocalOptions options;
  options.recipe = recipe;
  bench.StartThreads(options);
  const TaskId id = bench.Submit(ByteSpan(Sample("Wine_by_Jakkub_Mede.jpg")));
  if (!bench.UntilAnswered() || bench.finished[id].outputs.empty())
    std::abort();
  return bench.finished[id].outputs[0];
}

void Measure(const char* what, const std::string& program, const Bytes& input,
             int tasks, std::size_t workers) {
  ExecutorBench bench;
  ProcessOptions options;
  options.workers = workers;
  options.worker_program = program;
  options.recipe = SmallRecipe();
  bench.StartProcesses(options);
  bench.Submit(ByteSpan(input));  // waits until the workers are up
  if (!bench.UntilAnswered()) std::abort();
  const TimePoint start = std::chrono::steady_clock::now();
  const double cpu = CpuSeconds();
  for (int i = 0; i < tasks; ++i) bench.Submit(ByteSpan(input));
  if (!bench.UntilAnswered() || !bench.lost.empty()) std::abort();
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - start;
  std::printf(
      "%s: %d tasks, %zu workers, %.0f/s, %.1f us CPU of the "
      "coordinator each\n",
      what, tasks, workers, tasks / took.count(),
      (CpuSeconds() - cpu) * 1e6 / tasks);
}

}  // namespace
}  // namespace thumbmill

int main(int argc, char** argv) {
  const int tasks = argc > 1 ? std::atoi(argv[1]) : 20000;
  const auto workers =
      static_cast<std::size_t>(argc > 2 ? std::atoi(argv[2]) : 2);
  const thumbmill::Bytes tiny = thumbmill::TinyJpeg();
  thumbmill::Measure("nothing", thumbmill::FakeWorkerProgram("faulty"), tiny,
                     tasks, workers);
  thumbmill::Measure("64x64 JPEG -> 32x32", thumbmill::RealWorkerProgram(),
                     tiny, tasks, workers);
}
