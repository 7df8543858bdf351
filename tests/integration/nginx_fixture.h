// tests/integration/nginx_fixture.h: a real nginx on loopback ports of its
// own, for tests of the network.
//
// Owns     a process (ended with the object, or with the test program, however
//          that ends) and a folder in TMPDIR, removed with the object.
// Errors   Start() tells what nginx or openssl said.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/result.h"

namespace thumbmill {

class NginxServer {
 public:
  // False where nginx, its lua module or openssl are not installed.
  [[nodiscard]] static bool Available();
  // Serves tests/data/nginx/origin.conf.in; port 0: a free one.
  [[nodiscard]] static Result<std::unique_ptr<NginxServer>> Start(int port = 0);
  ~NginxServer();
  NginxServer(const NginxServer&) = delete;
  NginxServer& operator=(const NginxServer&) = delete;

  // `path` starts with '/'.
  [[nodiscard]] std::string Http(const std::string& path) const;
  [[nodiscard]] std::string Https(const std::string& path) const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string certificate() const { return dir_ / "cert.pem"; }
  // What /files/ serves, and what was PUT below /dav/.
  [[nodiscard]] std::filesystem::path www() const { return dir_ / "www"; }
  [[nodiscard]] std::filesystem::path dav() const { return dir_ / "dav"; }

 private:
  NginxServer() = default;
  Status MakeFolder();
  Status MakeCertificate() const;
  Status WriteConfig(const std::string& name) const;
  Status Launch();
  Status WaitUntilUp();
  void Stop();

  std::filesystem::path dir_;
  int port_ = 0, tls_port_ = 0;
  pid_t pid_ = -1;
};

// A loopback port that nobody listened on a moment ago.
[[nodiscard]] int FreePort();

}  // namespace thumbmill
