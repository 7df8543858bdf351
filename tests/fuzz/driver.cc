// A main() for fuzz targets on machines without libFuzzer. It runs each file
// that is named or lies in a named folder, then random changes of these files.
// Coverage does not guide it, but it does the same on each run, so every test
// run can use it.
//
//   foo_fuzz [-runs=N] [-seed=N] FILE|FOLDER...
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);
// Null if the target has no mutator of its own.
extern "C" [[gnu::weak]] std::size_t LLVMFuzzerCustomMutator(
    std::uint8_t* data, std::size_t size, std::size_t max_size,
    unsigned int seed);
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t max_size);

namespace {

namespace fs = std::filesystem;
using Input = std::vector<std::uint8_t>;

// The current input. It is global so that a debugger can print it after a
// crash.
Input input_;

void Run(Input input) {
  input_ = std::move(input);
  LLVMFuzzerTestOneInput(input_.data(), input_.size());
}

Input ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Collect(const fs::path& path, std::vector<fs::path>* files) {
  if (!fs::is_directory(path)) return files->push_back(path);
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files->push_back(entry.path());
}

class Mutator {
 public:
  Mutator(std::uint64_t seed, const std::vector<Input>* corpus)
      : random_(seed), corpus_(corpus) {}

  Input Next() {
    Input input = AnyInput();
    if (LLVMFuzzerCustomMutator != nullptr && Below(2) == 0)
      return ChangedByTarget(std::move(input));
    for (std::size_t n = 1 + Below(6); n > 0; --n) Change(&input);
    return input;
  }
  void Change(Input* input) {
    const std::ptrdiff_t at = Place(*input);
    switch (Below(6)) {
      case 0:
        return Insert(input, at, {static_cast<std::uint8_t>(random_())});
      case 1:  // erases up to 8 bytes
        input->erase(
            input->begin() + at,
            input->begin() + std::min<std::ptrdiff_t>(
                                 at + static_cast<std::ptrdiff_t>(1 + Below(8)),
                                 static_cast<std::ptrdiff_t>(input->size())));
        return;
      case 2:
        if (at < static_cast<std::ptrdiff_t>(input->size()))
          (*input)[static_cast<std::size_t>(at)] ^=
              static_cast<std::uint8_t>(1u << Below(8));
        return;
      case 3:
        if (at < static_cast<std::ptrdiff_t>(input->size()))
          (*input)[static_cast<std::size_t>(at)] = Edge();
        return;
      case 4:
        return Insert(input, at, Piece(AnyInput()));
      default:
        return Insert(input, at, Piece(*input));
    }
  }

 private:
  std::size_t Below(std::size_t limit) {
    return limit == 0 ? 0 : random_() % limit;
  }
  const Input& AnyInput() { return (*corpus_)[Below(corpus_->size())]; }
  std::ptrdiff_t Place(const Input& input) {
    return static_cast<std::ptrdiff_t>(Below(input.size() + 1));
  }

  Input ChangedByTarget(Input input) {
    const std::size_t size = input.size();
    // Room for a mutator that makes the input longer.
    input.resize(size + 1024);
    input.resize(LLVMFuzzerCustomMutator(input.data(), size, input.size(),
                                         static_cast<unsigned>(random_())));
    return input;
  }
  static void Insert(Input* input, std::ptrdiff_t at, const Input& piece) {
    input->insert(input->begin() + at, piece.begin(), piece.end());
  }
  std::uint8_t Edge() {
    constexpr std::uint8_t kEdges[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
    return kEdges[Below(std::size(kEdges))];
  }
  Input Piece(const Input& of) {
    const std::size_t first = Below(of.size());
    const std::size_t size =
        std::min<std::size_t>(Below(24), of.size() - first);
    const auto begin = of.begin() + static_cast<std::ptrdiff_t>(first);
    return {begin, begin + static_cast<std::ptrdiff_t>(size)};
  }

  std::mt19937_64 random_;
  const std::vector<Input>* corpus_;
};

// Mutator that LLVMFuzzerMutate() uses when the target calls it.
Mutator* mutator_ = nullptr;

}  // namespace

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                             std::size_t max_size) {
  Input input(data, data + size);
  mutator_->Change(&input);
  input.resize(std::min(input.size(), max_size));
  std::copy(input.begin(), input.end(), data);
  return input.size();
}

int main(int argc, char** argv) {
  std::uint64_t runs = 0, seed = 1;
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("-runs="))
      runs = std::strtoull(argv[i] + 6, nullptr, 10);
    else if (word.starts_with("-seed="))
      seed = std::strtoull(argv[i] + 6, nullptr, 10);
    else
      Collect(word, &files);
  }
  std::sort(files.begin(), files.end());  // the same order everywhere
  std::vector<Input> corpus = {Input{}};
  for (const fs::path& file : files) corpus.push_back(ReadFile(file));
  for (const Input& input : corpus) Run(input);
  Mutator mutator(seed, &corpus);
  mutator_ = &mutator;
  for (std::uint64_t i = 0; i < runs; ++i) Run(mutator.Next());
  std::printf("%zu inputs, %llu made from them\n", corpus.size(),
              static_cast<unsigned long long>(runs));
  return 0;
}
