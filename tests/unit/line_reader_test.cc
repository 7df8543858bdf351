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
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8,
                         Z_DEFAULT_STRATEGY),
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

TEST(LineReader, OfAnEmptyFileGivesNothing) { EXPECT_EQ(LinesOf(""), Strings{}); }

TEST(LineReader, DropsAByteOrderMarkOfTheFirstLineOnly) {
  EXPECT_EQ(LinesOf("\xef\xbb\xbf" "a\n\xef\xbb\xbf" "b\n"),
            (Strings{"a", "\xef\xbb\xbf" "b"}));
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

TEST(LineReader, FailsWhenGzipIsDamaged) {
  const TempDir dir;
  std::string bytes = Gzip("some text that is packed\n");
  bytes[bytes.size() - 6] ^= 0x55;  // the checksum
  const auto reader = LineReader::Open(dir.Write("list", bytes), -1);
  EXPECT_FALSE((*reader)->Next());
}

TEST(LineReader, FailsToOpenWhatIsNotThere) {
  const TempDir dir;
  const auto reader = LineReader::Open(dir / "none", -1);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::kNotFound);
}

// A named pipe in place of stdin: read like it.
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

TEST_F(PipeTest, WakesAWaitThatIsCancelled) {
  std::thread waits([this] { EXPECT_EQ(Lines(reader_.get()), Strings{}); });
  Cancel();
  waits.join();
}

}  // namespace
}  // namespace thumbmill
