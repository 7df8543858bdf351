// tests/integration/nginx_test.h: a test with its own server; skipped if nginx
// is missing.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "tests/integration/nginx_fixture.h"

namespace thumbmill {

class NginxTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!NginxServer::Available())
      GTEST_SKIP() << "nginx with its lua module, or openssl, is missing";
    auto server = NginxServer::Start();
    ASSERT_TRUE(server) << server.error().what;
    server_ = *std::move(server);
  }

  std::unique_ptr<NginxServer> server_;
};

}  // namespace thumbmill
