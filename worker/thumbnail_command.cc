#include "worker/thumbnail_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <set>

#include "common/bytes.h"
#include "common/printable.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "common/words.h"
#include "proto/size_spec.h"
#include "worker/thumbnailer.h"

namespace thumbmill {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitUsage = 1;
constexpr int kExitImage = 2;

constexpr std::uint64_t kLeastOutput = 1 << 20;
// Most bytes that the first try allocates: the estimate comes from a header,
// which may lie.
constexpr std::uint64_t kMostAtFirst = 64 << 20;
// Most tries with an output range, each larger than the one before.
constexpr int kMaxTries = 6;

struct Request {
  std::string input, output;
  std::vector<std::string> sizes;
  std::string fit = "inside", format, quality = "jpg=80,webp=80";
  std::string filter = "lanczos3", background = "white", fail_on = "error";
  std::string keep = "none";
  bool enlarge = false, no_rotate = false, linear = false, info = false;
};

void Declare(CLI::App* command, Request* request) {
  command->add_option("IN", request->input, "the image")->required();
  command->add_option("OUT", request->output,
                      "where it goes; may hold {size}, {w}, {h}");
  command
      ->add_option("-s,--size", request->sizes,
                   "200, 200x100, 200x, x200, with ! ^ < >; repeat, or "
                   "separate by commas")
      ->delimiter(',');
  command
      ->add_option("--fit", request->fit,
                   "inside, outside, cover, contain, fill")
      ->capture_default_str();
  command->add_flag("--enlarge", request->enlarge, "also make it larger");
  command->add_option("--format", request->format,
                      "jpg, png, webp, same (default: by the suffix of OUT)");
  command->add_option("--quality", request->quality, "1-100, or jpg=80,webp=80")
      ->capture_default_str();
  command
      ->add_option("--filter", request->filter,
                   "lanczos3, mitchell, cubic, linear, box, nearest")
      ->capture_default_str();
  command->add_flag("--linear", request->linear, "resize in linear light");
  command
      ->add_option("--background", request->background, "white, #rgb, #rrggbb")
      ->capture_default_str();
  command->add_flag("--no-rotate", request->no_rotate,
                    "ignore the EXIF orientation");
  command
      ->add_option("--keep", request->keep,
                   "none, all, or some of icc,exif,copyright")
      ->capture_default_str();
  command
      ->add_option("--fail-on", request->fail_on,
                   "none, truncated, error, warning")
      ->capture_default_str();
  command->add_flag("--info", request->info, "print what the header says");
}

// Returns the format that the suffix of OUT names, or kUnknown if it names none
// that can be written.
ImageFormat FormatOf(const std::string& output) {
  const std::size_t dot = output.rfind('.');
  if (dot == std::string::npos) return ImageFormat::kUnknown;
  const ImageFormat named = FormatFromExtension(output.substr(dot + 1));
  return CanBeWritten(named) ? named : ImageFormat::kUnknown;
}

Result<Recipe> MakeRecipe(const Request& request) {
  Recipe recipe;
  ASSIGN_OR_RETURN(const Fit fit, ParseFit(request.fit));
  for (const std::string& text : request.sizes) {
    ASSIGN_OR_RETURN(SizeSpec size, ParseSize(text, fit));
    recipe.sizes.push_back(std::move(size));
  }
  if (recipe.sizes.size() > kMaxSizes)
    return Fail(ErrorCode::kUsage, "more than 64 sizes");
  recipe.enlarge = request.enlarge;
  recipe.format = FormatOf(request.output);
  if (!request.format.empty()) {
    ASSIGN_OR_RETURN(recipe.format, ParseOutputFormat(request.format));
  }
  RETURN_IF_ERROR(ParseQuality(request.quality, &recipe));
  ASSIGN_OR_RETURN(recipe.filter, ParseFilter(request.filter));
  ASSIGN_OR_RETURN(recipe.background, ParseColour(request.background));
  ASSIGN_OR_RETURN(recipe.keep, ParseKeep(request.keep));
  ASSIGN_OR_RETURN(recipe.fail_on, ParseFailOn(request.fail_on));
  recipe.rotate = !request.no_rotate;
  recipe.linear = request.linear;
  return recipe;
}

Result<std::vector<std::uint8_t>> ReadFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return FailSystem(path, errno);
  std::vector<std::uint8_t> bytes;
  // IN may be a pipe, whose size is not known before its end.
  constexpr std::size_t kStep = 1 << 20;
  while (true) {
    const std::size_t at = bytes.size();
    bytes.resize(at + kStep);
    const ssize_t n = read(fd.get(), bytes.data() + at, kStep);
    if (n < 0) return FailSystem(path, errno);
    bytes.resize(at + static_cast<std::size_t>(n));
    if (n == 0) return bytes;
  }
}

Status WriteAll(int fd, ByteSpan bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0) return FailSystem(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

// Writes to a file of another name and renames it, so that no partial file has
// the right name.
Status WriteFile(const std::string& path, ByteSpan bytes) {
  const std::string part = path + ".part";
  UniqueFd fd(
      open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd.valid()) return FailSystem(part, errno);
  Status written = WriteAll(fd.get(), bytes, part);
  fd.Reset();
  if (written && rename(part.c_str(), path.c_str()) != 0)
    written = FailSystem(path, errno);
  if (!written) unlink(part.c_str());
  return written;
}

void ReplaceAll(std::string* text, std::string_view what,
                const std::string& by) {
  for (std::size_t at = text->find(what); at != std::string::npos;
       at = text->find(what, at + by.size()))
    text->replace(at, what.size(), by);
}

std::string NameOf(const std::string& pattern, const SizeSpec& size,
                   const Thumbnail& thumbnail) {
  std::string name = pattern;
  ReplaceAll(&name, "{size}", size.label);
  ReplaceAll(&name, "{w}", std::to_string(thumbnail.width));
  ReplaceAll(&name, "{h}", std::to_string(thumbnail.height));
  return name;
}

// Returns the name with the extension of `written`. OUT has the extension of
// another format, for which this thumbnail is too long.
std::string WithExtension(std::string name, ImageFormat written) {
  const std::size_t dot = name.rfind('.');
  if (FormatOf(name) == ImageFormat::kUnknown) return name;
  return name.replace(dot + 1, std::string::npos, RowOf(written).extension);
}

int Usage(std::string_view what) {
  fmt::print(stderr, "worker: {}\n", Printable(what));
  return kExitUsage;
}

int Failed(const std::string& input, Reason reason, std::string_view message) {
  fmt::print(stderr, "worker: {}: {}: {}\n", Printable(input), ToString(reason),
             Printable(message));
  return kExitImage;
}

int PrintInfo(const std::string& input, ByteSpan bytes) {
  const std::optional<ImageHeader> header = PeekHeader(bytes);
  if (!header)
    return Failed(input, Reason::kNotImage, "not a format that is known");
  fmt::print("format: {}\n", ToString(header->format));
  if (header->width > 0)
    fmt::print("size: {}x{}\nchannels: {}\nbits: {}\n", header->width,
               header->height, header->components, header->bits);
  if (header->progressive) fmt::print("progressive: yes\n");
  if (header->interlaced) fmt::print("interlaced: yes\n");
  if (header->lossless) fmt::print("lossless: yes\n");
  fmt::print("bytes: {}\n", bytes.size());
  return kExitDone;
}

// An outcome, and the bytes of its thumbnails.
struct Made {
  Outcome outcome;
  std::vector<std::uint8_t> bytes;
};

Made Make(const Recipe& recipe, ByteSpan encoded) {
  const std::size_t n = recipe.sizes.size();
  const std::uint64_t all =
      n >= kMaxSizes ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
  std::uint64_t capacity = kLeastOutput;
  if (const auto header = PeekHeader(encoded))
    capacity = std::clamp(EstimateCost(*header, recipe, all).output_bytes,
                          kLeastOutput, kMostAtFirst);
  Thumbnailer thumbnailer(recipe);
  Made made;
  for (int i = 0; i < kMaxTries; ++i) {
    made.bytes.resize(capacity);
    made.outcome = thumbnailer.Run(encoded, all, made.bytes);
    if (made.outcome.needs_output_bytes == 0) break;
    capacity = std::max(made.outcome.needs_output_bytes, capacity * 2);
  }
  return made;
}

int Store(const Request& request, const Recipe& recipe, const Made& made) {
  std::set<std::string> names;
  for (const Thumbnail& thumbnail : made.outcome.thumbnails) {
    std::string name =
        NameOf(request.output, recipe.sizes[thumbnail.size_index], thumbnail);
    const ImageFormat written = made.outcome.FormatOf(thumbnail);
    if (written != made.outcome.output_format)
      name = WithExtension(std::move(name), written);
    if (!names.insert(name).second)
      return Usage("two sizes have the name " + name + "; put {size} into OUT");
    const ByteSpan bytes =
        ByteSpan(made.bytes)
            .subspan(thumbnail.bytes.offset, thumbnail.bytes.length);
    if (const Status stored = WriteFile(name, bytes); !stored)
      return Failed(request.input, Reason::kUpload, stored.error().what);
    fmt::print("{} {}x{} {} bytes\n", Printable(name), thumbnail.width,
               thumbnail.height, bytes.size());
  }
  return kExitDone;
}

int MakeThumbnails(const Request& request) {
  if (!request.info && (request.output.empty() || request.sizes.empty()))
    return Usage("OUT and at least one --size are needed");
  const Result<Recipe> recipe = MakeRecipe(request);
  if (!recipe) return Usage(recipe.error().what);
  const auto bytes = ReadFile(request.input);
  if (!bytes) return Failed(request.input, Reason::kRead, bytes.error().what);
  if (request.info) return PrintInfo(request.input, *bytes);
  const Made made = Make(*recipe, *bytes);
  for (const std::string& warning : made.outcome.warnings)
    fmt::print(stderr, "worker: {}: warning: {}\n", Printable(request.input),
               Printable(warning));
  // Without a reason, the output did not fit even in the last try.
  if (!made.outcome.ok())
    return Failed(request.input,
                  made.outcome.reason == Reason::kNone ? Reason::kTooCostly
                                                       : made.outcome.reason,
                  made.outcome.message);
  return Store(request, *recipe, made);
}

}  // namespace

int RunThumbnailCommand(const std::vector<std::string>& arguments) {
  Request request;
  CLI::App app(
      "Makes thumbnails of one image. Started as 'serve', works for "
      "a coordinator.",
      "worker");
  CLI::App* command = app.add_subcommand("thumbnail", "make thumbnails");
  Declare(command, &request);
  app.require_subcommand(1);
  std::vector<std::string> reversed;  // CLI11 takes them in this order
  for (const std::string& argument : arguments)
    reversed.insert(reversed.begin(), NormaliseFlag(argument));
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return Usage(error.what());
  }
  return MakeThumbnails(request);
}

}  // namespace thumbmill
