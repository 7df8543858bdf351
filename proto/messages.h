// proto/messages.h: the messages between coordinator and worker.
//
// Errors   Decode() fails with kUsage for another protocol version, with
//          kBadData for everything else that is not a message.
// Contract proto/PROTOCOL.md, "Frames".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "common/bytes.h"
#include "common/result.h"
#include "proto/recipe.h"
#include "proto/task.h"

namespace thumbmill {

constexpr std::uint8_t kProtocolVersion = 1;
// Bytes of the largest message; neither side delivers a larger one.
constexpr std::size_t kMaxMessageBytes = 64 << 10;

struct Ready {
  std::uint32_t pid = 0;
};

struct Welcome {
  std::uint32_t worker = 0;  // its number in the pool
  Recipe recipe;
  // Sizes of the regions: they must be equal to those of the descriptors.
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
};

struct TaskOrder {
  Task task;
  std::uint64_t output_offset = 0;  // in the worker's own region
};

struct TaskResult {
  TaskId id = 0;
  Outcome outcome;
};

struct Heartbeat {
  std::uint64_t token = 0;
};

struct Drain {};
struct Bye {};

using Message =
    std::variant<Ready, Welcome, TaskOrder, TaskResult, Heartbeat, Drain, Bye>;

// Returns "READY", "TASK" and so on.
[[nodiscard]] std::string_view KindWord(const Message& message);

// Replaces `frame` by the bytes of the message. Cuts long texts, so that every
// message fits.
void Encode(const Message& message, std::string* frame);
[[nodiscard]] Result<Message> Decode(ByteSpan frame);

}  // namespace thumbmill
