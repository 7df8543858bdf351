#include "coordinator/source/list_entry.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/bytes.h"
#include "common/hash.h"
#include "coordinator/net/url.h"
#include "coordinator/source/csv_row.h"
#include "coordinator/source/name_parts.h"

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
  // Keep the slash after the host: it begins the path.
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

bool IsSchemeCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.';
}

// Returns the scheme in lower case ("data" for "data:…"), or empty if the entry
// has none.
std::string SchemeOf(std::string_view entry) {
  std::string scheme(entry.substr(0, entry.find(':')));
  if (scheme.size() == entry.size()) return "";
  if (!std::all_of(scheme.begin(), scheme.end(), IsSchemeCharacter)) return "";
  for (char& c : scheme)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return scheme;
}

// Returns why an http(s) URL does not parse.
std::string WhyNoHttpUrl(std::string_view entry) {
  const auto control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (entry.find('\t') != std::string_view::npos)
    return "a tab in a URL (--input-format tsv reads tables)";
  if (std::any_of(entry.begin(), entry.end(), control))
    return "a control character in a URL";
  return "not a valid http(s) URL: the host or the port is wrong";
}

// Returns why an entry names no image, if it is neither an http(s) URL nor an
// existing file. Returns empty if it may be a path.
std::string WhyNoSource(std::string_view entry) {
  const std::string scheme = SchemeOf(entry);
  if (scheme == "data")
    return "a data: URL holds a picture instead of naming one; save it as a "
           "file";
  if (scheme == "http" || scheme == "https") return WhyNoHttpUrl(entry);
  if (scheme == "file") return "a file URL must be written as file:///path";
  if (scheme.size() == 1)
    return "a Windows path; only paths of this machine can be read";
  if (!scheme.empty())
    return fmt::format(
        "'{}:' URLs cannot be read; http and https URLs and local paths can",
        scheme);
  if (entry.starts_with("//"))
    return "a URL without a scheme; write https: before it";
  if (entry.starts_with("\\\\"))
    return "a Windows path; only paths of this machine can be read";
  if (entry.starts_with("www."))
    return "a URL without a scheme; write https:// before it";
  if (entry.starts_with("~/"))
    return "only a shell replaces '~'; write the whole path";
  return "";
}

// Returns why an entry of a list from the network names no image. Such a list
// must not choose files of this machine: their thumbnails could be published.
std::string WhyNoRemoteSource(std::string_view entry) {
  const std::string why = entry.starts_with("file:") ? "" : WhyNoSource(entry);
  return why.empty() ? "a list from the network may not name local files" : why;
}

// Makes an item from a path. If no such file exists, checks whether the entry
// is no path at all, because "no such file" would mislead the user then.
ImageRef FromPathOrNot(std::string_view entry, Origin origin) {
  ImageRef ref = FromPath(std::string(entry), entry, origin);
  struct stat st;
  if (ref.reason != Reason::kRead || lstat(ref.path.c_str(), &st) == 0)
    return ref;
  const std::string why = WhyNoSource(entry);
  if (!why.empty()) return BadLine(entry, why);
  // A word without a slash or an extension, such as a caption, is no path.
  if (entry.find('/') == std::string_view::npos && ref.srcext.empty())
    return BadLine(entry, "neither a URL nor a file");
  return ref;
}

}  // namespace

std::string Identity(std::string_view line) {
  constexpr std::size_t kWhole = 1024;
  if (line.size() <= kWhole) return std::string(line);
  return fmt::format("{}... ({} bytes, SHA-256 {})", line.substr(0, 200),
                     line.size(), ToHex(HashBytes(AsBytes(line))));
}

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
  // The journal must know the file by one path, whatever the working directory
  // and the spelling are.
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
  // A path keeps its blanks: a file name may begin or end with one.
  const std::string_view trimmed = TrimBlanks(entry);
  if (LooksLikeUrl(trimmed)) entry = trimmed;
  ImageRef ref;
  if (entry.find('\0') != std::string_view::npos) {
    ref = BadLine(entry, "a NUL in the line");
  } else if (ParseUrl(entry)) {
    ref.uri = std::string(entry);
    ref.is_url = true;
    FillNameParts(&ref, entry);
  } else if (origin == Origin::kRemoteList) {
    ref = BadLine(entry, WhyNoRemoteSource(entry));
  } else if (entry.starts_with("file://")) {
    ref = FromFileUrl(entry, origin);
  } else if (LooksLikeUrl(entry)) {
    ref = BadLine(entry, WhyNoSource(entry));
  } else {
    ref = FromPathOrNot(entry, origin);
  }
  ref.origin = origin;
  return ref;
}

}  // namespace thumbmill
