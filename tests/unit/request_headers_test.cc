// Links: tm_net
#include "coordinator/net/request_headers.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

std::string Refusal(const std::string& text) {
  RequestHeaders headers;
  const Status status = AddHeader("--header", text, &headers);
  return status ? "" : status.error().what;
}

TEST(RequestHeaders, TakesNamesAndValues) {
  RequestHeaders headers;
  ASSERT_TRUE(AddHeader("f", "Referer:https://a.example/b: c ", &headers));
  ASSERT_TRUE(AddHeader("f", "X-Empty:", &headers));
  ASSERT_TRUE(AddHeader("f", "Cookie: a=1", &headers));
  ASSERT_TRUE(AddHeader("f", "cookie: b=2", &headers));
  ASSERT_TRUE(AddHeader("f", "User-agent: me", &headers));
  EXPECT_EQ(headers.lines, (std::vector<std::string>{
                               "Referer: https://a.example/b: c", "X-Empty;"}));
  EXPECT_EQ(headers.cookie, "a=1; b=2");
  EXPECT_EQ(headers.user_agent, "me");
}

TEST(RequestHeaders, RefusesWhatWouldBreakARequestAndShowsNoValue) {
  for (const char* text :
       {"hush", "X Y: hush", ": hush", "X: hush\r\nY: 1", "X: hush\nY: 1",
        "X: hush\x01", "Host: hush", "content-length: hush",
        "Content-Encoding: hush", "Transfer-Encoding: hush", "TE: hush",
        "Range: hush", "RANGE: hush", "If-None-Match: hush", "Expect: hush",
        "Accept-Encoding: hush", "Connection: hush", "Proxy-Auth: hush"}) {
    const std::string why = Refusal(text);
    EXPECT_NE(why, "") << text;
    EXPECT_EQ(why.find("hush"), std::string::npos) << why;
  }
  EXPECT_NE(Refusal(std::string("X: a\0b", 6)), "");
}

TEST(RequestHeaders, AreBounded) {
  EXPECT_NE(Refusal("X: " + std::string(20'000, 'x')).find("bytes"),
            std::string::npos);
  RequestHeaders headers;
  Status status;
  for (int i = 0; i < 200 && status; ++i)
    status = AddHeader("f", "X: y", &headers);
  EXPECT_FALSE(status);
}

TEST(RequestHeaders, AFileHasOneALine) {
  const TempDir dir;
  const std::string path = dir.path() + "/h";
  std::ofstream(path) << "# mine\n\nX-Token: t\r\nY: 2\n";
  RequestHeaders headers;
  ASSERT_TRUE(ReadHeaderFile(path, &headers));
  EXPECT_EQ(headers.lines, (std::vector<std::string>{"X-Token: t", "Y: 2"}));
  std::ofstream(path) << "X: 1\nhush\n";
  const Status bad = ReadHeaderFile(path, &headers);
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().what.find("line 2"), std::string::npos);
  EXPECT_EQ(bad.error().what.find("hush"), std::string::npos);
  EXPECT_FALSE(ReadHeaderFile(dir.path() + "/none", &headers));
  EXPECT_FALSE(ReadHeaderFile("/dev/zero", &headers));
  EXPECT_FALSE(ReadHeaderFile(dir.path(), &headers));
}

}  // namespace
}  // namespace thumbmill
