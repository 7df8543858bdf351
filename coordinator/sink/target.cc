#include "coordinator/sink/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "coordinator/net/url.h"
#include "coordinator/sink/directory_sink.h"
#include "coordinator/sink/http_sink.h"
#include "coordinator/sink/null_sink.h"

namespace thumbmill {
namespace {

struct Kind {
  bool (*takes)(const std::string& target);
  Result<TargetFacts> (*describe)(const SinkSpec& spec);
  Result<std::unique_ptr<Sink>> (*open)(const SinkSpec& spec, EventLoop* loop,
                                        IoPool* pool);
};

// ---- null: ---------------------------------------------------------------

bool IsNull(const std::string& target) { return target == "null:"; }

Result<TargetFacts> DescribeNull(const SinkSpec& spec) {
  TargetFacts facts;
  facts.kind = "null";
  facts.shown = spec.target;
  facts.keeps_state = false;
  return facts;
}

Result<std::unique_ptr<Sink>> OpenNull(const SinkSpec&, EventLoop* loop,
                                       IoPool*) {
  return MakeNullSink(loop);
}

// ---- tar: ----------------------------------------------------------------

bool IsArchive(const std::string& target) { return target.starts_with("tar:"); }

Result<TargetFacts> RefuseArchive(const SinkSpec&) {
  return Fail(ErrorCode::kUsage,
              "archives are not written yet; name a folder or an http(s) URL");
}

Result<std::unique_ptr<Sink>> OpenArchive(const SinkSpec& spec, EventLoop*,
                                          IoPool*) {
  return tl::unexpected<Error>(RefuseArchive(spec).error());
}

// ---- http(s) -------------------------------------------------------------

Result<TargetFacts> DescribeHttp(const SinkSpec& spec) {
  TargetFacts facts;
  facts.kind = "http";
  facts.shown = RedactUrl(spec.target);
  const std::optional<Url> url = ParseUrl(spec.target);
  if (!url)
    return Fail(ErrorCode::kUsage,
                fmt::format("'{}' is not a folder, an http(s) URL or null:",
                            facts.shown));
  facts.host = url->host;
  facts.descriptors = spec.uploads;
  return facts;
}

Result<std::unique_ptr<Sink>> OpenHttp(const SinkSpec& spec, EventLoop* loop,
                                       IoPool*) {
  HttpSinkOptions options;
  options.base_url = spec.target;
  options.transfer = spec.transfer;
  options.transfer.headers = spec.put_headers;
  options.transfer.user_agent = spec.put_headers.user_agent;
  options.uploads = static_cast<int>(spec.uploads);
  return MakeHttpSink(loop, options);
}

// ---- a folder ------------------------------------------------------------

Result<TargetFacts> DescribeDirectory(const SinkSpec& spec) {
  TargetFacts facts;
  facts.shown = facts.folder = spec.target;
  facts.default_state = spec.target + "/.thumbmill";
  return facts;
}

Result<std::unique_ptr<Sink>> OpenDirectory(const SinkSpec& spec,
                                            EventLoop* loop, IoPool* pool) {
  return MakeDirectorySink(loop, pool, {spec.target, spec.fsync});
}

// The first kind that takes the target is its kind. Any text can be a folder,
// so that row is the last one.
constexpr std::array<Kind, 4> kKinds{{
    {IsNull, DescribeNull, OpenNull},
    {IsArchive, RefuseArchive, OpenArchive},
    {[](const std::string& target) { return LooksLikeUrl(target); },
     DescribeHttp, OpenHttp},
    {[](const std::string&) { return true; }, DescribeDirectory, OpenDirectory},
}};

const Kind& KindOf(const std::string& target) {
  return *std::find_if(kKinds.begin(), kKinds.end(),
                       [&](const Kind& kind) { return kind.takes(target); });
}

}  // namespace

Result<TargetFacts> DescribeTarget(const SinkSpec& spec) {
  return KindOf(spec.target).describe(spec);
}

Result<std::unique_ptr<Sink>> OpenSink(const SinkSpec& spec, EventLoop* loop,
                                       IoPool* pool) {
  return KindOf(spec.target).open(spec, loop, pool);
}

}  // namespace thumbmill
