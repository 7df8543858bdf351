// Links: tm_proto tm_common
//
// Frames from a peer that is not trusted. What is read can be written again,
// fits, and says the same: nothing that a peer sends breaks a CHECK here.
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/check.h"
#include "proto/messages.h"

namespace thumbmill {
namespace {

// Long texts are cut as they are written, so only what was written once is
// equal to what is written of it.
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
  if (size > kMaxMessageBytes) return 0;  // not delivered
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
