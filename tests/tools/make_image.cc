// Writes pictures for tests and measurements.
//
//   make_image [options] OUT.jpg|OUT.png|OUT.webp|OUT.gif|OUT.avif
//   make_image [options] --many DIR COUNT WxH
//
// Options: --size WxH  --kind gradient|checker|noise|photo  --seed N
//   --colour grey|greya|rgb|rgba|cmyk|ycck  --quality N  --sampling 420|422|444
//   --progressive --arithmetic --interlaced --palette --deep --lossless
//   --orientation N
// --many writes COUNT different JPEGs, 1,000 to a folder.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "tests/tools/pictures.h"

namespace {

namespace fs = std::filesystem;
using thumbmill::testing::Bytes;
using thumbmill::testing::Kind;
using thumbmill::testing::MakePicture;
using thumbmill::testing::WriteAvif;
using thumbmill::testing::WriteGif;
using thumbmill::testing::WriteJpeg;
using thumbmill::testing::WritePng;
using thumbmill::testing::WriteWebp;

struct Options {
  std::uint32_t width = 640;
  std::uint32_t height = 480;
  Kind kind = Kind::kPhoto;
  std::uint32_t seed = 1;
  int channels = 3;
  thumbmill::testing::JpegOptions jpeg;
  thumbmill::testing::PngOptions png;
  thumbmill::testing::WebpOptions webp;
  fs::path out;
  fs::path many;
  int count = 0;
};

[[noreturn]] void Usage(const std::string& why) {
  std::fprintf(stderr, "make_image: %s (see the head of make_image.cc)\n",
               why.c_str());
  std::exit(1);
}

void ParseSize(const char* text, Options* options) {
  if (std::sscanf(text, "%ux%u", &options->width, &options->height) != 2 ||
      options->width == 0 || options->height == 0)
    Usage(std::string("no size: ") + text);
}

Kind ParseKind(std::string_view word) {
  if (word == "gradient") return Kind::kGradient;
  if (word == "checker") return Kind::kChecker;
  if (word == "noise") return Kind::kNoise;
  if (word == "photo") return Kind::kPhoto;
  Usage("no kind: " + std::string(word));
}

void ParseColour(std::string_view word, Options* options) {
  options->jpeg.ycck = word == "ycck";
  if (word == "grey")
    options->channels = 1;
  else if (word == "greya")
    options->channels = 2;
  else if (word == "rgb")
    options->channels = 3;
  else if (word == "rgba" || word == "cmyk" || word == "ycck")
    options->channels = 4;
  else
    Usage("no colour: " + std::string(word));
}

void ParseSampling(std::string_view word, Options* options) {
  if (word != "420" && word != "422" && word != "444")
    Usage("no sampling: " + std::string(word));
  options->jpeg.h_samp = word == "444" ? 1 : 2;
  options->jpeg.v_samp = word == "420" ? 2 : 1;
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto value = [&]() -> const char* {
      if (++i >= argc) Usage(std::string(word) + " needs a value");
      return argv[i];
    };
    if (word == "--size")
      ParseSize(value(), &options);
    else if (word == "--kind")
      options.kind = ParseKind(value());
    else if (word == "--seed")
      options.seed = static_cast<std::uint32_t>(std::atoi(value()));
    else if (word == "--colour")
      ParseColour(value(), &options);
    else if (word == "--quality")
      options.jpeg.quality = options.webp.quality = std::atoi(value());
    else if (word == "--sampling")
      ParseSampling(value(), &options);
    else if (word == "--progressive")
      options.jpeg.progressive = true;
    else if (word == "--arithmetic")
      options.jpeg.arithmetic = true;
    else if (word == "--interlaced")
      options.png.interlaced = true;
    else if (word == "--palette")
      options.png.palette = true;
    else if (word == "--lossless")
      options.webp.lossless = true;
    else if (word == "--deep")
      options.png.deep = true;
    else if (word == "--orientation")
      options.jpeg.orientation = options.png.orientation =
          options.webp.orientation = std::atoi(value());
    else if (word == "--many") {
      options.many = value();
      options.count = std::atoi(value());
      ParseSize(value(), &options);
    } else if (word.starts_with("--")) {
      Usage("unknown: " + std::string(word));
    } else {
      options.out = word;
    }
  }
  if (options.out.empty() == options.many.empty()) Usage("one output, please");
  return options;
}

void WriteFile(const fs::path& path, const Bytes& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) Usage("cannot write " + path.string());
}

Bytes Encode(const Options& options) {
  const auto picture = MakePicture(options.kind, options.width, options.height,
                                   options.channels, options.seed);
  const auto suffix = options.out.extension();
  if (suffix == ".webp") return WriteWebp(picture, options.webp);
  if (suffix == ".avif") {
    thumbmill::testing::AvifOptions avif;
    avif.bits = options.png.deep ? 10 : 8;
    avif.sampling = options.channels < 3       ? 400
                    : options.jpeg.h_samp == 1 ? 444
                    : options.jpeg.v_samp == 1 ? 422
                                               : 420;
    avif.quantizer = 63 - options.jpeg.quality * 63 / 100;
    avif.orientation = options.jpeg.orientation;
    return WriteAvif(picture, avif);
  }
  if (suffix == ".gif")
    return WriteGif(picture, {.screen_width = options.width,
                              .screen_height = options.height,
                              .interlaced = options.png.interlaced});
  const bool png = suffix == ".png";
  if (!png && options.channels == 2) Usage("a JPEG has no alpha");
  return png ? WritePng(picture, options.png)
             : WriteJpeg(picture, options.jpeg);
}

// Makes different files from few pictures by a comment after the start marker.
// Making a new picture for each file would take longer than the measurement.
Bytes WithComment(const Bytes& jpeg, int number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  std::string bytes(jpeg.begin(), jpeg.end());
  bytes.insert(2, std::string("\xFF\xFE\0\x0C", 4) + digits);
  return {bytes.begin(), bytes.end()};
}

void WriteMany(Options options) {
  constexpr int kPictures = 64, kFolder = 1000;
  std::vector<Bytes> pictures;
  for (int i = 0; i < kPictures && i < options.count; ++i) {
    pictures.push_back(Encode(options));
    ++options.seed;
  }
  for (int i = 0; i < options.count; ++i) {
    const fs::path folder =
        options.many / ("part" + std::to_string(i / kFolder));
    if (i % kFolder == 0) fs::create_directories(folder);
    char name[32];
    std::snprintf(name, sizeof name, "image%07d.jpg", i);
    const auto which = static_cast<std::size_t>(i % kPictures);
    WriteFile(folder / name, WithComment(pictures[which], i));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  if (options.many.empty()) {
    WriteFile(options.out, Encode(options));
  } else {
    WriteMany(options);
  }
  return 0;
}
