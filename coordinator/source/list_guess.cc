#include "coordinator/source/list_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace thumbmill {
namespace {

using std::string_view_literals::operator""sv;

struct Kind {
  std::string_view start, word;
  bool picture = false;
};

constexpr std::array kBinaryKinds = {
    Kind{"PK\x03\x04"sv,
         "a ZIP archive or a workbook (.xlsx, .ods); save the "
         "sheet as CSV"},
    Kind{"\xd0\xcf\x11\xe0"sv, "a workbook (.xls); save the sheet as CSV"},
    Kind{"%PDF"sv, "a PDF"},
    Kind{"PAR1"sv, "a Parquet file; convert it to CSV or JSON lines"},
    Kind{"SQLite format 3"sv, "an SQLite database; export a table as CSV"},
    Kind{"\x28\xb5\x2f\xfd"sv, "packed by zstd; unpack it first"},
    Kind{"\xfd"
         "7zXZ"sv,
         "packed by xz; unpack it first"},
    Kind{"BZh"sv, "packed by bzip2; unpack it first"},
    Kind{"7z\xbc\xaf"sv, "a 7z archive; unpack it first"},
    Kind{"\x1f\x8b"sv, "packed by gzip twice; unpack it once"},
    Kind{"\xff\xd8\xff"sv, "a JPEG", true},
    Kind{"\x89PNG"sv, "a PNG", true},
    Kind{"GIF8"sv, "a GIF", true},
    Kind{"\x7f"
         "ELF"sv,
         "a program"},
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string_view SkipBlank(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

bool IsOddControl(char c) {
  const auto u = static_cast<std::uint8_t>(c);
  return (u < 0x20 && c != '\t' && c != '\n' && c != '\r') || u == 0x7f;
}

// Recognises UTF-16 without a byte order mark: in most URLs and English texts
// every second byte is zero then. Demands 70 % zeros in one half of the byte
// pairs, and at most 10 % in the other.
std::string Utf16(std::string_view head) {
  std::array<std::size_t, 2> zeros{};
  const std::size_t pairs = head.size() / 2;
  for (std::size_t i = 0; i < 2 * pairs; ++i)
    zeros[i % 2] += head[i] == '\0' ? 1 : 0;
  for (const std::size_t half : {0, 1}) {
    if (pairs < 4 || zeros[half] * 10 < pairs * 7 ||
        zeros[1 - half] * 10 > pairs)
      continue;
    return fmt::format(
        "it looks like UTF-16 without a byte order mark; convert it: iconv -f "
        "UTF-16{} -t UTF-8",
        half == 1 ? "LE" : "BE");
  }
  return "";
}

bool IsBoxes(std::string_view head) {
  return head.size() > 12 && head.substr(4, 4) == "ftyp";
}
bool IsWebp(std::string_view head) {
  return head.starts_with("RIFF") && head.substr(8).starts_with("WEBP");
}

std::string Binary(std::string_view head) {
  for (const Kind& kind : kBinaryKinds)
    if (head.starts_with(kind.start))
      return fmt::format("it looks like {}", kind.word);
  if (IsWebp(head)) return "it looks like a WebP";
  if (IsBoxes(head)) return "it looks like an AVIF or a film";
  if (head.size() > 262 && head.substr(257, 5) == "ustar")
    return "it looks like a tar archive; unpack it and give the folder";
  // A few control characters may be damage in a list; 5 % are none.
  const auto controls = static_cast<std::size_t>(
      std::count_if(head.begin(), head.end(), IsOddControl));
  if (controls < 8 || controls * 20 < head.size()) return "";
  return "it looks like binary data, not like text";
}

std::string Markup(std::string_view head) {
  const std::string start = Lower(SkipBlank(head).substr(0, 200));
  for (const char* tag : {"<!doctype html", "<html", "<head", "<body"})
    if (start.starts_with(tag))
      return "it looks like a web page (HTML), such as the error or login page "
             "of the server that should have sent the list";
  if (start.starts_with("<?xml") || start.starts_with("<!doctype"))
    return start.find("<html") != std::string::npos
               ? "it looks like a web page (HTML)"
               : "it looks like XML";
  return "";
}

std::string Json(std::string_view head, std::string_view format) {
  const std::string_view start = SkipBlank(head);
  const std::string_view line =
      start.substr(0, std::min(start.find_first_of("\r\n"), start.size()));
  const std::string_view after =
      line.empty() ? line : SkipBlank(line.substr(1));
  if (line.starts_with('[') && (after.empty() || after.front() == '{'))
    return "it looks like a JSON array; write one object on each line: jq -c "
           "'.[]'";
  if (line.starts_with('{') && after.empty())
    return "it looks like JSON over several lines; write one object on each "
           "line: jq -c .";
  if (format != "jsonl" && line.starts_with('{') && after.front() == '"' &&
      line.find("\":") != std::string_view::npos)
    return "it looks like JSON lines; give --input-format jsonl";
  return "";
}

}  // namespace

bool LooksLikePicture(std::string_view head) {
  for (const Kind& kind : kBinaryKinds)
    if (head.starts_with(kind.start)) return kind.picture;
  if (IsBoxes(head) || IsWebp(head)) return true;
  const bool utf16 = head.starts_with("\xff\xfe") ||
                     head.starts_with("\xfe\xff") || !Utf16(head).empty();
  return !utf16 && head.find('\0') != std::string_view::npos;
}

std::string WhyNoList(std::string_view head, std::string_view format) {
  // UTF-16 comes first: its zero bytes would count as binary data.
  head = head.substr(0, 4096);
  std::string why = Utf16(head);
  if (why.empty()) why = Binary(head);
  if (why.empty()) why = Markup(head);
  if (why.empty()) why = Json(head, format);
  return why;
}

}  // namespace thumbmill
