// Links: tm_source z
#include "coordinator/source/line_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

std::vector<std::string> Lines(LineReader* reader) {
  std::vector<std::string> lines;
  while (true) {
    const auto line = reader->Next();
    EXPECT_TRUE(line) << line.error().what;
    if (!line || !*line) return lines;
    lines.emplace_back(**line);
  }
}

std::vector<std::string> LinesOf(std::string_view text) {
  const TempDir dir;
  return Lines(LineReader::Open(dir.Write("list", text), -1)->get());
}

using Strings = std::vector<std::string>;

std::string Gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(
      deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
      Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(LineReader, GivesLinesWithoutTheirEnds) {
  EXPECT_EQ(LinesOf("a\nb\r\n\nc\n"), (Strings{"a", "b", "", "c"}));
}

TEST(LineReader, GivesALastLineWithoutEnd) {
  EXPECT_EQ(LinesOf("a\nb"), (Strings{"a", "b"}));
  EXPECT_EQ(LinesOf("a\nb\r"), (Strings{"a", "b"}));
}

TEST(LineReader, OfAnEmptyFileGivesNothing) {
  EXPECT_EQ(LinesOf(""), Strings{});
}

TEST(LineReader, DropsAByteOrderMarkOfTheFirstLineOnly) {
  EXPECT_EQ(LinesOf("\xef\xbb\xbf"
                    "a\n\xef\xbb\xbf"
                    "b\n"),
            (Strings{"a",
                     "\xef\xbb\xbf"
                     "b"}));
}

TEST(LineReader, KeepsNulBytes) {
  EXPECT_EQ(LinesOf(std::string_view("a\0b\nc\n", 6)),
            (Strings{std::string("a\0b", 3), "c"}));
}

TEST(LineReader, CutsALineThatIsTooLongAndGoesOnBehindIt) {
  const TempDir dir;
  const std::string fits(LineReader::kMaxLine, 'f');
  const std::string file =
      dir.Write("list", fits + "\n" + fits + "x" + fits + fits + "\nnext\n");
  const auto reader = LineReader::Open(file, -1);
  EXPECT_EQ(**(*reader)->Next(), fits);
  EXPECT_FALSE((*reader)->cut());
  EXPECT_EQ(**(*reader)->Next(), fits);
  EXPECT_TRUE((*reader)->cut());
  EXPECT_EQ(**(*reader)->Next(), "next");
  EXPECT_FALSE((*reader)->cut());
}

TEST(LineReader, JoinsLinesOverThePiecesThatAreRead) {
  std::string text;
  Strings expected;
  for (int i = 0; i < 20'000; ++i) {
    expected.push_back("line " + std::to_string(i));
    text += expected.back() + (i % 2 == 0 ? "\n" : "\r\n");
  }
  EXPECT_EQ(LinesOf(text), expected);
}

TEST(LineReader, CountsWhatItHasConsumed) {
  const TempDir dir;
  const auto reader = LineReader::Open(dir.Write("list", "abc\ndefg\n"), -1);
  EXPECT_EQ((*reader)->total_bytes(), 9u);
  (void)(*reader)->Next();
  EXPECT_EQ((*reader)->consumed_bytes(), 4u);
  (void)Lines(reader->get());
  EXPECT_EQ((*reader)->consumed_bytes(), 9u);
}

TEST(LineReader, UnpacksGzipWhateverItsName) {
  EXPECT_EQ(LinesOf(Gzip("a\nb\n")), (Strings{"a", "b"}));
}

TEST(LineReader, UnpacksGzipOfSeveralMembers) {
  EXPECT_EQ(LinesOf(Gzip("a\nb") + Gzip("") + Gzip("c\nd\n")),
            (Strings{"a", "bc", "d"}));
}

TEST(LineReader, FailsWhenGzipEndsEarly) {
  const TempDir dir;
  const std::string whole = Gzip(std::string(100'000, 'a') + "\n");
  const auto reader = LineReader::Open(
      dir.Write("list", whole.substr(0, whole.size() - 9)), -1);
  const auto line = (*reader)->Next();
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::kBadData);
}

// Opens a list with these bytes; returns its lines and the error at its end.
std::pair<Strings, Error> LinesAndError(std::string_view bytes) {
  const TempDir dir;
  const auto reader = LineReader::Open(dir.Write("list", bytes), -1);
  Strings lines;
  while (true) {
    const auto line = (*reader)->Next();
    if (!line) {
      EXPECT_FALSE((*reader)->Next()) << "the error did not stay";
      return {lines, line.error()};
    }
    if (!*line) return {lines, {}};
    lines.emplace_back(**line);
  }
}

TEST(LineReader, GivesTheLinesBeforeGzipThatIsDamaged) {
  std::string bytes = Gzip("some text that is packed\n");
  bytes[bytes.size() - 6] ^= 0x55;  // flips bits of the check sum
  const auto [lines, error] = LinesAndError(bytes);
  EXPECT_EQ(lines, (Strings{"some text that is packed"}));
  EXPECT_EQ(error.code, ErrorCode::kBadData);
}

TEST(LineReader, PassesOverZeroBytesAroundGzipMembers) {
  const std::string zeros(100'000, '\0');
  EXPECT_EQ(LinesOf(Gzip("a\n") + zeros), (Strings{"a"}));
  EXPECT_EQ(LinesOf(Gzip("a\n") + zeros + Gzip("b\n") + "\0"),
            (Strings{"a", "b"}));
  EXPECT_EQ(LinesOf(Gzip("a\n") + std::string(1, '\0')), (Strings{"a"}));
}

TEST(LineReader, GivesTheLinesBeforeBytesThatAreNoGzip) {
  for (const std::string& garbage :
       {std::string("x"), std::string("\0\0garbage", 9), Gzip("").substr(0, 4),
        std::string("\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff")}) {
    const auto [lines, error] = LinesAndError(Gzip("a\nb") + garbage);
    EXPECT_EQ(lines.at(0), "a") << garbage;
    EXPECT_EQ(error.code, ErrorCode::kBadData) << garbage;
    EXPECT_NE(error.what.find("/list: "), std::string::npos) << error.what;
  }
}

TEST(LineReader, DropsTheRestOfALineThatGzipCutsShort) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string whole = Gzip(text);
  const auto [lines, error] =
      LinesAndError(std::string_view(whole).substr(0, whole.size() / 2));
  ASSERT_GT(lines.size(), 1000u);
  for (std::size_t i = 0; i < lines.size(); ++i)
    ASSERT_EQ(lines[i], std::to_string(i * 7919));
  EXPECT_NE(error.what.find("ends early"), std::string::npos) << error.what;
}

TEST(LineReader, UnpacksMoreThanItsBuffersHold) {
  const std::string line(60'000, 'z');
  std::string text;
  for (int i = 0; i < 100; ++i) text += line + "\n";
  EXPECT_EQ(LinesOf(Gzip(text)), Strings(100, line));
  EXPECT_EQ(LinesOf(Gzip("")), Strings{});
}

// Encodes text as UTF-16 in either byte order.
std::string Utf16(bool big, std::u16string_view text) {
  std::string out;
  for (const char16_t unit : text) {
    const char high = static_cast<char>(unit >> 8);
    const char low = static_cast<char>(unit & 0xff);
    out += big ? high : low;
    out += big ? low : high;
  }
  return out;
}

TEST(LineReader, ConvertsUtf16WithAMark) {
  for (const bool big : {false, true}) {
    const std::string text =
        Utf16(big, u"\uFEFFa\u20ac\U0001F600\r\nb\n\xD800z\n\xDC00");
    EXPECT_EQ(LinesOf(text),
              (Strings{"a€😀", "b", "\xef\xbf\xbdz", "\xef\xbf\xbd"}));
    EXPECT_EQ(LinesOf(Gzip(text)).size(), 4u);
    EXPECT_EQ(LinesOf(text + "x"), (Strings{"a€😀", "b", "\xef\xbf\xbdz",
                                            "\xef\xbf\xbd\xef\xbf\xbd"}));
  }
}

TEST(LineReader, ConvertsUtf16OverThePiecesThatAreRead) {
  // Shifts surrogate pairs across read boundaries.
  std::u16string text = u"\uFEFFx";
  for (int i = 0; i < 60'000; ++i) text += i % 50 == 0 ? u"\n" : u"\U0001F600";
  std::size_t characters = 0;
  for (const std::string& line : LinesOf(Utf16(false, text))) {
    EXPECT_EQ(line.find("\xef\xbf\xbd"), std::string::npos);
    characters += line.size() / 4;
  }
  EXPECT_EQ(characters, 60'000u - 1'200u);
}

TEST(LineReader, TakesCrForALineEndWhereThereIsNoOther) {
  EXPECT_EQ(LinesOf("a\rb\rc\r"), (Strings{"a", "b", "c"}));
  EXPECT_EQ(LinesOf("a\r"), (Strings{"a"}));
  EXPECT_EQ(LinesOf("a\rb\n"), (Strings{"a\rb"}));
}

TEST(LineReader, CountsLines) {
  const TempDir dir;
  const auto reader = LineReader::Open(dir.Write("list", "a\n\nb"), -1);
  EXPECT_EQ((*(*reader)->Head()), "a\n\nb");
  (void)Lines(reader->get());
  EXPECT_EQ((*reader)->line_number(), 3u);
}

TEST(LineReader, FailsToOpenWhatIsNotThere) {
  const TempDir dir;
  const auto reader = LineReader::Open(dir / "none", -1);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::kNotFound);
}

// Tests with a named pipe, which the reader treats like stdin.
class PipeTest : public testing::Test {
 protected:
  PipeTest() : cancel_(eventfd(0, EFD_CLOEXEC)) {
    const std::string path = dir_ / "pipe";
    EXPECT_EQ(mkfifo(path.c_str(), 0600), 0);
    writer_.Reset(open(path.c_str(), O_RDWR | O_CLOEXEC));
    reader_ = LineReader::Open(path, cancel_.get()).value();
  }
  void Write(std::string_view text) {
    EXPECT_EQ(write(writer_.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  void Cancel() { EXPECT_EQ(eventfd_write(cancel_.get(), 1), 0); }

  TempDir dir_;
  UniqueFd cancel_, writer_;
  std::unique_ptr<LineReader> reader_;
};

TEST_F(PipeTest, IsReadyOnceALineIsWhole) {
  EXPECT_FALSE(reader_->Ready());
  Write("a");
  EXPECT_FALSE(reader_->Ready());
  Write("b\nc");
  EXPECT_TRUE(reader_->Ready());
  EXPECT_EQ(**reader_->Next(), "ab");
  EXPECT_FALSE(reader_->Ready());
}

TEST_F(PipeTest, UnpacksGzip) {
  Write(Gzip("a\nb\n"));
  writer_.Reset();
  EXPECT_EQ(Lines(reader_.get()), (Strings{"a", "b"}));
}

TEST_F(PipeTest, EndsWhenTheWriterIsGone) {
  Write("a\nb");
  writer_.Reset();
  EXPECT_EQ(Lines(reader_.get()), (Strings{"a", "b"}));
}

TEST_F(PipeTest, EndsWhenCancelledAndDropsWhatIsNotWhole) {
  Write("a\nhalf");
  EXPECT_EQ(**reader_->Next(), "a");
  Cancel();
  EXPECT_EQ(Lines(reader_.get()), Strings{});
  EXPECT_TRUE(reader_->cancelled());
}

// Tests a pipe that no writer has opened yet.
TEST(Fifo, IsOpenedWithoutAWriterAndWaitedForUntilCancelled) {
  const TempDir dir;
  const std::string path = dir / "fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const UniqueFd cancel(eventfd(0, EFD_CLOEXEC));
  const auto reader = LineReader::Open(path, cancel.get());
  ASSERT_TRUE(reader);
  EXPECT_FALSE((*reader)->Ready());
  std::thread waits([&] { EXPECT_EQ(Lines(reader->get()), Strings{}); });
  EXPECT_EQ(eventfd_write(cancel.get(), 1), 0);
  waits.join();
  EXPECT_TRUE((*reader)->cancelled());
}

TEST(Fifo, WaitsForItsWriter) {
  const TempDir dir;
  const std::string path = dir / "fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const auto reader = LineReader::Open(path, -1);
  std::thread writes([&] {
    const UniqueFd writer(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_EQ(write(writer.get(), "a\n", 2), 2);
  });
  EXPECT_EQ(Lines(reader->get()), (Strings{"a"}));
  writes.join();
}

TEST_F(PipeTest, WakesAWaitThatIsCancelled) {
  std::thread waits([this] { EXPECT_EQ(Lines(reader_.get()), Strings{}); });
  Cancel();
  waits.join();
}

}  // namespace
}  // namespace thumbmill
