#include "coordinator/source/open_sources.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "common/unique_fd.h"
#include "coordinator/net/url.h"
#include "coordinator/source/directory_source.h"
#include "coordinator/source/line_reader.h"
#include "coordinator/source/list_entry.h"
#include "coordinator/source/list_source.h"
#include "coordinator/source/naming.h"
#include "coordinator/source/table_source.h"

namespace thumbmill {
namespace {

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

// One after the other; numbers the items over all of them.
class ChainedSource final : public Source {
 public:
  explicit ChainedSource(std::vector<std::unique_ptr<Source>> parts)
      : parts_(std::move(parts)) {}

  Result<std::optional<ImageRef>> Next() override {
    while (current_ < parts_.size()) {
      ASSIGN_OR_RETURN(std::optional<ImageRef> ref, parts_[current_]->Next());
      if (ref) {
        if (!ref->has_index) ref->index = next_index_;
        ++next_index_;
        return ref;
      }
      ++current_;
    }
    return std::nullopt;
  }
  bool Ready() override {
    return current_ >= parts_.size() || parts_[current_]->Ready();
  }
  // Each part counts the same; those that were read do so in full.
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
  std::vector<std::unique_ptr<Source>> parts_;
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

// A picture that was named itself, rather than a list of pictures: by its
// extension, or by bytes that no text has. Gzip is a list.
bool LooksLikeImage(const std::string& path) {
  if (FormatFromExtension(path.substr(path.rfind('.') + 1)) !=
      ImageFormat::kUnknown)
    return true;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> head{};
  const ssize_t n = fd.valid() ? read(fd.get(), head.data(), head.size()) : -1;
  if (n <= 0) return false;
  const std::string_view bytes(head.data(), static_cast<std::size_t>(n));
  return bytes.starts_with("\xff\xd8\xff") || bytes.starts_with("GIF8") ||
         (bytes.find('\0') != std::string_view::npos &&
          !bytes.starts_with("\x1f\x8b"));
}

Result<std::unique_ptr<Source>> OpenList(const std::string& path,
                                         const std::string& format,
                                         const SourceOptions& options) {
  Result<std::unique_ptr<LineReader>> lines =
      LineReader::Open(path, options.cancel_fd);
  if (!lines) return Fail(ErrorCode::kUsage, lines.error().what);
  if (format == "csv")
    return DelimitedSource::Open(std::move(*lines), ',', options.url_column);
  if (format == "tsv")
    return DelimitedSource::Open(std::move(*lines), '\t', options.url_column);
  if (format == "jsonl")
    return std::make_unique<JsonLinesSource>(std::move(*lines),
                                             options.url_column);
  return std::make_unique<ListSource>(std::move(*lines));
}

Result<std::unique_ptr<Source>> OpenDirectory(const std::string& path,
                                              bool several,
                                              const SourceOptions& options) {
  DirectoryOptions directory;
  directory.root = path;
  while (directory.root.size() > 1 && directory.root.ends_with('/'))
    directory.root.pop_back();
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
  if (input == "-") return OpenList("-", FormatOf("", options.input_format),
                                    options);
  if (LooksLikeUrl(input)) {
    ImageRef ref = FromListEntry(input, Origin::kArgument);
    if (ref.reason != Reason::kNone)
      return Fail(ErrorCode::kUsage, "--input: " + ref.message);
    return std::make_unique<SingleSource>(std::move(ref));
  }
  struct stat st;
  if (stat(input.c_str(), &st) != 0)
    return Fail(ErrorCode::kUsage,
                SystemError("--input " + input, errno).what);
  if (S_ISDIR(st.st_mode)) return OpenDirectory(input, several_roots, options);
  const std::string format = FormatOf(input, options.input_format);
  if (format.empty() && S_ISREG(st.st_mode) && LooksLikeImage(input)) {
    const std::string name = input.substr(input.rfind('/') + 1);
    return std::make_unique<SingleSource>(
        FromPath(input, name, Origin::kArgument));
  }
  return OpenList(input, format, options);
}

}  // namespace

Result<OpenedSources> OpenSources(const std::vector<std::string>& inputs,
                                  const SourceOptions& options) {
  constexpr std::array kFormats = {"", "txt", "csv", "tsv", "jsonl"};
  if (std::find(kFormats.begin(), kFormats.end(), options.input_format) ==
      kFormats.end())
    return Fail(ErrorCode::kUsage,
                fmt::format("--input-format '{}' is none of: txt, csv, tsv, "
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
    opened.retry_failed |= input.ends_with("failed.jsonl");
  }
  opened.source = std::make_unique<ChainedSource>(std::move(parts));
  return opened;
}

}  // namespace thumbmill
