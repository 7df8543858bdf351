#include "coordinator/sink/null_sink.h"

#include <utility>

#include "coordinator/loop/event_loop.h"

namespace thumbmill {
namespace {

class NullSink final : public Sink {
 public:
  explicit NullSink(EventLoop* loop) : loop_(loop) {}
  Status Prepare() override { return {}; }
  // Calls `done` from the loop and not from Put(), as every other sink does.
  void Put(std::shared_ptr<StoreItem> item, Done done) override {
    loop_->Post([item = std::move(item), done = std::move(done)] {
      done(item, StoreResult{});
    });
  }
  Result<std::vector<Unpublished>> Publish(
      std::span<const std::shared_ptr<StoreItem>>) override {
    return std::vector<Unpublished>();
  }
  void Abort() override {}

 private:
  EventLoop* loop_;
};

}  // namespace

std::unique_ptr<Sink> MakeNullSink(EventLoop* loop) {
  return std::make_unique<NullSink>(loop);
}

}  // namespace thumbmill
