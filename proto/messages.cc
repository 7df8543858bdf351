#include "proto/messages.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "common/check.h"
#include "thumbmill.pb.h"

namespace thumbmill {
namespace {

constexpr std::size_t kHeadBytes = 4;
// Bytes of a text and number of texts, so that a message with 64 sizes stays
// below kMaxMessageBytes.
constexpr std::size_t kMaxText = 2000;
constexpr std::size_t kMaxWarnings = 16;
constexpr std::size_t kMaxWarning = 500;
constexpr std::size_t kMaxSizeText = 64;
// One day. A longer limit would only come from a misread number.
constexpr std::uint64_t kMaxTimeLimitMs = 86'400'000;

// Byte 3 of a frame: the place of the message in the variant, counted from 1.
template <typename T, typename Variant>
struct IndexOf;
template <typename T, typename... Types>
struct IndexOf<T, std::variant<T, Types...>>
    : std::integral_constant<std::size_t, 0> {};
template <typename T, typename First, typename... Types>
struct IndexOf<T, std::variant<First, Types...>>
    : std::integral_constant<std::size_t,
                             1 + IndexOf<T, std::variant<Types...>>::value> {};
template <typename T>
constexpr std::uint8_t kKind = 1 + IndexOf<T, Message>::value;

std::string Cut(const std::string& text, std::size_t limit) {
  return text.substr(0, limit);
}

tl::unexpected<Error> Malformed(const char* what) {
  return Fail(ErrorCode::kBadData, what);
}

// Reads a number from the wire as an enumerator. Returns false if it names
// none.
template <typename E>
bool ReadEnum(std::uint32_t value, E* out) {
  if (value > static_cast<std::uint32_t>(E::kLast)) return false;
  *out = static_cast<E>(value);
  return true;
}

// ---- plain struct -> body ----------------------------------------------

// Bits of Recipe::keep on the wire.
constexpr std::uint32_t kKeepIcc = 1, kKeepExif = 2, kKeepCopyright = 4;

void Put(const Recipe& recipe, wire::Recipe* out) {
  for (const SizeSpec& size : recipe.sizes) {
    wire::Size* to = out->add_sizes();
    to->set_width(size.width);
    to->set_height(size.height);
    to->set_fit(static_cast<std::uint32_t>(size.fit));
    to->set_enlarge(static_cast<std::uint32_t>(size.enlarge));
    to->set_label(Cut(size.label, kMaxSizeText));
    to->set_text(Cut(size.text, kMaxSizeText));
  }
  out->set_enlarge(recipe.enlarge);
  out->set_format(static_cast<std::uint32_t>(recipe.format));
  out->set_jpeg_quality(static_cast<std::uint32_t>(recipe.jpeg_quality));
  out->set_webp_quality(static_cast<std::uint32_t>(recipe.webp_quality));
  out->set_filter(static_cast<std::uint32_t>(recipe.filter));
  const Rgb& rgb = recipe.background;
  out->set_background_rgb(static_cast<std::uint32_t>(rgb.r) << 16 |
                          static_cast<std::uint32_t>(rgb.g) << 8 | rgb.b);
  out->set_rotate(recipe.rotate);
  out->set_linear(recipe.linear);
  out->set_keep((recipe.keep.icc ? kKeepIcc : 0) |
                (recipe.keep.exif ? kKeepExif : 0) |
                (recipe.keep.copyright ? kKeepCopyright : 0));
  out->set_fail_on(static_cast<std::uint32_t>(recipe.fail_on));
  out->set_crash_probe(recipe.crash_probe);
  out->set_max_pixels(recipe.limits.max_pixels);
  out->set_max_scans(recipe.limits.max_scans);
  out->set_max_output_pixels(recipe.limits.max_output_pixels);
  out->set_max_peak_bytes(recipe.limits.max_peak_bytes);
}

wire::Ready Body(const Ready& ready) {
  wire::Ready out;
  out.set_pid(ready.pid);
  return out;
}

wire::Welcome Body(const Welcome& welcome) {
  wire::Welcome out;
  out.set_worker(welcome.worker);
  Put(welcome.recipe, out.mutable_recipe());
  out.set_input_bytes(welcome.input_bytes);
  out.set_output_bytes(welcome.output_bytes);
  return out;
}

wire::Task Body(const TaskOrder& order) {
  wire::Task out;
  out.set_id(order.task.id);
  out.set_input_offset(order.task.input.offset);
  out.set_input_length(order.task.input.length);
  out.set_output_offset(order.output_offset);
  out.set_output_capacity(order.task.output_capacity);
  out.set_size_mask(order.task.size_mask);
  out.set_peak_bytes(order.task.peak_bytes);
  out.set_time_limit_ms(
      static_cast<std::uint64_t>(order.task.time_limit.count()));
  return out;
}

wire::Result Body(const TaskResult& result) {
  const Outcome& outcome = result.outcome;
  wire::Result out;
  out.set_id(result.id);
  if (outcome.reason != Reason::kNone)
    out.set_reason(std::string(ToString(outcome.reason)));
  if (!outcome.message.empty()) out.set_message(Cut(outcome.message, kMaxText));
  const std::size_t warnings = std::min(outcome.warnings.size(), kMaxWarnings);
  for (std::size_t i = 0; i < warnings; ++i)
    out.add_warnings(Cut(outcome.warnings[i], kMaxWarning));
  out.set_needs_output_bytes(outcome.needs_output_bytes);
  out.set_source_format(static_cast<std::uint32_t>(outcome.source_format));
  out.set_source_width(outcome.source_width);
  out.set_source_height(outcome.source_height);
  out.set_output_format(static_cast<std::uint32_t>(outcome.output_format));
  for (const Thumbnail& thumbnail : outcome.thumbnails) {
    wire::Thumbnail* to = out.add_thumbnails();
    to->set_size_index(thumbnail.size_index);
    to->set_width(thumbnail.width);
    to->set_height(thumbnail.height);
    to->set_offset(thumbnail.bytes.offset);
    to->set_length(thumbnail.bytes.length);
    to->set_format(static_cast<std::uint32_t>(thumbnail.format));
  }
  out.set_decode_us(static_cast<std::uint64_t>(outcome.times.decode.count()));
  out.set_resize_us(static_cast<std::uint64_t>(outcome.times.resize.count()));
  out.set_encode_us(static_cast<std::uint64_t>(outcome.times.encode.count()));
  return out;
}

wire::Heartbeat Body(const Heartbeat& heartbeat) {
  wire::Heartbeat out;
  out.set_token(heartbeat.token);
  return out;
}

template <typename T>
void Append(const T& message, std::string* frame) {
  CHECK(Body(message).AppendToString(frame));
}
// DRAIN and BYE have no body.
void Append(const Drain&, std::string*) {}
void Append(const Bye&, std::string*) {}

// ---- body -> plain struct ----------------------------------------------

template <typename WireBody>
bool Parse(ByteSpan bytes, WireBody* body) {
  return body->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

bool Get(const wire::Size& in, SizeSpec* size) {
  size->width = in.width();
  size->height = in.height();
  size->label = in.label();
  size->text = in.text();
  return ReadEnum(in.fit(), &size->fit) &&
         ReadEnum(in.enlarge(), &size->enlarge);
}

bool ReadQuality(std::uint32_t value, int* quality) {
  *quality = static_cast<int>(value);
  return value >= 1 && value <= 100;
}

bool Get(const wire::Recipe& in, Recipe* recipe) {
  if (static_cast<std::size_t>(in.sizes_size()) > kMaxSizes) return false;
  recipe->sizes.resize(static_cast<std::size_t>(in.sizes_size()));
  for (int i = 0; i < in.sizes_size(); ++i)
    if (!Get(in.sizes(i), &recipe->sizes[static_cast<std::size_t>(i)]))
      return false;
  recipe->enlarge = in.enlarge();
  if (!ReadQuality(in.jpeg_quality(), &recipe->jpeg_quality) ||
      !ReadQuality(in.webp_quality(), &recipe->webp_quality))
    return false;
  const std::uint32_t rgb = in.background_rgb();
  recipe->background = {static_cast<std::uint8_t>(rgb >> 16),
                        static_cast<std::uint8_t>(rgb >> 8),
                        static_cast<std::uint8_t>(rgb)};
  recipe->rotate = in.rotate();
  recipe->crash_probe = in.crash_probe();
  recipe->linear = in.linear();
  if (in.keep() > (kKeepIcc | kKeepExif | kKeepCopyright)) return false;
  recipe->keep = {(in.keep() & kKeepIcc) != 0, (in.keep() & kKeepExif) != 0,
                  (in.keep() & kKeepCopyright) != 0};
  recipe->limits.max_pixels = in.max_pixels();
  recipe->limits.max_scans = in.max_scans();
  recipe->limits.max_output_pixels = in.max_output_pixels();
  recipe->limits.max_peak_bytes = in.max_peak_bytes();
  if (!ReadEnum(in.format(), &recipe->format)) return false;
  const bool writable =
      recipe->format == ImageFormat::kUnknown || CanBeWritten(recipe->format);
  return writable && ReadEnum(in.filter(), &recipe->filter) &&
         ReadEnum(in.fail_on(), &recipe->fail_on);
}

Result<Message> ReadReady(ByteSpan bytes) {
  wire::Ready in;
  if (!Parse(bytes, &in)) return Malformed("READY does not parse");
  return Ready{in.pid()};
}

Result<Message> ReadWelcome(ByteSpan bytes) {
  wire::Welcome in;
  Welcome welcome;
  if (!Parse(bytes, &in) || !Get(in.recipe(), &welcome.recipe))
    return Malformed("WELCOME does not parse");
  welcome.worker = in.worker();
  welcome.input_bytes = in.input_bytes();
  welcome.output_bytes = in.output_bytes();
  return welcome;
}

Result<Message> ReadTask(ByteSpan bytes) {
  wire::Task in;
  if (!Parse(bytes, &in)) return Malformed("TASK does not parse");
  if (in.time_limit_ms() > kMaxTimeLimitMs)
    return Malformed("TASK has an absurd time limit");
  TaskOrder order;
  order.task.id = in.id();
  order.task.input = {in.input_offset(), in.input_length()};
  order.task.size_mask = in.size_mask();
  order.task.peak_bytes = in.peak_bytes();
  order.task.output_capacity = in.output_capacity();
  order.task.time_limit = Millis(in.time_limit_ms());
  order.output_offset = in.output_offset();
  return order;
}

bool GetTexts(const wire::Result& in, Outcome* outcome) {
  if (!in.reason().empty()) {
    const std::optional<Reason> reason = ReasonFromWord(in.reason());
    if (!reason) return false;
    outcome->reason = *reason;
  }
  if (static_cast<std::size_t>(in.warnings_size()) > kMaxWarnings) return false;
  // Our sender has cut them already; a worker that was taken over has not.
  outcome->message = Cut(in.message(), kMaxText);
  for (const std::string& warning : in.warnings())
    outcome->warnings.push_back(Cut(warning, kMaxWarning));
  return ReadEnum(in.source_format(), &outcome->source_format) &&
         ReadEnum(in.output_format(), &outcome->output_format);
}

Result<Message> ReadResult(ByteSpan bytes) {
  wire::Result in;
  TaskResult result;
  Outcome& outcome = result.outcome;
  if (!Parse(bytes, &in) || !GetTexts(in, &outcome))
    return Malformed("RESULT does not parse");
  if (static_cast<std::size_t>(in.thumbnails_size()) > kMaxSizes)
    return Malformed("RESULT has too many thumbnails");
  result.id = in.id();
  outcome.needs_output_bytes = in.needs_output_bytes();
  outcome.source_width = in.source_width();
  outcome.source_height = in.source_height();
  outcome.thumbnails.reserve(static_cast<std::size_t>(in.thumbnails_size()));
  for (const wire::Thumbnail& from : in.thumbnails()) {
    outcome.thumbnails.push_back({from.size_index(),
                                  from.width(),
                                  from.height(),
                                  {from.offset(), from.length()}});
    if (!ReadEnum(from.format(), &outcome.thumbnails.back().format))
      return Malformed("RESULT has a thumbnail of no known format");
  }
  // A worker may send any times. BoundTimes() limits them.
  outcome.times.decode = Micros(in.decode_us());
  outcome.times.resize = Micros(in.resize_us());
  outcome.times.encode = Micros(in.encode_us());
  return result;
}

Result<Message> ReadHeartbeat(ByteSpan bytes) {
  wire::Heartbeat in;
  if (!Parse(bytes, &in)) return Malformed("HEARTBEAT does not parse");
  return Heartbeat{in.token()};
}

}  // namespace

std::string_view KindWord(const Message& message) {
  constexpr std::string_view kWords[] = {
      "READY", "WELCOME", "TASK", "RESULT", "HEARTBEAT", "DRAIN", "BYE"};
  static_assert(std::size(kWords) == std::variant_size_v<Message>);
  return kWords[message.index()];
}

void Encode(const Message& message, std::string* frame) {
  const char head[kHeadBytes] = {'T', 'M', static_cast<char>(kProtocolVersion),
                                 static_cast<char>(message.index() + 1)};
  frame->assign(head, kHeadBytes);
  std::visit([frame](const auto& each) { Append(each, frame); }, message);
  CHECK(frame->size() <= kMaxMessageBytes);
}

Result<Message> Decode(ByteSpan frame) {
  if (frame.size() < kHeadBytes || frame[0] != 'T' || frame[1] != 'M')
    return Malformed("not a message of this protocol");
  // The body of another version may mean something else: do not parse it.
  if (frame[2] != kProtocolVersion)
    return Fail(ErrorCode::kUsage, "the peer speaks protocol version " +
                                       std::to_string(frame[2]) +
                                       ", this program version " +
                                       std::to_string(kProtocolVersion));
  const ByteSpan body = frame.subspan(kHeadBytes);
  switch (frame[3]) {
    case kKind<Ready>:
      return ReadReady(body);
    case kKind<Welcome>:
      return ReadWelcome(body);
    case kKind<TaskOrder>:
      return ReadTask(body);
    case kKind<TaskResult>:
      return ReadResult(body);
    case kKind<Heartbeat>:
      return ReadHeartbeat(body);
    case kKind<Drain>:
      return Drain{};
    case kKind<Bye>:
      return Bye{};
    default:
      return Malformed("unknown kind of message");
  }
}

}  // namespace thumbmill
