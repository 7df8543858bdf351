// coordinator/loop/callback_guard.h: lets a callback find out that the object
// it belongs to is gone.
//
// The problem: a callback that waits in the loop, in a timer or in a pool
// thread may run after its object was destroyed.
//
// The idea: the object has a guard as a member, and passes each such callback
// through Wrap(). When the guard is destroyed or cut, the wrapped callbacks do
// nothing. Work for another thread takes a watch() with it, because that thread
// may not touch the object, and wraps what it posts to the loop.
//
// Threads  the object, its guard and the wrapped callbacks belong to one
//          thread: only there an object that is alive stays alive while a
//          callback runs. Any thread may hold and ask a Watch.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace thumbmill {

class CallbackGuard {
 public:
  // Knows whether its guard is still there. Copies are cheap.
  class Watch {
   public:
    [[nodiscard]] bool alive() const { return !token_.expired(); }

    // Returns a callback that calls `call` while the guard is there. After
    // that, it does nothing and returns a value-initialised result.
    template <typename Call>
    [[nodiscard]] auto Wrap(Call call) const {
      return [watch = *this, call = std::move(call)](auto&&... values) mutable
             -> std::invoke_result_t<Call&, decltype(values)...> {
        using Answer = std::invoke_result_t<Call&, decltype(values)...>;
        if (watch.alive())
          return call(std::forward<decltype(values)>(values)...);
        return Answer();
      };
    }

   private:
    friend class CallbackGuard;
    explicit Watch(std::weak_ptr<const char> token)
        : token_(std::move(token)) {}
    std::weak_ptr<const char> token_;
  };

  CallbackGuard() = default;
  CallbackGuard(const CallbackGuard&) = delete;
  CallbackGuard& operator=(const CallbackGuard&) = delete;

  [[nodiscard]] Watch watch() const { return Watch(token_); }
  // Does the same as watch().Wrap(call).
  template <typename Call>
  [[nodiscard]] auto Wrap(Call call) const {
    return watch().Wrap(std::move(call));
  }

  // Ends all callbacks and watches that exist. Later ones work.
  void Cut() { token_ = std::make_shared<const char>(); }

 private:
  std::shared_ptr<const char> token_ = std::make_shared<const char>();
};

}  // namespace thumbmill
