// Links: tm_source
// Dictionary: list.dict
//
// Reads lists with any bytes in them; the first byte picks the format, and
// whether the list is a download. Checks that the list ends, that each item has
// a name which stays inside the target, that an item's URI, put into a list
// again, names the same item, and that no download names a local path.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/unique_fd.h"
#include "coordinator/source/list_entry.h"
#include "coordinator/source/list_guess.h"
#include "coordinator/source/list_source.h"
#include "coordinator/source/name_parts.h"
#include "coordinator/source/name_template.h"
#include "coordinator/source/table_source.h"
#include "proto/size_spec.h"

namespace thumbmill {
namespace {

std::unique_ptr<LineReader> Lines(std::string_view text, bool remote) {
  static const int fd = memfd_create("list", MFD_CLOEXEC);
  CHECK(fd >= 0 && ftruncate(fd, 0) == 0);
  CHECK(pwrite(fd, text.data(), text.size(), 0) ==
        static_cast<ssize_t>(text.size()));
  if (remote) {
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    return LineReader::FromStream(
        {UniqueFd(dup(fd)), std::make_shared<StreamEnd>(), "http://h/l"}, -1);
  }
  auto lines = LineReader::Open("/proc/self/fd/" + std::to_string(fd), -1);
  CHECK(lines.has_value());
  return std::move(*lines);
}

std::unique_ptr<Source> OpenList(std::uint8_t format, std::string_view text) {
  const bool remote = (format & 4) != 0;
  switch (format % 4) {
    case 0:
      return std::make_unique<ListSource>(Lines(text, remote));
    case 1:
      return std::make_unique<JsonLinesSource>(Lines(text, remote), "url");
    default: {
      const char delimiter = format % 4 == 2 ? ',' : '\t';
      auto table = DelimitedSource::Open(Lines(text, remote), delimiter, "url");
      return table ? std::move(*table) : nullptr;
    }
  }
}

void CheckSafe(std::string_view name) {
  CHECK(!name.empty() && name.front() != '/' && name.back() != '/');
  CHECK(!name.starts_with(".thumbmill/") && name != ".thumbmill");
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, end);
    CHECK(!part.empty() && part.size() <= 255 && part != "." && part != "..");
    for (const char c : part)
      CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '\\');
    name.remove_prefix(std::min(end + 1, name.size()));
  }
}

void CheckItem(const ImageRef& item, const NameTemplate& name) {
  const SizeSpec size = ParseSize("200x", Fit::kInside).value();
  for (const ImageFormat format : {ImageFormat::kJpeg, ImageFormat::kPng})
    CheckSafe(name.Name(item, size, 200, 100, format, ImageFormat::kUnknown));
  CheckSafe(name.Claim(item, ImageFormat::kUnknown));
  CHECK(item.uri.size() <= LineReader::kMaxLine || item.is_url ||
        !item.path.empty() || item.reason == Reason::kBadLine);
  for (const std::string* part : {&item.dir, &item.stem})
    CHECK(PartFromRecord(RecordPart(*part)) == *part);
  if (item.origin == Origin::kRemoteList)
    CHECK(item.path.empty() &&
          (item.is_url || item.reason == Reason::kBadLine));
  if (item.reason == Reason::kBadLine) return;
  const ImageRef again = FromListEntry(ListableUri(item.uri), Origin::kList);
  CHECK(SourceKey(again) == SourceKey(item));
}

}  // namespace
}  // namespace thumbmill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace thumbmill;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1),
                              size - 1);
  static const NameTemplate standard = NameTemplate::Parse("").value();
  static const NameTemplate odd =
      NameTemplate::Parse("{host}/{dir}/{srcext}/{stem}").value();
  CHECK(!LooksLikePicture(text) || !text.empty());
  for (const char* format : {"txt", "csv", "tsv", "jsonl"})
    (void)WhyNoList(text, format);
  const std::unique_ptr<Source> source = OpenList(data[0], text);
  if (source == nullptr) return 0;
  for (std::size_t items = 0;; ++items) {
    // Each item takes at least one byte of the list, so more items would mean
    // that the list never ends.
    CHECK(items <= size);
    const auto item = source->Next();
    if (!item || !*item) return 0;
    CheckItem(**item, items % 2 == 0 ? standard : odd);
  }
}
