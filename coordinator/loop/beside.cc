#include "coordinator/loop/beside.h"

#include <memory>
#include <utility>

#include "common/thread.h"
#include "coordinator/loop/event_loop.h"

namespace thumbmill {

Status RunBeside(EventLoop* loop, std::function<void()> work) {
  constexpr Millis kRound{100};
  // Only the loop's thread touches it: the other thread posts.
  auto ended = std::make_shared<bool>(false);
  auto thread = StartThread("tm-beside", [loop, work = std::move(work), ended] {
    work();
    loop->Post([ended] { *ended = true; });
  });
  if (!thread) return tl::unexpected<Error>(thread.error());
  while (!*ended) loop->RunOnce(kRound);
  thread->join();
  return {};
}

}  // namespace thumbmill
