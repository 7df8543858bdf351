#include "coordinator/loop/memory_peak.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace thumbmill {
namespace {

constexpr std::uint64_t kSharedBetweenLooks = 2 << 20;

// Returns the number of kilobytes after `name`, in bytes. `name` must start a
// line.
std::optional<std::uint64_t> Field(std::string_view text,
                                   std::string_view name) {
  std::size_t at = text.find(name);
  // The text holds the program's name, which may look like a field.
  while (at != std::string_view::npos && at > 0 && text[at - 1] != '\n')
    at = text.find(name, at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  at = text.find_first_of("0123456789\n", at + name.size());
  std::uint64_t value = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
    value = value * 10 + static_cast<std::uint64_t>(text[at] - '0');
  return value << 10;
}

}  // namespace

std::optional<ResidentMemory> ParseStatus(std::string_view text) {
  const auto peak = Field(text, "VmHWM:"), anonymous = Field(text, "RssAnon:"),
             file = Field(text, "RssFile:"), shared = Field(text, "RssShmem:");
  if (!peak || !anonymous || !file || !shared) return std::nullopt;
  return ResidentMemory{*anonymous, *file + *shared, *peak};
}

MemoryPeak::MemoryPeak()
    : status_(open("/proc/self/status", O_RDONLY | O_CLOEXEC)) {}

void MemoryPeak::SharedGrows(std::uint64_t bytes) {
  grown_ += bytes;
  if (grown_ >= kSharedBetweenLooks) Look();
}

void MemoryPeak::Look() {
  grown_ = 0;
  // Each pread() from 0 makes the kernel generate the text anew.
  std::array<char, 4096> text;
  const ssize_t size = pread(status_.get(), text.data(), text.size(), 0);
  if (size <= 0) return;
  const auto now = ParseStatus({text.data(), static_cast<std::size_t>(size)});
  if (now) Count(*now);
}

void MemoryPeak::Count(const ResidentMemory& now) {
  // The first look has none before it to compare its shared pages with.
  if (!std::exchange(looked_, true)) last_.shared_bytes = now.shared_bytes;
  std::uint64_t most = now.private_bytes;
  const std::uint64_t shared = std::min(last_.shared_bytes, now.shared_bytes);
  // The process may stand at its highest mark now, as it does after a large
  // input was read into shared memory: then the kernel's numbers are exact.
  const bool at_its_peak =
      now.private_bytes + now.shared_bytes >= now.peak_bytes;
  if (!at_its_peak && now.peak_bytes > last_.peak_bytes &&
      now.peak_bytes > shared)
    most = std::max(most, now.peak_bytes - shared);
  now_ = now.private_bytes;
  peak_ = std::max(peak_, most);
  recent_ = std::max(recent_, most);
  last_ = now;
}

std::uint64_t MemoryPeak::TakeRecent() { return std::exchange(recent_, now_); }

}  // namespace thumbmill
