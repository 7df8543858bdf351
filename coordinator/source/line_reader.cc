#include "coordinator/source/line_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "common/unique_fd.h"

namespace thumbmill {
namespace {

constexpr std::size_t kPiece = 64 << 10;

}  // namespace

// The raw bytes, and zlib's state where they are compressed.
struct LineReader::Input {
  UniqueFd fd;
  bool waits = false;  // a pipe or a terminal: poll first
  bool gzip = false;
  bool gzip_ended = false;
  std::uint64_t read = 0;
  std::array<unsigned char, kPiece> packed;
  z_stream zlib{};

  ~Input() {
    if (gzip) inflateEnd(&zlib);
  }
  Result<std::size_t> ReadRaw(unsigned char* out, std::size_t size) {
    while (true) {
      const ssize_t n = ::read(fd.get(), out, size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailSystem("reading the list", errno);
      read += static_cast<std::uint64_t>(n);
      return static_cast<std::size_t>(n);
    }
  }
  Result<std::size_t> ReadGzip(unsigned char* out, std::size_t size);
};

Result<std::size_t> LineReader::Input::ReadGzip(unsigned char* out,
                                                std::size_t size) {
  zlib.next_out = out;
  zlib.avail_out = static_cast<uInt>(size);
  while (zlib.avail_out == size) {
    if (zlib.avail_in == 0) {
      ASSIGN_OR_RETURN(const std::size_t n,
                       ReadRaw(packed.data(), packed.size()));
      if (n == 0) {
        if (gzip_ended) return 0;
        return Fail(ErrorCode::kBadData, "the gzip list ends early");
      }
      zlib.next_in = packed.data();
      zlib.avail_in = static_cast<uInt>(n);
    }
    if (gzip_ended) inflateReset(&zlib);  // another member follows
    gzip_ended = false;
    const int code = inflate(&zlib, Z_NO_FLUSH);
    if (code == Z_STREAM_END) gzip_ended = true;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      return Fail(ErrorCode::kBadData, "the gzip list is damaged");
  }
  return size - zlib.avail_out;
}

Result<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path,
                                                     int cancel_fd) {
  auto reader = std::unique_ptr<LineReader>(new LineReader());
  reader->input_ = std::make_unique<Input>();
  Input& input = *reader->input_;
  input.fd.Reset(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                             : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input.fd.valid()) return FailSystem("cannot read " + path, errno);
  struct stat st;
  if (fstat(input.fd.get(), &st) != 0)
    return FailSystem("cannot read " + path, errno);
  const bool regular = S_ISREG(st.st_mode);
  input.waits = !regular;
  reader->cancel_fd_ = cancel_fd;
  reader->total_ = regular ? static_cast<std::uint64_t>(st.st_size) : 0;
  std::array<unsigned char, 2> magic{};
  input.gzip = regular &&
               pread(input.fd.get(), magic.data(), 2, 0) == 2 &&
               magic[0] == 0x1f && magic[1] == 0x8b;
  if (input.gzip && inflateInit2(&input.zlib, 15 + 16) != Z_OK) {
    input.gzip = false;
    return Fail(ErrorCode::kNoMemory, "no memory to unpack " + path);
  }
  return reader;
}

LineReader::~LineReader() = default;

bool LineReader::HoldsLine() const {
  return ended_ || buffer_.size() - at_ > kMaxLine ||
         buffer_.find('\n', at_) != std::string::npos;
}

bool LineReader::Ready() {
  if (!input_->waits) return true;
  pollfd fd{input_->fd.get(), POLLIN, 0};
  while (!HoldsLine()) {
    if (poll(&fd, 1, 0) <= 0) return false;
    if (!Fill()) return true;  // Next() meets the same error
  }
  return true;
}

Result<bool> LineReader::Fill() {
  if (ended_) return false;
  if (input_->waits) {
    std::array<pollfd, 2> fds = {{{input_->fd.get(), POLLIN, 0},
                                  {cancel_fd_, POLLIN, 0}}};
    while (poll(fds.data(), cancel_fd_ >= 0 ? 2 : 1, -1) < 0)
      if (errno != EINTR) return FailSystem("waiting for the list", errno);
    if (cancel_fd_ >= 0 && fds[1].revents != 0) {
      ended_ = cancelled_ = true;
      return false;
    }
  }
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t old = buffer_.size();
  buffer_.resize(old + kPiece);
  auto* place = reinterpret_cast<unsigned char*>(buffer_.data() + old);
  Result<std::size_t> n = input_->gzip ? input_->ReadGzip(place, kPiece)
                                       : input_->ReadRaw(place, kPiece);
  buffer_.resize(old + (n ? *n : 0));
  if (!n) return tl::unexpected<Error>(n.error());
  ended_ = *n == 0;
  return !ended_;
}

Result<std::optional<std::string_view>> LineReader::Next() {
  line_.clear();
  cut_ = false;
  while (true) {
    const std::size_t end = buffer_.find('\n', at_);
    const bool whole = end != std::string::npos;
    const std::size_t stop = whole ? end : buffer_.size();
    const std::size_t room = kMaxLine - line_.size();
    cut_ |= stop - at_ > room;
    line_.append(buffer_, at_, std::min(stop - at_, room));
    at_ = whole ? stop + 1 : stop;
    if (whole) break;
    ASSIGN_OR_RETURN(const bool more, Fill());
    if (more) continue;
    if (line_.empty() || cancelled_) return std::nullopt;
    break;
  }
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  if (std::exchange(first_, false) && line_.starts_with("\xef\xbb\xbf"))
    line_.erase(0, 3);
  return std::string_view(line_);
}

std::uint64_t LineReader::consumed_bytes() const {
  if (input_->gzip) return input_->read - input_->zlib.avail_in;
  return input_->read - (buffer_.size() - at_);
}

std::optional<double> LineReader::progress() const {
  if (total_ == 0) return std::nullopt;
  return static_cast<double>(consumed_bytes()) / static_cast<double>(total_);
}

}  // namespace thumbmill
