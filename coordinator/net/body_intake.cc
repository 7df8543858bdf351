#include "coordinator/net/body_intake.h"

#include <array>
#include <cstring>
#include <optional>

namespace thumbmill {
namespace {

enum class Taken { kAll, kPaused, kEnded };

// Most bytes that one call of the decoder makes.
constexpr std::size_t kDecodedBytes = 32 << 10;

Taken Deliver(Job* job, ByteSpan bytes) {
  job->hop.too_big = bytes.size() > job->options->max_bytes - job->bytes;
  if (job->hop.too_big) return Taken::kEnded;
  std::uint8_t* place = job->body->Extend(bytes.size());
  // The sink may have cancelled the transfer in Extend(); `place` is void then.
  if (job->cancelled) return Taken::kEnded;
  if (place == nullptr) {
    job->Pause();
    return Taken::kPaused;
  }
  std::memcpy(place, bytes.data(), bytes.size());
  job->bytes += bytes.size();
  job->hop.unwanted = !job->body->WantsMore();
  return job->hop.unwanted ? Taken::kEnded : Taken::kAll;
}

// Gives the sink the bytes that were decoded before the pause.
Taken DeliverHeldBack(Job* job) {
  DecodedBody& body = *job->hop.decoded;
  if (body.held_back.empty()) return Taken::kAll;
  const Taken taken = Deliver(job, body.held_back);
  if (taken == Taken::kAll) body.held_back = {};
  return taken;
}

Taken Decode(Job* job, ByteSpan* input) {
  DecodedBody& body = *job->hop.decoded;
  std::array<std::uint8_t, kDecodedBytes> buffer;
  while (true) {
    const std::optional<std::size_t> made =
        body.inflater.Inflate(input, buffer);
    job->hop.damaged = !made;
    if (!made) return Taken::kEnded;
    if (*made == 0 && input->empty()) return Taken::kAll;
    if (*made == 0) continue;
    const Taken taken = Deliver(job, ByteSpan(buffer).first(*made));
    if (taken == Taken::kPaused)
      body.held_back.assign(buffer.begin(), buffer.begin() + *made);
    if (taken != Taken::kAll) return taken;
  }
}

// After a pause curl passes the same data again from its first byte on. Skips
// the part of it that is already decoded.
std::size_t TakeCoded(Job* job, ByteSpan data) {
  DecodedBody& body = *job->hop.decoded;
  const std::size_t known = std::min(body.known, data.size());
  Taken taken = DeliverHeldBack(job);
  ByteSpan rest = data.subspan(known);
  if (taken == Taken::kAll) {
    body.known -= known;
    taken = Decode(job, &rest);
    // curl will pass all of `data` again, so remember the decoded part.
    if (taken == Taken::kPaused) body.known += data.size() - rest.size();
  }
  if (taken == Taken::kPaused) return CURL_WRITEFUNC_PAUSE;
  return taken == Taken::kAll ? data.size() : 0;
}

std::size_t TakePlain(Job* job, ByteSpan data) {
  switch (Deliver(job, data)) {
    case Taken::kAll:
      return data.size();
    case Taken::kPaused:
      return CURL_WRITEFUNC_PAUSE;
    case Taken::kEnded:
      break;
  }
  return 0;
}

}  // namespace

std::size_t TakeBody(Job* job, ByteSpan data) {
  Hop& hop = job->hop;
  switch (hop.coding.kind()) {
    case ContentCoding::Kind::kPlain:
      return TakePlain(job, data);
    case ContentCoding::Kind::kRefused:
      hop.refused = "Content-Encoding: " + hop.coding.words();
      return 0;
    case ContentCoding::Kind::kGzip:
    case ContentCoding::Kind::kDeflate:
      break;
  }
  if (!hop.decoded)
    hop.decoded = std::make_unique<DecodedBody>(
        hop.coding.kind() == ContentCoding::Kind::kGzip
            ? Inflater::Format::kGzip
            : Inflater::Format::kDeflate);
  return TakeCoded(job, data);
}

}  // namespace thumbmill
