#include "coordinator/net/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace thumbmill {
namespace {

constexpr int kWindowBits = 15;
constexpr int kGzipOnly = 16;  // zlib: add to the window bits
constexpr std::uint8_t kGzipMagic = 0x1f;

// Returns true if the low bits hold zlib's method number, 8. Bare deflate does
// not start so: three lowest bits of 0 would announce a stored block, and the
// next bit would be padding, which encoders leave 0.
bool HasZlibFrame(std::uint8_t first) { return (first & 0x0f) == 8; }

// zlib counts in 32 bits.
uInt AtMost(std::size_t size) {
  return static_cast<uInt>(
      std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

struct Inflater::State {
  z_stream zlib{};
  ~State() { inflateEnd(&zlib); }
};

Inflater::Inflater(Format format) : format_(format) {}
Inflater::~Inflater() = default;

// Needs the first byte, since it tells whether "deflate" has a frame. Negative
// window bits mean deflate without a frame.
bool Inflater::Begin(std::uint8_t first) {
  int bits = kWindowBits + kGzipOnly;
  if (format_ == Format::kDeflate)
    bits = HasZlibFrame(first) ? kWindowBits : -kWindowBits;
  auto state = std::make_unique<State>();
  if (inflateInit2(&state->zlib, bits) != Z_OK) return false;
  state_ = std::move(state);
  return true;
}

// Starts another gzip member after the first one; `cat a.gz b.gz` writes two.
bool Inflater::BeginMember(std::uint8_t next) {
  if (format_ != Format::kGzip || next != kGzipMagic) return false;
  ended_ = inflateReset(&state_->zlib) != Z_OK;
  return !ended_;
}

std::optional<std::size_t> Inflater::Inflate(ByteSpan* input,
                                             MutableByteSpan out) {
  if (input->empty() && !state_) return 0;
  if (!state_ && !Begin(input->front())) return std::nullopt;
  if (ended_ && (input->empty() || !BeginMember(input->front()))) {
    *input = {};
    return 0;
  }
  z_stream& zlib = state_->zlib;
  const uInt size = AtMost(input->size());
  const uInt room = AtMost(out.size());
  zlib.next_in = const_cast<Bytef*>(input->data());
  zlib.avail_in = size;
  zlib.next_out = out.data();
  zlib.avail_out = room;
  const int code = inflate(&zlib, Z_NO_FLUSH);
  // Z_BUF_ERROR is not an error: zlib had no input or no room.
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
    return std::nullopt;
  ended_ = code == Z_STREAM_END;
  *input = input->subspan(size - zlib.avail_in);
  return room - zlib.avail_out;
}

}  // namespace thumbmill
