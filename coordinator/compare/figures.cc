#include "coordinator/compare/figures.h"

namespace thumbmill {
namespace figures {
namespace {

double Each(const ChildResult& run, double figure) {
  return run.done == 0 ? 0 : figure / static_cast<double>(run.done);
}

}  // namespace

double Rate(const ChildResult& run) {
  return run.seconds > 0 ? static_cast<double>(run.done) / run.seconds : 0;
}
double CpuPerThousand(const ChildResult& run) {
  return 1000 * Each(run, run.cpu_seconds);
}
double PrivateMb(const ChildResult& run) {
  return static_cast<double>(run.private_bytes) / (1 << 20);
}
double SharedMb(const ChildResult& run) {
  return static_cast<double>(run.shared_bytes) / (1 << 20);
}
double Switches(const ChildResult& run) {
  return Each(run, static_cast<double>(run.context_switches));
}
double CopiedBytes(const ChildResult& run) {
  return Each(run, static_cast<double>(run.copied_bytes));
}
double MessageBytes(const ChildResult& run) {
  return Each(run, static_cast<double>(run.message_bytes));
}
double FirstMs(const ChildResult& run) {
  return 1000 * run.seconds_to_first_image;
}
double WallSeconds(const ChildResult& run) { return run.seconds; }

const std::vector<Stage>& Stages() {
  static const std::vector<Stage> stages = {
      {"fetch", {"dns", "connect", "first_byte", "body"}},
      {"wait", {"wait"}},
      {"decode", {"decode"}},
      {"resize", {"resize"}},
      {"encode", {"encode"}},
      {"store", {"store"}},
  };
  return stages;
}

double StageMs(const MeasuredCase& measured, const Stage& stage) {
  std::vector<double> values;
  for (const ChildResult& run : measured.runs) {
    double sum = 0;
    for (const char* name : stage.of)
      if (const auto found = run.stage_ms.find(name);
          found != run.stage_ms.end())
        sum += found->second;
    values.push_back(Each(run, sum));
  }
  return values.empty() ? 0 : SpreadOf(values).median;
}

double SerialRate(const MeasuredSet& set) {
  const MeasuredCase* serial = set.Find("serial", 1);
  return serial == nullptr ? 0 : serial->ImagesPerSecond().median;
}

}  // namespace figures

Spread MeasuredCase::ImagesPerSecond() const {
  std::vector<double> rates;
  for (const ChildResult& run : runs) rates.push_back(figures::Rate(run));
  return SpreadOf(rates);
}

double MeasuredCase::Median(double (*figure)(const ChildResult&)) const {
  std::vector<double> values;
  for (const ChildResult& run : runs) values.push_back(figure(run));
  return SpreadOf(values).median;
}

const MeasuredCase* MeasuredSet::Find(const std::string& backend,
                                      unsigned workers) const {
  for (const MeasuredCase& each : cases)
    if (each.backend == backend && each.workers == workers) return &each;
  return nullptr;
}

}  // namespace thumbmill
