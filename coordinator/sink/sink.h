// coordinator/sink/sink.h: puts thumbnails where they belong.
//
// Two steps, so that a batch needs one sync: Put() brings the bytes to the
// target without making them visible (directory: a temporary file) or finishes
// them (HTTP: the server has acknowledged); Publish() makes a batch durable
// and visible. After Publish() the journal may say "done".
//
// Runs in  Put(): called in the loop's thread, answers there.
//          Publish(): a thread of its own, may block.
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
  // Set by Publish() when this item alone cannot be placed: its name is taken
  // (kNameCollision), or its folder cannot be used (kUpload). It is then not
  // published, the rest of the batch is.
  std::string publish_error;
  Reason publish_reason = Reason::kNone;
};

struct StoreResult {
  Reason reason = Reason::kNone;  // kUpload, kCancelled
  std::string message;
  bool transient = false;  // another Put() may help
  std::uint64_t retry_after_ms = 0;
  // It failed because the target is away as a whole: Put() it again at once
  // and count no try. The sink holds it back until the target answers.
  bool away = false;
  // The target itself is unusable (disk full, read-only, 401): the run stops.
  bool fatal = false;
};

class Sink {
 public:
  using Done = std::function<void(std::shared_ptr<StoreItem>, StoreResult)>;
  virtual ~Sink() = default;
  // Checks the target before anything is fetched, removes what a killed run
  // left in the place for temporary files.
  [[nodiscard]] virtual Status Prepare() = 0;
  virtual void Put(std::shared_ptr<StoreItem> item, Done done) = 0;
  // All or nothing is not promised: on failure the batch is put again.
  [[nodiscard]] virtual Status Publish(
      std::span<const std::shared_ptr<StoreItem>> batch) = 0;
  // Gives up what is under way; no answer follows.
  virtual void Abort() = 0;
};

}  // namespace thumbmill
