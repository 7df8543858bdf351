#include "coordinator/source/open_sources.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "common/log.h"
#include "common/unique_fd.h"
#include "coordinator/net/url.h"
#include "coordinator/source/directory_source.h"
#include "coordinator/source/line_reader.h"
#include "coordinator/source/list_entry.h"
#include "coordinator/source/list_guess.h"
#include "coordinator/source/list_source.h"
#include "coordinator/source/name_parts.h"
#include "coordinator/source/table_source.h"
#include "proto/image_format.h"

namespace thumbmill {
namespace {

// Gives one image that was named on the command line.
class SingleSource final : public Source {
 public:
  explicit SingleSource(ImageRef ref) : ref_(std::move(ref)) {}
  Result<std::optional<ImageRef>> Next() override {
    return std::exchange(ref_, std::nullopt);
  }
  std::optional<double> progress() const override { return ref_ ? 0 : 1; }

 private:
  std::optional<ImageRef> ref_;
};

// Gives the items of all parts, one part after the other, with numbers that
// continue over all parts. If a list cannot be read to its end, logs the error
// at once, reads the other parts, and then Next() fails.
class ChainedSource final : public Source {
 public:
  explicit ChainedSource(std::vector<std::unique_ptr<Source>> parts)
      : parts_(std::move(parts)) {}

  Result<std::optional<ImageRef>> Next() override {
    while (current_ < parts_.size()) {
      Result<std::optional<ImageRef>> next = parts_[current_]->Next();
      if (next && *next) return Numbered(std::move(*next));
      if (!next) Remember(std::move(next).error());
      ++current_;
    }
    if (failed_) return tl::unexpected<Error>(*failed_);
    return std::nullopt;
  }
  bool Ready() override {
    return current_ >= parts_.size() || parts_[current_]->Ready();
  }
  // All parts have the same weight.
  std::optional<double> progress() const override {
    if (parts_.empty()) return 1.0;
    double sum = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const std::optional<double> one = parts_[i]->progress();
      if (i < current_) {
        sum += 1;
      } else if (!one) {
        return std::nullopt;
      } else if (i == current_) {
        sum += *one;
      }
    }
    return sum / static_cast<double>(parts_.size());
  }

 private:
  ImageRef Numbered(std::optional<ImageRef> ref) {
    if (!ref->has_index) ref->index = next_index_;
    ++next_index_;
    return std::move(*ref);
  }
  void Remember(Error error) {
    LogError(error.what);
    if (!failed_) failed_ = std::move(error);
  }

  std::vector<std::unique_ptr<Source>> parts_;
  std::optional<Error> failed_;  // the first error
  std::size_t current_ = 0;
  std::uint64_t next_index_ = 0;
};

std::string FormatOf(std::string name, const std::string& given) {
  if (!given.empty()) return given;
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  for (const char* format : {"csv", "tsv", "jsonl", "txt"})
    if (name.ends_with(std::string(".") + format)) return format;
  if (name.ends_with(".lst") || name.ends_with(".list") ||
      name.ends_with(".urls"))
    return "txt";
  return "";
}

// Returns the path of a URL, or the input itself if it is no http(s) URL.
std::string PathOf(const std::string& input) {
  const std::optional<Url> url = ParseUrl(input);
  return url ? url->path : input;
}

// Returns true if the file is itself a picture and not a list of pictures.
// Looks at the extension, then at the first bytes.
bool IsPicture(const std::string& path) {
  if (FormatFromExtension(path.substr(path.rfind('.') + 1)) !=
      ImageFormat::kUnknown)
    return true;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 512> head{};
  const ssize_t n = fd.valid() ? read(fd.get(), head.data(), head.size()) : -1;
  return n > 0 && LooksLikePicture({head.data(), static_cast<std::size_t>(n)});
}

Status CheckIsList(LineReader* lines, const std::string& format) {
  const Result<std::string_view> head = lines->Head();
  if (!head) return {};  // Next() returns the error
  const std::string why = WhyNoList(*head, format);
  if (why.empty()) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{} is not a list: {}", lines->name(), why));
}

// Reads a list from a pipe. Checks its first text in Next(), not when it opens,
// so that opening does not wait for the pipe's writer.
class PipedSource final : public Source {
 public:
  PipedSource(LineReader* lines, std::string format,
              std::unique_ptr<Source> source)
      : lines_(lines), format_(std::move(format)), source_(std::move(source)) {}
  Result<std::optional<ImageRef>> Next() override {
    if (!std::exchange(checked_, true))
      RETURN_IF_ERROR(CheckIsList(lines_, format_));
    return source_->Next();
  }
  bool Ready() override { return source_->Ready(); }

 private:
  LineReader* lines_;  // `source_` owns it
  std::string format_;
  std::unique_ptr<Source> source_;
  bool checked_ = false;
};

Result<std::unique_ptr<Source>> OpenTable(std::unique_ptr<LineReader> lines,
                                          const std::string& format,
                                          const SourceOptions& options) {
  // A table must read its header now, so a pipe is waited for here.
  const std::string name = lines->name();
  RETURN_IF_ERROR(CheckIsList(lines.get(), format));
  auto table = DelimitedSource::Open(
      std::move(lines), format == "csv" ? ',' : '\t', options.url_column);
  if (!table && table.error().code == ErrorCode::kUsage)
    return Fail(ErrorCode::kUsage, name + ": " + table.error().what);
  return table;
}

Result<std::unique_ptr<Source>> OpenLines(std::unique_ptr<LineReader> opened,
                                          const std::string& format,
                                          const SourceOptions& options) {
  if (format == "csv" || format == "tsv")
    return OpenTable(std::move(opened), format, options);
  LineReader* lines = opened.get();
  if (!lines->waits()) RETURN_IF_ERROR(CheckIsList(lines, format));
  std::unique_ptr<Source> source;
  if (format == "jsonl")
    source = std::make_unique<JsonLinesSource>(std::move(opened),
                                               options.url_column);
  else
    source = std::make_unique<ListSource>(std::move(opened));
  if (!lines->waits()) return source;
  return std::make_unique<PipedSource>(lines, format, std::move(source));
}

Result<std::unique_ptr<Source>> OpenList(const std::string& path,
                                         const std::string& format,
                                         const SourceOptions& options) {
  auto opened = LineReader::Open(path, options.cancel_fd);
  if (!opened) return Fail(ErrorCode::kUsage, opened.error().what);
  return OpenLines(std::move(*opened), format, options);
}

// Waits for the first text of the list, so that a list that cannot be
// downloaded stops the run before it starts, as a missing file does.
Result<std::unique_ptr<Source>> OpenUrlList(const std::string& url,
                                            const SourceOptions& options) {
  ASSIGN_OR_RETURN(ListStream stream, options.download(url));
  auto lines = LineReader::FromStream(std::move(stream), options.cancel_fd);
  const Result<std::string_view> head = lines->Head();
  if (!head && head.error().code == ErrorCode::kNotFound)
    return Fail(ErrorCode::kUsage, "--input " + head.error().what);
  const std::string format = FormatOf(PathOf(url), options.input_format);
  RETURN_IF_ERROR(CheckIsList(lines.get(), format));
  return OpenLines(std::move(lines), format, options);
}

Result<std::unique_ptr<Source>> OpenDirectory(const std::string& path,
                                              bool several,
                                              const SourceOptions& options) {
  DirectoryOptions directory;
  directory.root = path;
  while (directory.root.size() > 1 && directory.root.ends_with('/'))
    directory.root.pop_back();
  // Two roots may hold files of the same relative path: the names of the roots
  // keep their thumbnails apart.
  if (several) {
    const std::string root = AbsolutePath(directory.root);
    directory.prefix = root.substr(root.rfind('/') + 1) + "/";
  }
  directory.include = options.include;
  directory.exclude = options.exclude;
  directory.never_enter = options.never_enter;
  return DirectorySource::Open(directory);
}

Result<std::unique_ptr<Source>> OpenOne(const std::string& input,
                                        bool several_roots,
                                        const SourceOptions& options) {
  if (input == "-")
    return OpenList("-", FormatOf("", options.input_format), options);
  if (IsUrlList(input, options.input_format))
    return OpenUrlList(input, options);
  if (LooksLikeUrl(input)) {
    ImageRef ref = FromListEntry(input, Origin::kArgument);
    if (ref.reason != Reason::kNone)
      return Fail(ErrorCode::kUsage, "--input: " + ref.message);
    return std::make_unique<SingleSource>(std::move(ref));
  }
  struct stat st;
  if (stat(input.c_str(), &st) != 0) {
    // The input may be no path at all, such as "www.a.org": say so then.
    const int error = errno;
    const ImageRef ref = FromListEntry(input, Origin::kArgument);
    return Fail(ErrorCode::kUsage,
                ref.reason == Reason::kBadLine
                    ? "--input: " + ref.message
                    : SystemError("--input " + input, error).what);
  }
  if (S_ISDIR(st.st_mode)) return OpenDirectory(input, several_roots, options);
  const std::string format = FormatOf(input, options.input_format);
  if (format.empty() && S_ISREG(st.st_mode) && IsPicture(input)) {
    const std::string name = input.substr(input.rfind('/') + 1);
    return std::make_unique<SingleSource>(
        FromPath(input, name, Origin::kArgument));
  }
  return OpenList(input, format, options);
}

}  // namespace

bool IsUrlList(const std::string& input, const std::string& input_format) {
  const std::optional<Url> url = ParseUrl(input);
  return url && (!FormatOf(url->path, input_format).empty() ||
                 url->path.ends_with(".gz"));
}

Result<OpenedSources> OpenSources(const std::vector<std::string>& inputs,
                                  const SourceOptions& options) {
  constexpr std::array kFormats = {"", "txt", "csv", "tsv", "jsonl"};
  if (std::find(kFormats.begin(), kFormats.end(), options.input_format) ==
      kFormats.end())
    return Fail(ErrorCode::kUsage,
                fmt::format("--input-format: '{}' is none of: txt, csv, tsv, "
                            "jsonl",
                            options.input_format));
  const auto roots =
      std::count_if(inputs.begin(), inputs.end(), [](const std::string& path) {
        struct stat st;
        return stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
      });
  OpenedSources opened;
  std::vector<std::unique_ptr<Source>> parts;
  for (const std::string& input : inputs) {
    ASSIGN_OR_RETURN(auto part, OpenOne(input, roots > 1, options));
    parts.push_back(std::move(part));
    opened.retry_failed |= PathOf(input).ends_with("failed.jsonl");
  }
  opened.source = std::make_unique<ChainedSource>(std::move(parts));
  return opened;
}

}  // namespace thumbmill
