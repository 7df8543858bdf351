// tests/workers/test_workers.h: paths of the test programs and pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thumbmill {

// Returns the path of a program: "faulty" gives that of faulty_worker.
[[nodiscard]] std::string FakeWorkerProgram(const std::string& name);
[[nodiscard]] std::string RealWorkerProgram();
// Reads a file of tests/data/samples.
[[nodiscard]] std::vector<std::uint8_t> Sample(const std::string& name);
// Returns the names of all files there, sorted.
[[nodiscard]] std::vector<std::string> SampleNames();

}  // namespace thumbmill
