// How fast one thread makes thumbnails of the files of a folder; with
// --ceiling, how fast our decoders alone read them at the same scales, and
// which readers they took; with --libjpeg, how fast libjpeg-turbo alone reads
// them to RGB.
//
//   thumbnail_bench [--ceiling | --libjpeg] [--rounds N] [--sizes 200x,64x]
//                   FOLDER|FILE...
//   thumbnail_bench --save DIR ...    also writes the thumbnails
//
// Files are read before the clock starts. The median of the rounds counts.
#include <cstdio>
// jpeglib.h needs stdio before it.
#include <jpeglib.h>

#include <chrono>
#include <csetjmp>
#include <cstdlib>
//
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proto/size_spec.h"
#include "worker/image/codec/decoder.h"
#include "worker/image/cost.h"
#include "worker/image/exif.h"
#include "worker/image/inspect.h"
#include "worker/thumbnailer.h"

namespace {

namespace fs = std::filesystem;
using namespace thumbmill;
using Bytes = std::vector<std::uint8_t>;

struct Options {
  bool ceiling = false;
  bool libjpeg = false;
  int rounds = 5;
  std::string sizes = "200x,64x,32x";
  std::string format = "same";
  fs::path save;
  std::vector<fs::path> files;
};

struct Input {
  fs::path path;
  Bytes bytes;
};

void Collect(const fs::path& path, std::vector<fs::path>* files) {
  if (!fs::is_directory(path)) return files->push_back(path);
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files->push_back(entry.path());
}

Options ParseArguments(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto value = [&] { return i + 1 < argc ? argv[++i] : ""; };
    if (word == "--ceiling")
      options.ceiling = true;
    else if (word == "--libjpeg")
      options.libjpeg = true;
    else if (word == "--rounds")
      options.rounds = std::atoi(value());
    else if (word == "--sizes")
      options.sizes = value();
    else if (word == "--format")
      options.format = value();
    else if (word == "--save")
      options.save = value();
    else
      Collect(word, &options.files);
  }
  std::sort(options.files.begin(), options.files.end());
  return options;
}

Recipe RecipeFor(const Options& options) {
  Recipe recipe;
  std::string_view rest = options.sizes;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const auto size = ParseSize(rest.substr(0, comma), Fit::kInside);
    if (size) recipe.sizes.push_back(*size);
    rest = comma == rest.npos ? "" : rest.substr(comma + 1);
  }
  recipe.format =
      ParseOutputFormat(options.format).value_or(ImageFormat::kUnknown);
  return recipe;
}

std::uint64_t AllSizes(const Recipe& recipe) {
  return (std::uint64_t{1} << recipe.sizes.size()) - 1;
}

Bytes ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Save(const fs::path& folder, const Input& input, const Outcome& outcome,
          const Bytes& output) {
  for (const Thumbnail& t : outcome.thumbnails) {
    const char* ext =
        outcome.output_format == ImageFormat::kPng ? ".png" : ".jpg";
    const std::string name =
        input.path.stem().string() + "_" + std::to_string(t.size_index) + ext;
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(output.data()) + t.bytes.offset,
               static_cast<std::streamsize>(t.bytes.length));
  }
}

struct Jump {
  jpeg_error_mgr errors;
  std::jmp_buf jump;
};

// As the Thumbnailer's own, see there.
DecodeHint HintFor(std::uint32_t width, std::uint32_t height, bool lying,
                   const Recipe& recipe) {
  const auto plans = lying ? PlanSizes(height, width, recipe, AllSizes(recipe))
                           : PlanSizes(width, height, recipe, AllSizes(recipe));
  DecodeHint hint;
  for (const SizePlan& plan : plans) {
    const auto w = static_cast<std::uint32_t>(plan.place.scaled_width);
    const auto h = static_cast<std::uint32_t>(plan.place.scaled_height);
    hint.width = std::max(hint.width, lying ? h : w);
    hint.height = std::max(hint.height, lying ? w : h);
  }
  return hint;
}

// Decodes as a program without a resizer of its own would: to RGB rows.
bool DecodeByLibjpeg(const Input& input, const Recipe& recipe, Bytes* row) {
  const auto header = PeekHeader(input.bytes);
  if (!header || header->format != ImageFormat::kJpeg) return false;
  const bool lying =
      OrientationFromExif(ExifOrientation(WalkJpeg(input.bytes).exif))
          .transpose;
  const DecodeHint hint = HintFor(header->width, header->height, lying, recipe);
  jpeg_decompress_struct jpeg;
  Jump errors;
  jpeg.err = jpeg_std_error(&errors.errors);
  jpeg.client_data = &errors;
  errors.errors.error_exit = [](j_common_ptr common) {
    std::longjmp(static_cast<Jump*>(common->client_data)->jump, 1);
  };
  if (setjmp(errors.jump) != 0) return false;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, input.bytes.data(), input.bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.scale_num = JpegEighths(header->width, header->height, hint);
  jpeg.scale_denom = 8;
  jpeg_start_decompress(&jpeg);
  row->resize(std::size_t{jpeg.output_width} * 4);
  JSAMPROW rows[] = {row->data()};
  while (jpeg.output_scanline < jpeg.output_height)
    jpeg_read_scanlines(&jpeg, rows, 1);
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return true;
}

// All rows, which nobody looks at.
bool ReadAll(RowSource* source) {
  const PictureShape& shape = source->shape();
  std::array<RowRing, kMaxPlanes> rings;
  Rings pointers{};
  for (int p = 0; p < shape.plane_count; ++p) {
    const auto at = static_cast<std::size_t>(p);
    rings[at] = RowRing(source->BandRows(p), source->RowBytes(p));
    pointers[at] = &rings[at];
  }
  while (rings[0].end() < shape.planes[0].height)
    if (!source->ReadBand(pointers)) return false;
  return source->Finish().has_value();
}

bool DecodeOnly(const Input& input, const Recipe& recipe,
                std::map<std::string, int>* readers) {
  Complaints complaints;
  const DecoderOptions options{recipe.fail_on, recipe.limits};
  const bool png = Sniff(input.bytes).format == ImageFormat::kPng;
  const auto decoder = png ? OpenPng(input.bytes, options, &complaints)
                           : OpenJpeg(input.bytes, options, &complaints);
  if (!decoder) return false;
  const OpenedPicture& picture = (*decoder)->picture();
  const bool lying = OrientationFromExif(picture.exif_orientation).transpose;
  DecodeHint hint =
      HintFor(picture.header.width, picture.header.height, lying, recipe);
  hint.halved_chroma = true;
  do {
    const auto source = (*decoder)->Start(hint);
    if (!source) return false;
    if (!ReadAll(*source)) continue;
    ++(*readers)[(*decoder)->reader()];
    return true;
  } while ((*decoder)->HandsOver());
  return false;
}

double Seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseArguments(argc, argv);
  const Recipe recipe = RecipeFor(options);
  std::vector<Input> inputs;
  for (const fs::path& path : options.files)
    inputs.push_back({path, ReadFile(path)});
  Thumbnailer thumbnailer(recipe);
  Bytes output(8 << 20), row;
  std::vector<double> rounds;
  std::size_t made = 0, failed = 0, bytes = 0;
  StageTimes times;
  std::map<std::string, int> readers;
  for (int round = 0; round < options.rounds; ++round) {
    made = failed = bytes = 0;
    times = {};
    readers.clear();
    const auto start = std::chrono::steady_clock::now();
    for (const Input& input : inputs) {
      if (options.ceiling || options.libjpeg) {
        const bool ok = options.ceiling ? DecodeOnly(input, recipe, &readers)
                                        : DecodeByLibjpeg(input, recipe, &row);
        ++(ok ? made : failed);
        continue;
      }
      const Outcome outcome =
          thumbnailer.Run(input.bytes, AllSizes(recipe), output);
      ++(outcome.ok() ? made : failed);
      for (const Thumbnail& t : outcome.thumbnails) bytes += t.bytes.length;
      times.decode += outcome.times.decode;
      times.resize += outcome.times.resize;
      times.encode += outcome.times.encode;
      if (!options.save.empty() && round == 0)
        Save(options.save, input, outcome, output);
    }
    rounds.push_back(Seconds(std::chrono::steady_clock::now() - start));
  }
  if (rounds.empty() || inputs.empty()) {
    std::fprintf(stderr, "nothing to do\n");
    return 1;
  }
  const double seconds = Median(rounds);
  std::printf("%s: %zu made, %zu failed, %.1f images/s, %.3f ms an image\n",
              options.ceiling   ? "decode only"
              : options.libjpeg ? "libjpeg-turbo only"
                                : "thumbnails",
              made, failed, static_cast<double>(inputs.size()) / seconds,
              1e3 * seconds / static_cast<double>(inputs.size()));
  for (const auto& [reader, count] : readers)
    std::printf("reader %s: %d files\n", reader.c_str(), count);
  if (!options.ceiling && !options.libjpeg)
    std::printf("decode %.1f ms, resize %.1f ms, encode %.1f ms, %zu bytes\n",
                static_cast<double>(times.decode.count()) / 1e3,
                static_cast<double>(times.resize.count()) / 1e3,
                static_cast<double>(times.encode.count()) / 1e3, bytes);
  return 0;
}
