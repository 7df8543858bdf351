#include "proto/channel.h"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <zmq.hpp>

#include "common/hash.h"
#include "common/thread.h"

namespace thumbmill {
namespace {

// Messages in a queue. Far above the number that is ever outstanding with one
// peer, far below the number that would fill memory.
constexpr int kHighWater = 64;
constexpr int kSendTimeoutMs = 5000;
// Time for a worker's BYE to be sent. No other message needs it: a worker
// leaves only after all its results have been taken.
constexpr int kPeerLingerMs = 100;

// EHOSTUNREACH is the answer of ROUTER_MANDATORY for a peer that is gone.
tl::unexpected<Error> WireError(const char* what, const zmq::error_t& error) {
  const bool lost = error.num() == EHOSTUNREACH;
  return Fail(lost ? ErrorCode::kUnavailable : ErrorCode::kIo,
              std::string(what) + ": " + error.what(), error.num());
}

ByteSpan BytesOf(const zmq::message_t& frame) {
  return {frame.data<std::uint8_t>(), frame.size()};
}

void SetCommonOptions(zmq::socket_t* socket) {
  socket->set(zmq::sockopt::sndhwm, kHighWater);
  socket->set(zmq::sockopt::rcvhwm, kHighWater);
  socket->set(zmq::sockopt::maxmsgsize,
              static_cast<std::int64_t>(kMaxMessageBytes));
}

}  // namespace

Result<std::string> RandomName() {
  std::array<std::uint8_t, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) !=
      static_cast<ssize_t>(bytes.size()))
    return FailSystem("getrandom", errno);
  return ToHex(bytes);
}

// ---- RouterChannel -----------------------------------------------------

class RouterChannel::Impl {
 public:
  Impl() : context_(1), socket_(context_, zmq::socket_type::router) {}

  void Bind(const std::string& endpoint) {
    SetCommonOptions(&socket_);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::router_mandatory, 1);
    const uid_t uid = geteuid();
    // cppzmq has no typed option for this.
    if (zmq_setsockopt(socket_.handle(), ZMQ_IPC_FILTER_UID, &uid,
                       sizeof uid) != 0)
      throw zmq::error_t();
    socket_.bind(endpoint);
    endpoint_ = endpoint;
    fd_ = socket_.get(zmq::sockopt::fd);
  }

  // Returns false if the peer's queue has no room.
  bool Send(const std::string& peer, const Message& message) {
    Encode(message, &frame_);
    const auto flags = zmq::send_flags::dontwait;
    if (!socket_.send(zmq::buffer(peer), flags | zmq::send_flags::sndmore))
      return false;
    bytes_ += peer.size() + frame_.size();
    return socket_.send(zmq::buffer(frame_), flags).has_value();
  }

  std::optional<Received> Receive() {
    if (!socket_.recv(peer_, zmq::recv_flags::dontwait)) return std::nullopt;
    // ROUTER delivers whole messages, so the other frames are there.
    const bool received = peer_.more() && socket_.recv(body_).has_value();
    bytes_ += peer_.size() + body_.size();
    bool more = received && body_.more();
    const bool one_frame = received && !more;
    // Read all frames, or the next call would take one for a routing id.
    while (more) {
      zmq::message_t rest;
      more = socket_.recv(rest).has_value() && rest.more();
    }
    if (one_frame) return Received{peer_.to_string(), Decode(BytesOf(body_))};
    return Received{peer_.to_string(),
                    Fail(ErrorCode::kBadData, "not exactly one frame")};
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  std::string endpoint_;
  int fd_ = -1;
  std::uint64_t bytes_ = 0;
  std::string frame_;           // reused
  zmq::message_t peer_, body_;  // reused
};

RouterChannel::RouterChannel(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
RouterChannel::~RouterChannel() = default;

// libzmq ends the process if it cannot start its two threads, or if they may
// not set their scheduling: ask before.
Result<std::unique_ptr<RouterChannel>> RouterChannel::Bind() {
  RETURN_IF_ERROR(CanHaveThreads(2));
  RETURN_IF_ERROR(CanSetScheduling());
  ASSIGN_OR_RETURN(const std::string name, RandomName());
  try {
    auto impl = std::make_unique<Impl>();
    impl->Bind("ipc://@thumbmill-" + name);
    return std::unique_ptr<RouterChannel>(new RouterChannel(std::move(impl)));
  } catch (const zmq::error_t& error) {
    return WireError("binding the workers' socket", error);
  }
}

const std::string& RouterChannel::endpoint() const { return impl_->endpoint_; }
int RouterChannel::fd() const { return impl_->fd_; }
std::uint64_t RouterChannel::bytes() const { return impl_->bytes_; }

bool RouterChannel::HasInput() const {
  try {
    return (impl_->socket_.get(zmq::sockopt::events) & ZMQ_POLLIN) != 0;
  } catch (const zmq::error_t&) {
    return false;
  }
}

Status RouterChannel::Send(const std::string& peer, const Message& message) {
  try {
    if (impl_->Send(peer, message)) return {};
    return Fail(ErrorCode::kNoSpace, "the peer's queue is full");
  } catch (const zmq::error_t& error) {
    return WireError("sending to a worker", error);
  }
}

std::optional<RouterChannel::Received> RouterChannel::Receive() {
  try {
    return impl_->Receive();
  } catch (const zmq::error_t&) {
    return std::nullopt;
  }
}

// ---- PeerChannel -------------------------------------------------------

class PeerChannel::Impl {
 public:
  Impl() : context_(1), socket_(context_, zmq::socket_type::dealer) {}

  void Connect(const std::string& endpoint, const std::string& peer) {
    SetCommonOptions(&socket_);
    socket_.set(zmq::sockopt::linger, kPeerLingerMs);
    socket_.set(zmq::sockopt::sndtimeo, kSendTimeoutMs);
    socket_.set(zmq::sockopt::routing_id, peer);
    // A lost connection is not made again: the sandbox allows no socket()
    // anyway.
    socket_.set(zmq::sockopt::reconnect_ivl, -1);
    socket_.connect(endpoint);
  }

  bool Receive(Millis timeout) {
    if (timeout != timeout_) {
      socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(timeout.count()));
      timeout_ = timeout;
    }
    return socket_.recv(body_).has_value();
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  Millis timeout_{-1};
  std::string frame_;    // reused
  zmq::message_t body_;  // reused
};

PeerChannel::PeerChannel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PeerChannel::~PeerChannel() = default;

Result<std::unique_ptr<PeerChannel>> PeerChannel::Connect(
    const std::string& endpoint, const std::string& peer) {
  try {
    auto impl = std::make_unique<Impl>();
    impl->Connect(endpoint, peer);
    return std::unique_ptr<PeerChannel>(new PeerChannel(std::move(impl)));
  } catch (const zmq::error_t& error) {
    return WireError("connecting to the coordinator", error);
  }
}

Status PeerChannel::Send(const Message& message) {
  Encode(message, &impl_->frame_);
  return SendRaw(AsBytes(impl_->frame_));
}

Status PeerChannel::SendRaw(ByteSpan frame) {
  try {
    const auto sent = impl_->socket_.send(
        zmq::buffer(frame.data(), frame.size()), zmq::send_flags::none);
    if (sent) return {};
    return Fail(ErrorCode::kTimeout, "the coordinator takes no message");
  } catch (const zmq::error_t& error) {
    return WireError("sending to the coordinator", error);
  }
}

Result<std::optional<Message>> PeerChannel::Receive(Millis timeout) {
  try {
    if (!impl_->Receive(timeout)) return std::optional<Message>();
    if (impl_->body_.more())
      return Fail(ErrorCode::kBadData, "not exactly one frame");
    ASSIGN_OR_RETURN(Message message, Decode(BytesOf(impl_->body_)));
    return std::optional<Message>(std::move(message));
  } catch (const zmq::error_t& error) {
    return WireError("receiving from the coordinator", error);
  }
}

}  // namespace thumbmill
