#include "coordinator/net/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace thumbmill {
namespace {

constexpr int kWindowBits = 15;
constexpr int kGzipOnly = 16;  // added to the bits
constexpr std::uint8_t kGzipMagic = 0x1f;

// zlib's method number; the first byte of bare deflate never has it, since
// its three lowest bits are the head of the first block.
bool HasZlibFrame(std::uint8_t first) { return (first & 0x0f) == 8; }

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

bool Inflater::Begin(std::uint8_t first) {
  int bits = kWindowBits + kGzipOnly;
  if (format_ == Format::kDeflate)
    bits = HasZlibFrame(first) ? kWindowBits : -kWindowBits;
  auto state = std::make_unique<State>();
  if (inflateInit2(&state->zlib, bits) != Z_OK) return false;
  state_ = std::move(state);
  return true;
}

// Another gzip member may follow the first, as `cat a.gz b.gz` makes it.
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
  // Z_BUF_ERROR only says that there was nothing to do.
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
    return std::nullopt;
  ended_ = code == Z_STREAM_END;
  *input = input->subspan(size - zlib.avail_in);
  return room - zlib.avail_out;
}

}  // namespace thumbmill
