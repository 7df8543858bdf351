// coordinator/sink/sink.h: stores thumbnails at the target.
//
// Storing takes two steps, so that a whole batch needs only one sync. Put()
// brings the bytes to the target: a directory target writes an invisible
// temporary file, an HTTP target completes the upload. Publish() makes a batch
// durable and visible. After Publish() the journal may record "done".
//
// Runs in  Put(): the loop's thread, which also gets the answer.
//          Publish(): a thread of its own; it may block.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "proto/reason.h"

namespace thumbmill {

// All thumbnails of one image.
struct StoreItem {
  struct File {
    std::string name;  // relative to the target, '/' between parts, safe
    std::vector<std::uint8_t> bytes;
    std::string content_type;
    std::string temporary;  // set by the sink between Put() and Publish()
  };
  std::uint64_t id = 0;
  std::vector<File> files;
  // Publish() sets these two if this item alone cannot get its name: the name
  // is taken (kNameCollision), or its folder cannot be used (kUpload). It then
  // publishes the rest of the batch without this item.
  std::string publish_error;
  Reason publish_reason = Reason::kNone;
};

struct StoreResult {
  Reason reason = Reason::kNone;  // kUpload, kCancelled
  std::string message;
  bool transient = false;  // another Put() may succeed
  std::uint64_t retry_after_ms = 0;
  // The whole target is away. Call Put() again at once and do not count a try;
  // the sink holds the item until the target answers.
  bool away = false;
  // The target itself is unusable (disk full, read-only, 401). The run stops.
  bool fatal = false;
};

class Sink {
 public:
  using Done = std::function<void(std::shared_ptr<StoreItem>, StoreResult)>;
  virtual ~Sink() = default;
  // Checks the target before the first download, and removes the temporary
  // files of a killed run.
  [[nodiscard]] virtual Status Prepare() = 0;
  virtual void Put(std::shared_ptr<StoreItem> item, Done done) = 0;
  // May fail after it has published a part of the batch. The caller then puts
  // the whole batch again.
  [[nodiscard]] virtual Status Publish(
      std::span<const std::shared_ptr<StoreItem>> batch) = 0;
  // Gives up all items under way, without calling their `done`.
  virtual void Abort() = 0;
};

}  // namespace thumbmill
