#include "tests/integration/nginx_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "common/unique_fd.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool CanConnect(int port) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof address) == 0;
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void ReplaceAll(std::string* text, const std::string& from,
                const std::string& to) {
  for (std::size_t at = text->find(from); at != std::string::npos;
       at = text->find(from, at + to.size()))
    text->replace(at, from.size(), to);
}

// Looks in /usr/sbin too: nginx is there, but not every PATH names it.
std::string FindProgram(const std::string& name) {
  std::stringstream path(
      std::string(std::getenv("PATH") ? std::getenv("PATH") : "") +
      ":/usr/sbin:/usr/bin");
  for (std::string folder; std::getline(path, folder, ':');) {
    const std::string file = folder + "/" + name;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

// Starts a program that writes to `log` and dies with the calling thread.
Result<pid_t> Spawn(const std::vector<std::string>& words,
                    const fs::path& log) {
  std::vector<char*> argv;
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const UniqueFd out(
      open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const pid_t pid = fork();
  if (pid < 0) return FailSystem("fork", errno);
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(out.get(), 1);
  dup2(out.get(), 2);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

int FreePort() {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd.get(), raw, length) != 0) return 0;
  if (getsockname(fd.get(), raw, &length) != 0) return 0;
  return ntohs(address.sin_port);
}

bool NginxServer::Available() {
  return !FindProgram("nginx").empty() && !FindProgram("openssl").empty() &&
         fs::exists("/usr/lib/nginx/modules/ngx_http_lua_module.so");
}

Result<std::unique_ptr<NginxServer>> NginxServer::Start(int port) {
  auto server = std::unique_ptr<NginxServer>(new NginxServer());
  RETURN_IF_ERROR(server->MakeFolder());
  RETURN_IF_ERROR(server->MakeCertificate());
  // Another process may take the free port before nginx does; try again then.
  Status status;
  for (int tries = 0; tries < 5; ++tries) {
    server->port_ = port != 0 ? port : FreePort();
    server->tls_port_ = FreePort();
    RETURN_IF_ERROR(server->WriteConfig("origin.conf"));
    RETURN_IF_ERROR(server->WriteConfig("locations.conf"));
    RETURN_IF_ERROR(server->Launch());
    status = server->WaitUntilUp();
    if (status) return server;
    server->Stop();
  }
  return tl::unexpected<Error>(status.error());
}

NginxServer::~NginxServer() {
  Stop();
  std::error_code ignored;
  if (!dir_.empty()) fs::remove_all(dir_, ignored);
}

Status NginxServer::MakeFolder() {
  std::string name = fs::temp_directory_path() / "thumbmill-nginx-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) return FailSystem("mkdtemp", errno);
  dir_ = name;
  fs::create_directory(www());
  fs::create_directory(dav());
  return {};
}

Status NginxServer::MakeCertificate() const {
  const fs::path log = dir_ / "openssl.log";
  const auto pid = Spawn(
      {FindProgram("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
       "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
       "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
       "-keyout", dir_ / "key.pem", "-out", dir_ / "cert.pem"},
      log);
  if (!pid) return tl::unexpected<Error>(pid.error());
  int status = 0;
  waitpid(*pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Fail(ErrorCode::kInternal, "openssl: " + ReadAll(log));
}

Status NginxServer::WriteConfig(const std::string& name) const {
  const fs::path source = fs::path(THUMBMILL_TEST_DATA) / "nginx";
  std::string text = ReadAll(source / (name + ".in"));
  if (text.empty())
    return Fail(ErrorCode::kNotFound, "no template for " + name);
  ReplaceAll(&text, "@DIR@", dir_);
  ReplaceAll(&text, "@PORT@", std::to_string(port_));
  ReplaceAll(&text, "@TLS_PORT@", std::to_string(tls_port_));
  std::ofstream(dir_ / name) << text;
  return {};
}

Status NginxServer::Launch() {
  const auto pid =
      Spawn({FindProgram("nginx"), "-p", dir_, "-c", dir_ / "origin.conf"},
            dir_ / "stderr.log");
  if (!pid) return tl::unexpected<Error>(pid.error());
  pid_ = *pid;
  return {};
}

Status NginxServer::WaitUntilUp() {
  for (int tries = 0; tries < 1000; ++tries) {
    if (CanConnect(port_) && CanConnect(tls_port_)) return {};
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return Fail(ErrorCode::kUnavailable,
              "nginx did not start: " + ReadAll(dir_ / "stderr.log") +
                  ReadAll(dir_ / "error.log"));
}

// Kills nginx at once; a clean shutdown would only take time.
void NginxServer::Stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string NginxServer::Http(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::string NginxServer::Https(const std::string& path) const {
  return "https://127.0.0.1:" + std::to_string(tls_port_) + path;
}

}  // namespace thumbmill
