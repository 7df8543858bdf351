// tests/integration/nginx_fixture.h: a real nginx on loopback ports of its own,
// for tests of the network.
//
// Owns     a process, killed with the object or when the test program ends in
//          any way, and a folder in TMPDIR, removed with the object.
// Errors   Start() returns the messages of nginx or openssl.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/result.h"

namespace thumbmill {

class NginxServer {
 public:
  // Returns false if nginx, its lua module or openssl is not installed.
  [[nodiscard]] static bool Available();
  // Serves tests/data/nginx/origin.conf.in; port 0 picks a free port.
  [[nodiscard]] static Result<std::unique_ptr<NginxServer>> Start(int port = 0);
  ~NginxServer();
  NginxServer(const NginxServer&) = delete;
  NginxServer& operator=(const NginxServer&) = delete;

  // `path` starts with '/'.
  [[nodiscard]] std::string Http(const std::string& path) const;
  [[nodiscard]] std::string Https(const std::string& path) const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string certificate() const { return dir_ / "cert.pem"; }
  // Folders behind the server: /files/ serves `www`, PUT below /dav/ stores in
  // `dav`.
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

// Returns a loopback port that was free a moment ago.
[[nodiscard]] int FreePort();

}  // namespace thumbmill
