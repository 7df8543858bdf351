// Links: tm_proto tm_common
#include "proto/worker_args.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

WorkerArgs Full() {
  WorkerArgs args;
  args.endpoint = "ipc://@x=y";
  args.peer = "abc";
  args.input_fd = 7;
  args.output_fd = 8;
  args.parent = 4711;
  args.sandbox = SandboxMode::kRequire;
  args.sandbox_logging = SandboxLogging::kAll;
  return args;
}

std::vector<std::string> WithoutCommand(const WorkerArgs& args) {
  std::vector<std::string> arguments = args.ToArguments();
  arguments.erase(arguments.begin());
  return arguments;
}

TEST(WorkerArgs, ArriveAsTheyWereSent) {
  EXPECT_EQ(Full().ToArguments()[0], kServeCommand);
  const auto parsed = WorkerArgs::Parse(WithoutCommand(Full()));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->endpoint, "ipc://@x=y");
  EXPECT_EQ(parsed->peer, "abc");
  EXPECT_EQ(parsed->input_fd, 7);
  EXPECT_EQ(parsed->output_fd, 8);
  EXPECT_EQ(parsed->parent, 4711);
  EXPECT_EQ(parsed->sandbox, SandboxMode::kRequire);
  EXPECT_EQ(parsed->sandbox_logging, SandboxLogging::kAll);
}

TEST(WorkerArgs, RefuseWhatTheyDoNotKnow) {
  for (const char* bad :
       {"--what=1", "--input-fd=x", "--input-fd=-1", "--parent=1x",
        "--sandbox=maybe", "--sandbox-logging=lies", "endpoint"}) {
    auto arguments = WithoutCommand(Full());
    arguments.push_back(bad);
    EXPECT_FALSE(WorkerArgs::Parse(arguments).has_value()) << bad;
  }
}

TEST(WorkerArgs, RefuseToMissWhatIsNeeded) {
  EXPECT_FALSE(WorkerArgs::Parse({}).has_value());
  EXPECT_FALSE(WorkerArgs::Parse({"--endpoint=a", "--peer=b"}).has_value());
}

}  // namespace
}  // namespace thumbmill
