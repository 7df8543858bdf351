#include "common/log.h"

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <mutex>

#include "common/own_files.h"
#include "common/printable.h"
#include "common/unique_fd.h"

namespace thumbmill {
namespace {

struct Redirect {
  LogWriter writer = nullptr;
  void* context = nullptr;
};

// The main thread sets it while other threads log, so it has its own mutex.
Redirect g_redirect;
std::mutex g_redirect_mutex;

// Writes to stderr, or to the writer of SetLogWriter().
class TerminalSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const std::lock_guard lock(g_redirect_mutex);
    if (g_redirect.writer != nullptr) {
      g_redirect.writer(g_redirect.context, {line.data(), line.size()});
    } else {
      std::fwrite(line.data(), 1, line.size(), stderr);
    }
  }
  void flush_() override { std::fflush(stderr); }
};

class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::FILE* file) : file_(file) {}
  ~FileSink() override { std::fclose(file_); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), file_);
  }
  void flush_() override { std::fflush(file_); }

 private:
  std::FILE* file_;
};

// Opens with O_NONBLOCK: if `path` is a FIFO without a reader, open() fails
// instead of waiting for ever. Later writes may block again.
Result<std::FILE*> OpenLog(const std::string& path) {
  ASSIGN_OR_RETURN(
      UniqueFd fd,
      OpenNamedFile(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0666));
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
    return FailSystem("cannot open " + path, errno);
  std::FILE* const file = fdopen(fd.get(), "a");
  if (file == nullptr) return FailSystem("cannot open " + path, errno);
  (void)fd.Release();  // the stream closes it
  return file;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

bool g_json = false;

// Escapes a text for one line. Every text passes here, so no text can forge a
// second line or control a terminal.
std::string LineText(std::string_view text) {
  return g_json ? JsonText(text) : Printable(text);
}

const char* PatternOf(const LogOptions& options) {
  if (options.bare) return "%l: %v";
  return options.json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","process":"%n",)"
                        R"("pid":%P,"level":"%l","text":"%v"})"
                      : "%H:%M:%S %n[%P] %l: %v";
}

}  // namespace

Status InitLog(const LogOptions& options) {
  spdlog::sink_ptr sink = std::make_shared<TerminalSink>();
  if (!options.file.empty()) {
    ASSIGN_OR_RETURN(std::FILE* const file, OpenLog(options.file));
    sink = std::make_shared<FileSink>(file);
  }
  auto logger = std::make_shared<spdlog::logger>(options.process, sink);
  logger->set_level(ToSpdlog(options.level));
  logger->flush_on(spdlog::level::warn);
  logger->set_pattern(PatternOf(options));
  g_json = options.json;
  spdlog::set_default_logger(std::move(logger));
  return {};
}

bool LogEnabled(LogLevel level) {
  return spdlog::default_logger_raw()->should_log(ToSpdlog(level));
}

void LogLine(LogLevel level, std::string_view text) {
  if (!LogEnabled(level)) return;
  spdlog::default_logger_raw()->log(ToSpdlog(level), LineText(text));
}

void LogAnswer(std::string_view text) {
  // Goes to the sinks directly: logger.log() would apply the level.
  spdlog::logger& logger = *spdlog::default_logger_raw();
  const std::string safe = LineText(text);
  const spdlog::details::log_msg message(logger.name(), spdlog::level::info,
                                         safe);
  for (const spdlog::sink_ptr& sink : logger.sinks()) {
    sink->log(message);
    sink->flush();
  }
}

void SetLogWriter(LogWriter writer, void* context) {
  const std::lock_guard lock(g_redirect_mutex);
  g_redirect = {writer, context};
}

}  // namespace thumbmill
