#include "coordinator/source/list_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "common/unique_fd.h"
#include "coordinator/source/utf16.h"

namespace thumbmill {
namespace {

constexpr std::size_t kPiece = 64 << 10;
constexpr std::string_view kGzipMark = "\x1f\x8b";
constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::string_view kLittleMark = "\xff\xfe";
constexpr std::string_view kBigMark = "\xfe\xff";

// Returns true if `head` is too short but may become `mark` with more bytes.
bool MayBecome(std::string_view head, std::string_view mark) {
  return head.size() < mark.size() && mark.starts_with(head);
}

}  // namespace

// The raw bytes, and the state of zlib if they are gzip.
struct ListBytes::Input {
  enum class Packing { kUndecided, kNone, kGzip };
  UniqueFd fd;
  std::shared_ptr<const StreamEnd> end;  // null if nobody sends the list
  int cancel_fd = -1;
  bool waits = false;
  bool cancelled = false;
  bool ended = false;
  std::uint64_t read = 0;
  Packing packing = Packing::kUndecided;
  std::array<unsigned char, kPiece> raw;
  std::size_t raw_at = 0, raw_end = 0;
  // Only for gzip.
  z_stream zlib{};
  bool inflating = false;  // the destructor must end zlib
  bool between = false;    // one member has ended, the next has not begun
  std::uint64_t members = 0;
  std::optional<Error> failed;

  ~Input() {
    if (inflating) inflateEnd(&zlib);
  }
  [[nodiscard]] std::size_t left() const { return raw_end - raw_at; }
  // Returns why the sender ended the list early, or empty.
  [[nodiscard]] std::optional<Error> WhyCut() const {
    if (!end || !ended || cancelled) return std::nullopt;
    return end->error();
  }
  // Waits until the list has bytes. Returns false if the wait was cancelled.
  Result<bool> Wait();
  // Appends more bytes to the rest in `raw`, unless `raw` is full.
  Status FillRaw();
  Status DecidePacking();
  // Appends at most kPiece bytes. Appends nothing at the end, or if zlib needs
  // more input first.
  Status Inflate(std::string* out);
  Status InflatePiece(std::string* out);
  // Skips zero bytes. Fails with kBadData if other bytes than gzip follow.
  Status PassPadding();
};

Result<bool> ListBytes::Input::Wait() {
  // This also waits for the first writer of a FIFO. read() would return 0
  // there, as at the end of the list.
  std::array<pollfd, 2> fds = {{{fd.get(), POLLIN, 0}, {cancel_fd, POLLIN, 0}}};
  while (poll(fds.data(), cancel_fd >= 0 ? 2 : 1, -1) < 0)
    if (errno != EINTR) return FailSystem("waiting for the list", errno);
  return cancel_fd < 0 || fds[1].revents == 0;
}

Status ListBytes::Input::FillRaw() {
  if (raw_at > 0 && left() > 0)
    std::copy(raw.begin() + static_cast<std::ptrdiff_t>(raw_at),
              raw.begin() + static_cast<std::ptrdiff_t>(raw_end), raw.begin());
  raw_end = left();
  raw_at = 0;
  while (!ended && raw_end < raw.size()) {
    if (waits) {
      ASSIGN_OR_RETURN(const bool ready, Wait());
      if (!ready) {
        ended = cancelled = true;
        return {};
      }
    }
    const ssize_t n =
        ::read(fd.get(), raw.data() + raw_end, raw.size() - raw_end);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return FailSystem("cannot read the list", errno);
    ended = n == 0;
    raw_end += static_cast<std::size_t>(n);
    read += static_cast<std::uint64_t>(n);
    return {};
  }
  return {};
}

Status ListBytes::Input::DecidePacking() {
  const std::string_view head(reinterpret_cast<const char*>(raw.data()),
                              raw_end);
  if (!ended && MayBecome(head, kGzipMark)) return {};
  packing = head.starts_with(kGzipMark) ? Packing::kGzip : Packing::kNone;
  if (packing == Packing::kNone) return {};
  if (inflateInit2(&zlib, 15 + 16) != Z_OK)
    return Fail(ErrorCode::kNoMemory, "no memory to unpack the list");
  inflating = true;
  return {};
}

Status ListBytes::Input::PassPadding() {
  while (left() > 0 && raw[raw_at] == 0) ++raw_at;
  if (left() == 0) return {};
  if (raw[raw_at] != 0x1f)
    return Fail(ErrorCode::kBadData,
                "bytes that are not gzip follow the packed list");
  inflateReset(&zlib);
  between = false;
  return {};
}

Status ListBytes::Input::InflatePiece(std::string* out) {
  const std::size_t old = out->size();
  out->resize(old + kPiece);
  zlib.next_out = reinterpret_cast<unsigned char*>(out->data() + old);
  zlib.avail_out = kPiece;
  zlib.next_in = raw.data() + raw_at;
  zlib.avail_in = static_cast<uInt>(left());
  const int code = inflate(&zlib, Z_NO_FLUSH);
  raw_at = raw_end - zlib.avail_in;
  out->resize(old + kPiece - zlib.avail_out);
  if (code == Z_STREAM_END) {
    between = true;
    ++members;
    return {};
  }
  if (code == Z_OK || code == Z_BUF_ERROR) return {};
  // The bytes after the last member looked like gzip, but are not.
  const bool behind = members > 0 && zlib.total_out == 0;
  return Fail(ErrorCode::kBadData,
              behind ? "bytes that are not gzip follow the packed list"
                     : "the gzip data is damaged");
}

Status ListBytes::Input::Inflate(std::string* out) {
  if (between) RETURN_IF_ERROR(PassPadding());
  const std::size_t old = out->size();
  // Call zlib even without input: it may still hold output.
  if (!between) RETURN_IF_ERROR(InflatePiece(out));
  if (ended && !cancelled && left() == 0 && !between && out->size() == old)
    return Fail(ErrorCode::kBadData, "the gzip data ends early");
  return {};
}

Result<std::unique_ptr<ListBytes>> ListBytes::Open(const std::string& path,
                                                   int cancel_fd) {
  auto bytes = std::unique_ptr<ListBytes>(new ListBytes());
  bytes->input_ = std::make_unique<Input>();
  bytes->name_ = path == "-" ? "the list on stdin" : path;
  Input& input = *bytes->input_;
  // Without O_NONBLOCK, open() of a FIFO would wait for a writer.
  input.fd.Reset(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                             : open(path.c_str(), O_RDONLY | O_CLOEXEC |
                                                      O_NONBLOCK | O_NOCTTY));
  if (!input.fd.valid())
    return FailSystem("cannot read " + bytes->name_, errno);
  struct stat st;
  if (fstat(input.fd.get(), &st) != 0)
    return FailSystem("cannot read " + bytes->name_, errno);
  if (S_ISDIR(st.st_mode))
    return Fail(ErrorCode::kIo,
                "cannot read " + bytes->name_ + ": it is a folder");
  // Only a regular file never makes a reader wait, and has a known length.
  const bool regular = S_ISREG(st.st_mode);
  input.waits = !regular;
  input.cancel_fd = cancel_fd;
  bytes->total_ = regular ? static_cast<std::uint64_t>(st.st_size) : 0;
  return bytes;
}

std::unique_ptr<ListBytes> ListBytes::FromStream(ListStream stream,
                                                 int cancel_fd) {
  auto bytes = std::unique_ptr<ListBytes>(new ListBytes());
  bytes->input_ = std::make_unique<Input>();
  bytes->name_ = std::move(stream.name);
  Input& input = *bytes->input_;
  input.fd = std::move(stream.fd);
  input.end = std::move(stream.end);
  input.waits = true;
  input.cancel_fd = cancel_fd;
  return bytes;
}

ListBytes::~ListBytes() = default;

bool ListBytes::remote() const { return input_->end != nullptr; }

bool ListBytes::waits() const { return input_->waits; }

bool ListBytes::HasInput() const {
  if (!input_->waits) return true;
  pollfd fd{input_->fd.get(), POLLIN, 0};
  return poll(&fd, 1, 0) > 0;
}

bool ListBytes::packed() const {
  return input_->packing == Input::Packing::kGzip;
}

std::uint64_t ListBytes::consumed_bytes() const {
  return input_->read - input_->left();
}

// Appends unpacked bytes. Returns false at the end.
Result<bool> ListBytes::ReadUnpacked(std::string* out) {
  Input& input = *input_;
  if (input.left() == 0 ||
      (input.packing == Input::Packing::kUndecided && !input.ended))
    RETURN_IF_ERROR(input.FillRaw());
  cancelled_ = input.cancelled;
  if (input.packing == Input::Packing::kUndecided) {
    RETURN_IF_ERROR(input.DecidePacking());
    if (input.packing == Input::Packing::kUndecided) return true;
  }
  const std::size_t old = out->size();
  if (input.packing == Input::Packing::kGzip) {
    RETURN_IF_ERROR(input.Inflate(out));
  } else {
    out->append(reinterpret_cast<const char*>(input.raw.data() + input.raw_at),
                input.left());
    input.raw_at = input.raw_end;
  }
  return out->size() > old || input.left() > 0 || !input.ended;
}

void ListBytes::Decide(bool ended) {
  const std::string_view head = held_;
  for (const std::string_view mark : {kUtf8Mark, kLittleMark, kBigMark})
    if (!ended && MayBecome(head, mark)) return;
  encoding_ = Encoding::kUtf8;
  std::size_t mark = 0;
  if (head.starts_with(kUtf8Mark)) {
    mark = kUtf8Mark.size();
  } else if (head.starts_with(kLittleMark)) {
    encoding_ = Encoding::kUtf16Little;
    mark = kLittleMark.size();
  } else if (head.starts_with(kBigMark)) {
    encoding_ = Encoding::kUtf16Big;
    mark = kBigMark.size();
  }
  held_.erase(0, mark);
}

void ListBytes::AppendText(bool ended, std::string* out) {
  if (encoding_ == Encoding::kUndecided) Decide(ended);
  if (encoding_ == Encoding::kUndecided) return;
  if (encoding_ == Encoding::kUtf8) {
    out->append(held_);
    held_.clear();
    return;
  }
  held_.erase(0,
              FromUtf16(held_, encoding_ == Encoding::kUtf16Big, ended, out));
}

Result<bool> ListBytes::Read(std::string* out) {
  std::optional<Error>& failed = input_->failed;
  if (failed) return tl::unexpected<Error>(*failed);
  Result<bool> more = ReadUnpacked(&held_);
  if (!more || !*more) {
    // The sender knows better than gzip why the bytes end here.
    if (std::optional<Error> cut = input_->WhyCut())
      more = tl::unexpected<Error>(std::move(*cut));
  }
  const std::size_t old = out->size();
  AppendText(!more || !*more, out);
  if (more) return *more || out->size() > old;
  // Keep the error and give the text before it now; the next call fails.
  failed = more.error();
  failed->what = fmt::format("{}: {}", name_, failed->what);
  if (out->size() > old) return true;
  return tl::unexpected<Error>(*failed);
}

}  // namespace thumbmill
