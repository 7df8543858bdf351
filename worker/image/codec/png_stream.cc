#include "worker/image/codec/png_stream.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace thumbmill {
namespace {

constexpr std::size_t kInflatedAtOnce = 128 << 10;
constexpr std::size_t kFrame = 12;  // bytes of length, type and CRC

constexpr std::uint32_t Type(const char (&name)[5]) {
  std::uint32_t type = 0;
  for (int i = 0; i < 4; ++i)
    type = type << 8 | static_cast<std::uint8_t>(name[i]);
  return type;
}

constexpr std::uint32_t kData = Type("IDAT"), kEnd = Type("IEND");

// Chunks that may follow the data and about which libpng never warns.
constexpr std::array kHarmless = {Type("eXIf"), Type("tEXt"), Type("zTXt"),
                                  Type("iTXt"), Type("tIME"), Type("fcTL"),
                                  Type("fdAT")};

std::uint32_t U32(const std::uint8_t* p) {
  return static_cast<std::uint32_t>(p[0]) << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

}  // namespace

struct PngStream::Inflater {
  inflate_state state;
};

PngStream::PngStream(ByteSpan bytes, std::size_t first_data, std::size_t most)
    : bytes_(bytes),
      at_(first_data),
      window_(kInflatedAtOnce + most),
      window_size_(kInflatedAtOnce + most),
      inflater_(std::make_unique_for_overwrite<Inflater>()) {
  // Kernels read past the end of a row and multiply those bytes by weights of
  // 0. The cleared window makes them the same in every run.
  std::memset(window_.data(), 0, window_.bytes());
  isal_inflate_init(&inflater_->state);
  inflater_->state.crc_flag = ISAL_ZLIB;
  inflater_->state.avail_in = 0;
}

PngStream::~PngStream() = default;

bool PngStream::NextChunk(Chunk* chunk) {
  if (at_ > bytes_.size() || bytes_.size() - at_ < kFrame) return false;
  const std::uint8_t* frame = bytes_.data() + at_;
  const std::size_t length = U32(frame);
  if (bytes_.size() - at_ - kFrame < length) return false;
  const std::uint32_t sum = crc32_gzip_refl(0, frame + 4, length + 4);
  if (sum != U32(frame + 8 + length)) return false;
  chunk->type = U32(frame + 4);
  chunk->data = bytes_.subspan(at_ + 8, length);
  at_ += kFrame + length;
  return true;
}

bool PngStream::FeedChunk() {
  const std::size_t start = at_;
  Chunk chunk;
  if (!NextChunk(&chunk)) return false;
  if (chunk.type != kData) {
    at_ = start;  // TailIsPlain() reads this chunk again
    return false;
  }
  // ISA-L reads only, but its pointer is not const.
  inflater_->state.next_in = const_cast<std::uint8_t*>(chunk.data.data());
  inflater_->state.avail_in = static_cast<std::uint32_t>(chunk.data.size());
  return true;
}

// Fills `out`, or less of it if the stream ends; `made` is the number of bytes.
// Returns false on a fault.
bool PngStream::Inflate(std::uint8_t* out, std::size_t size,
                        std::size_t* made) {
  inflate_state& state = inflater_->state;
  state.next_out = out;
  state.avail_out = static_cast<std::uint32_t>(size);
  while (state.avail_out > 0 && state.block_state != ISAL_BLOCK_FINISH) {
    if (state.avail_in == 0 && !FeedChunk()) return false;
    if (isal_inflate(&state) != ISAL_DECOMP_OK) return false;
  }
  *made = size - state.avail_out;
  return true;
}

const std::uint8_t* PngStream::Take(std::size_t size) {
  if (end_ - begin_ < size) {
    // Move the bytes that nobody has taken to the front, then fill the rest.
    std::memmove(window_.data(), window_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    std::size_t made = 0;
    if (!Inflate(window_.data() + end_, window_size_ - end_, &made))
      return nullptr;
    end_ += made;
    if (end_ < size) return nullptr;
  }
  const std::uint8_t* taken = window_.data() + begin_;
  begin_ += size;
  return taken;
}

bool PngStream::TailIsPlain() {
  Chunk chunk;
  while (NextChunk(&chunk)) {
    if (chunk.type == kEnd) return chunk.data.empty();
    if (std::find(kHarmless.begin(), kHarmless.end(), chunk.type) ==
        kHarmless.end())
      return false;
  }
  return false;
}

bool PngStream::EndsHere() {
  if (begin_ != end_) return false;
  std::size_t made = 0;
  std::uint8_t more = 0;
  // ISA-L may not have read the stream's check sum yet: ask for one byte more,
  // which must not come.
  if (!Inflate(&more, 1, &made) || made != 0) return false;
  // ISA-L reads ahead into a bit buffer. A whole byte left in it would lie
  // after the stream.
  const inflate_state& state = inflater_->state;
  return state.avail_in == 0 && state.read_in_length < 8 && TailIsPlain();
}

std::size_t PngStream::Window(ByteSpan bytes, std::size_t first_data) {
  std::array<unsigned, 2> head{};
  std::size_t have = 0, at = first_data;
  while (have < head.size()) {  // the two bytes may be in different chunks
    if (at > bytes.size() || bytes.size() - at < kFrame) return 0;
    const std::uint8_t* frame = bytes.data() + at;
    const std::size_t length = U32(frame);
    if (U32(frame + 4) != kData || bytes.size() - at - kFrame < length)
      return 0;
    for (std::size_t i = 0; i < length && have < head.size(); ++i)
      head[have++] = frame[8 + i];
    at += kFrame + length;
  }
  const auto [method, flags] = head;
  const bool legal = (method & 15) == 8 && method >> 4 <= 7 &&
                     (method << 8 | flags) % 31 == 0 && (flags & 0x20) == 0;
  return legal ? std::size_t{256} << (method >> 4) : 0;
}

}  // namespace thumbmill
