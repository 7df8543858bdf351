// tests/workers/test_workers.h: where the programs and the pictures are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thumbmill {

// "segv" -> the path of segv_worker.
[[nodiscard]] std::string FakeWorkerProgram(const std::string& name);
[[nodiscard]] std::string RealWorkerProgram();
// A file of tests/data/samples.
[[nodiscard]] std::vector<std::uint8_t> Sample(const std::string& name);
// All of its pictures, in the order of their names.
[[nodiscard]] std::vector<std::string> SampleNames();

}  // namespace thumbmill
