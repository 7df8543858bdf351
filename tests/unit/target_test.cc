// Links: tm_target
#include "coordinator/sink/target.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "coordinator/loop/event_loop.h"
#include "coordinator/loop/io_pool.h"
#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

SinkSpec SpecOf(const std::string& target) {
  SinkSpec spec;
  spec.target = target;
  spec.uploads = 7;
  return spec;
}

TEST(Target, OfAFolderKeepsItsStateInside) {
  const TargetFacts facts = DescribeTarget(SpecOf("out/a")).value();
  EXPECT_EQ(facts.shown, "out/a");
  EXPECT_EQ(facts.folder, "out/a");
  EXPECT_EQ(facts.host, "");
  EXPECT_TRUE(facts.keeps_state);
  EXPECT_EQ(facts.default_state, "out/a/.thumbmill");
  EXPECT_EQ(facts.descriptors, 0u);
}

TEST(Target, OfAServerShowsNoSecretAndNeedsAPlaceForItsState) {
  const TargetFacts facts =
      DescribeTarget(SpecOf("https://me:hush@h:1/p?sig=hush")).value();
  EXPECT_EQ(facts.shown.find("hush"), std::string::npos);
  EXPECT_EQ(facts.host, "h");
  EXPECT_EQ(facts.folder, "");
  EXPECT_TRUE(facts.keeps_state);
  EXPECT_EQ(facts.default_state, "");
  EXPECT_EQ(facts.descriptors, 7u);
}

TEST(Target, NullKeepsNothing) {
  const TargetFacts facts = DescribeTarget(SpecOf("null:")).value();
  EXPECT_FALSE(facts.keeps_state);
  EXPECT_EQ(facts.folder + facts.default_state, "");
}

TEST(Target, RefusesOtherSchemesAndArchives) {
  for (const char* target : {"ftp://h/", "http://", "tar:x.tar"}) {
    const auto facts = DescribeTarget(SpecOf(target));
    ASSERT_FALSE(facts) << target;
    EXPECT_EQ(facts.error().code, ErrorCode::kUsage);
  }
}

TEST(Target, OpensTheSinkOfItsKind) {
  const TempDir dir;
  const auto loop = *EventLoop::Create();
  IoPool pool(1);
  const auto folder = OpenSink(SpecOf(dir / "new"), loop.get(), &pool);
  ASSERT_TRUE(folder);
  EXPECT_FALSE(std::filesystem::exists(dir / "new")) << "made by Prepare()";
  EXPECT_TRUE((*folder)->Prepare());
  EXPECT_TRUE(std::filesystem::exists(dir / "new/.thumbmill/tmp"));
  EXPECT_TRUE(OpenSink(SpecOf("null:"), loop.get(), &pool));
  EXPECT_TRUE(OpenSink(SpecOf("http://h/"), loop.get(), &pool));
  EXPECT_FALSE(OpenSink(SpecOf("tar:x"), loop.get(), &pool));
  EXPECT_FALSE(OpenSink(SpecOf("gopher://h/"), loop.get(), &pool));
}

}  // namespace
}  // namespace thumbmill
