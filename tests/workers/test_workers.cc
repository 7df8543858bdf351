#include "tests/workers/test_workers.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace thumbmill {

std::string FakeWorkerProgram(const std::string& name) {
  return TM_TEST_WORKERS "/" + name + "_worker";
}

std::string RealWorkerProgram() { return TM_REAL_WORKER; }

std::vector<std::uint8_t> Sample(const std::string& name) {
  std::ifstream file(TM_SAMPLES "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> SampleNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(TM_SAMPLES)) {
    const auto suffix = entry.path().extension();
    if (suffix == ".jpg" || suffix == ".png")
      names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace thumbmill
