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

#include "common/clock.h"
#include "common/result.h"
#include "proto/reason.h"

namespace thumbmill {

// All thumbnails of one image.
struct StoreItem {
  struct File {
    std::string name;  // relative to the target, '/' between parts, safe
    std::vector<std::uint8_t> bytes;
    std::string content_type;
  };
  std::uint64_t id = 0;
  std::vector<File> files;
};

// The end of one Put().
enum class StoreOutcome : std::uint8_t {
  kStored,     // the target has all files
  kRefused,    // the target does not take this item: it fails
  kTransient,  // another Put() may succeed, after a wait
  // The whole target is away, which is not the item's fault. Call Put() again
  // at once and do not count a try; the sink holds the item until the target
  // answers.
  kAway,
  // The target itself is unusable (disk full, read-only, 401). The run stops.
  kFatal,
};

struct StoreResult {
  StoreOutcome outcome = StoreOutcome::kStored;
  std::string message;    // why it is not stored
  Millis retry_after{0};  // the wait that the target asks for
};

// An item of a batch that could not get its name, though the target is usable:
// the name is taken (kNameCollision), or its folder cannot be used (kUpload).
struct Unpublished {
  std::size_t index = 0;  // of the item in its batch
  Reason reason = Reason::kNone;
  std::string message;
};

class Sink {
 public:
  using Done = std::function<void(std::shared_ptr<StoreItem>, StoreResult)>;
  virtual ~Sink() = default;
  // Checks the target before the first download, and removes the temporary
  // files of a killed run.
  [[nodiscard]] virtual Status Prepare() = 0;
  virtual void Put(std::shared_ptr<StoreItem> item, Done done) = 0;
  // Publishes the batch, and returns its items that failed alone. An error may
  // come after a part of the batch was published. The caller then puts the
  // whole batch again.
  [[nodiscard]] virtual Result<std::vector<Unpublished>> Publish(
      std::span<const std::shared_ptr<StoreItem>> batch) = 0;
  // Gives up all items under way, without calling their `done`.
  virtual void Abort() = 0;
};

}  // namespace thumbmill
