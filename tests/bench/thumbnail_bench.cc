// Measures how fast one thread makes thumbnails of the files of a folder, and
// which part limits it:
//
//   thumbnail_bench [--rounds N] [--sizes 200x,64x] FOLDER|FILE...
//   thumbnail_bench --ceiling ...     only our decoders, with the hint that the
//                                     thumbnailer gives them; prints who read
//                                     the rows
//   thumbnail_bench --libjpeg ...     only libjpeg-turbo, at the same scales
//   thumbnail_bench --save DIR ...    also writes the thumbnails
//
// It reads all files before the clock starts and reports the median round.
#include <cstdio>
// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>

#include <chrono>
#include <csetjmp>
#include <cstdlib>
//
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/size_spec.h"
#include "worker/image/codec/decoders.h"
#include "worker/image/codec/formats.h"
#include "worker/image/codec/peek.h"
#include "worker/image/colour/colour.h"
#include "worker/image/header/exif.h"
#include "worker/image/header/jpeg_layout.h"
#include "worker/image/plan.h"
#include "worker/thumbnailer.h"

namespace {

namespace fs = std::filesystem;
using namespace thumbmill;
using Bytes = std::vector<std::uint8_t>;

enum class Mode { kThumbnails, kOwnDecoders, kLibjpeg };

struct Options {
  Mode mode = Mode::kThumbnails;
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
      options.mode = Mode::kOwnDecoders;
    else if (word == "--libjpeg")
      options.mode = Mode::kLibjpeg;
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
    const std::string name =
        input.path.stem().string() + "_" + std::to_string(t.size_index) + "." +
        std::string(RowOf(outcome.output_format).extension);
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(output.data()) + t.bytes.offset,
               static_cast<std::streamsize>(t.bytes.length));
  }
}

Orientation TurnOf(int exif_orientation) {
  return OrientationFromExif(exif_orientation);
}

// Returns the thumbnailer's hint to the decoder for a picture stored in this
// size.
DecodeHint HintFor(std::uint32_t width, std::uint32_t height, Orientation turn,
                   const Recipe& recipe) {
  if (turn.transpose) std::swap(width, height);
  return HintFor(PlanSizes(width, height, recipe, AllSizes(recipe)), turn,
                 recipe);
}

// ---- our decoders alone, with rows into rings that nobody reads ----

using Readers = std::map<std::string, int>;

bool ReadRows(RowSource* source) {
  const PictureShape& shape = source->shape();
  std::vector<RowRing> buffers;
  for (int p = 0; p < shape.plane_count; ++p)
    buffers.emplace_back(source->BandRows(p), source->RowBytes(p));
  Rings rings{};
  for (std::size_t p = 0; p < buffers.size(); ++p) rings[p] = &buffers[p];
  const auto complete = [&] {
    for (std::size_t p = 0; p < buffers.size(); ++p)
      if (buffers[p].end() < shape.planes[p].height) return false;
    return true;
  };
  while (!complete())
    if (!source->ReadBand(rings)) return false;
  return source->Finish().has_value();
}

class OwnDecoders {
 public:
  explicit OwnDecoders(const Recipe& recipe) : recipe_(recipe) {}

  bool Decode(const Bytes& bytes, Readers* readers) {
    warnings_.Clear();
    const ImageFormat format = Sniff(bytes).format;
    if (format == ImageFormat::kUnknown) return false;
    const auto decoder = CodecOf(format).open(
        bytes, {recipe_.fail_on, recipe_.limits}, &warnings_);
    if (!decoder) return false;
    const OpenedPicture& picture = (*decoder)->picture();
    DecodeHint hint = HintFor(picture.header.width, picture.header.height,
                              TurnOf(picture.exif_orientation), recipe_);
    hint.halved_chroma = HalvesChroma(picture, format);
    bool whole = false;
    do {
      const auto source = (*decoder)->Start(hint);
      if (!source) return false;
      whole = ReadRows(*source);
    } while (!whole && (*decoder)->CanFallBack());
    ++(*readers)[(*decoder)->reader()];
    return whole;
  }

 private:
  // Returns whether an unpadded thumbnail in the format of its source has
  // halved chroma.
  bool HalvesChroma(const OpenedPicture& picture, ImageFormat format) {
    const FormatWriter* writer = CodecOf(format).writer;
    return writer != nullptr && writer->halves_chroma != nullptr &&
           writer->halves_chroma(recipe_) &&
           picture.model == ColourModel::kYcc &&
           picture.ycc.weights == YccCode::Weights::kBt601 &&
           transforms_.Get(picture.icc, picture.model, {picture.wide, false},
                           &warnings_) == nullptr;
  }

  const Recipe& recipe_;
  ColourTransforms transforms_;
  DecodeWarnings warnings_;
};

// ---- libjpeg-turbo alone ----

struct Jump {
  jpeg_error_mgr errors;
  std::jmp_buf jump;
};

// Decodes to RGB rows, as a program without a resizer of its own would.
bool DecodeByLibrary(const Bytes& bytes, const Recipe& recipe, Bytes* row) {
  const auto header = PeekHeader(bytes);
  if (!header || header->format != ImageFormat::kJpeg) return false;
  const JpegLayout layout = WalkJpeg(bytes);
  const DecodeHint hint = HintFor(header->width, header->height,
                                  TurnOf(ExifOrientation(layout.exif)), recipe);
  jpeg_decompress_struct jpeg;
  Jump errors;
  jpeg.err = jpeg_std_error(&errors.errors);
  jpeg.client_data = &errors;
  errors.errors.error_exit = [](j_common_ptr common) {
    std::longjmp(static_cast<Jump*>(common->client_data)->jump, 1);
  };
  if (setjmp(errors.jump) != 0) return false;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
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

// ---- counting ----

double Seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Results of one round.
struct Round {
  std::size_t made = 0;
  std::size_t failed = 0;
  std::size_t bytes = 0;
  StageTimes times;
  Readers readers;
};

Round MakeThumbnails(const std::vector<Input>& inputs, const Recipe& recipe,
                     const fs::path& save) {
  static Thumbnailer thumbnailer(recipe);
  static Bytes output(8 << 20);
  Round round;
  for (const Input& input : inputs) {
    const Outcome outcome =
        thumbnailer.Run(input.bytes, AllSizes(recipe), output);
    ++(outcome.ok() ? round.made : round.failed);
    for (const Thumbnail& t : outcome.thumbnails) round.bytes += t.bytes.length;
    round.times.decode += outcome.times.decode;
    round.times.resize += outcome.times.resize;
    round.times.encode += outcome.times.encode;
    if (!save.empty()) Save(save, input, outcome, output);
  }
  return round;
}

Round DecodeOnly(const std::vector<Input>& inputs, const Recipe& recipe,
                 Mode mode) {
  Round round;
  OwnDecoders decoders(recipe);
  Bytes row;
  for (const Input& input : inputs) {
    const bool decoded = mode == Mode::kLibjpeg
                             ? DecodeByLibrary(input.bytes, recipe, &row)
                             : decoders.Decode(input.bytes, &round.readers);
    ++(decoded ? round.made : round.failed);
  }
  return round;
}

void Print(const Options& options, const Round& round, std::size_t inputs,
           double seconds) {
  std::printf("%s: %zu made, %zu failed, %.1f images/s, %.3f ms an image\n",
              options.mode == Mode::kThumbnails ? "thumbnails" : "decode only",
              round.made, round.failed, static_cast<double>(inputs) / seconds,
              1e3 * seconds / static_cast<double>(inputs));
  for (const auto& [reader, files] : round.readers)
    std::printf("reader %s: %d files\n", reader.c_str(), files);
  if (options.mode != Mode::kThumbnails) return;
  const auto ms = [](Micros time) {
    return static_cast<double>(time.count()) / 1e3;
  };
  std::printf("decode %.1f ms, resize %.1f ms, encode %.1f ms, %zu bytes\n",
              ms(round.times.decode), ms(round.times.resize),
              ms(round.times.encode), round.bytes);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseArguments(argc, argv);
  const Recipe recipe = RecipeFor(options);
  std::vector<Input> inputs;
  for (const fs::path& path : options.files)
    inputs.push_back({path, ReadFile(path)});
  if (options.rounds < 1 || inputs.empty()) {
    std::fprintf(stderr, "nothing to do\n");
    return 1;
  }
  std::vector<double> rounds;
  Round last;
  for (int i = 0; i < options.rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    last = options.mode == Mode::kThumbnails
               ? MakeThumbnails(inputs, recipe, i == 0 ? options.save : "")
               : DecodeOnly(inputs, recipe, options.mode);
    rounds.push_back(Seconds(std::chrono::steady_clock::now() - start));
  }
  Print(options, last, inputs.size(), Median(rounds));
  return 0;
}
