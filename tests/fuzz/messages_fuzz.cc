// Links: tm_proto tm_common
//
// Decodes frames from an untrusted peer. Checks that a decoded message can be
// encoded again, fits, and keeps its meaning. No frame may break a CHECK here.
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/check.h"
#include "proto/messages.h"

namespace thumbmill {
namespace {

// Encode() cuts long texts. The comparison therefore starts from a message that
// was encoded once.
std::string Written(const Message& message) {
  std::string frame;
  Encode(message, &frame);
  return frame;
}

}  // namespace
}  // namespace thumbmill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace thumbmill;
  if (size > kMaxMessageBytes) return 0;  // ZeroMQ never delivers it
  const Result<Message> message = Decode(ByteSpan(data, size));
  if (!message) {
    const Error& error = message.error();
    CHECK(error.code == ErrorCode::kUsage || error.code == ErrorCode::kBadData);
    CHECK(!error.what.empty());
    return 0;
  }
  const std::string frame = Written(*message);
  const Result<Message> again = Decode(AsBytes(frame));
  CHECK(again.has_value() && again->index() == message->index());
  CHECK(Written(*again) == frame);
  return 0;
}
