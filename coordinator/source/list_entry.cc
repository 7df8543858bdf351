#include "coordinator/source/list_entry.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "coordinator/net/url.h"
#include "coordinator/source/naming.h"

namespace thumbmill {
namespace {

ImageRef BadLine(std::string_view entry, std::string_view why) {
  ImageRef ref;
  ref.uri = std::string(entry);
  ref.reason = Reason::kBadLine;
  ref.message = fmt::format("{}: '{}'", why, Excerpt(RedactUrl(entry)));
  return ref;
}

ImageRef FromFileUrl(std::string_view entry, Origin origin) {
  std::string_view rest = entry.substr(7);
  if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  const std::string path = PercentDecode(rest);
  if (!path.starts_with('/'))
    return BadLine(entry, "a file:// URL of another host");
  if (path.find('\0') != std::string::npos)
    return BadLine(entry, "a NUL in the path");
  ImageRef ref = FromPath(path, path, origin);
  ref.uri = std::string(entry);
  return ref;
}

}  // namespace

std::string Excerpt(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 200)) {
    const auto u = static_cast<unsigned char>(c);
    shown += u < 0x20 || u == 0x7f ? '?' : c;
  }
  if (text.size() > 200) shown += "...";
  return shown;
}

ImageRef FromPath(const std::string& path, std::string_view name,
                  Origin origin) {
  ImageRef ref;
  ref.uri = path;
  // One identity, however it is written and from wherever it is run.
  ref.path = AbsolutePath(path);
  ref.origin = origin;
  FillNameParts(&ref, name);
  struct stat st;
  if (stat(ref.path.c_str(), &st) != 0) {
    ref.reason = Reason::kRead;
    ref.message = SystemError("cannot read it", errno).what;
  } else if (!S_ISREG(st.st_mode)) {
    ref.reason = Reason::kRead;
    ref.message = S_ISDIR(st.st_mode) ? "it is a folder" : "not a regular file";
  } else {
    ref.size_bytes = static_cast<std::uint64_t>(st.st_size);
    ref.stamp = fmt::format(
        "{}:{}", st.st_size,
        static_cast<std::int64_t>(st.st_mtim.tv_sec) * 1'000'000'000 +
            st.st_mtim.tv_nsec);
  }
  return ref;
}

ImageRef FromListEntry(std::string_view entry, Origin origin) {
  ImageRef ref;
  if (entry.find('\0') != std::string_view::npos) {
    ref = BadLine(entry, "a NUL in the line");
  } else if (entry.starts_with("file://")) {
    ref = FromFileUrl(entry, origin);
  } else if (LooksLikeUrl(entry)) {
    if (!ParseUrl(entry)) {
      ref = BadLine(entry, "not an http(s) URL");
    } else {
      ref.uri = std::string(entry);
      ref.is_url = true;
      FillNameParts(&ref, entry);
    }
  } else {
    ref = FromPath(std::string(entry), entry, origin);
    // Text that is no name of anything here is no path either.
    const bool missing = ref.reason == Reason::kRead &&
                         entry.find('/') == std::string_view::npos &&
                         ref.srcext.empty();
    if (missing) ref = BadLine(entry, "neither a URL nor a file");
  }
  ref.origin = origin;
  return ref;
}

}  // namespace thumbmill
