// Links: tm_common
#include "common/own_files.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/unit/temp_dir.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

class OwnFilesTest : public testing::Test {
 protected:
  OwnFilesTest() {
    fs::create_directories(dir_ / "real/deep");
    fs::create_directory_symlink("real", dir_ / "link");
    fs::create_directory_symlink("loop", dir_ / "loop");
    fs::create_directory_symlink("/", dir_ / "real/root");
    root_.Reset(open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY));
  }
  // Returns 0 if OpenBeneath() keeps all its promises, or the number of the
  // first broken one.
  int CheckBeneath() {
    const auto error = [this](const char* name) {
      const Result<UniqueFd> opened = OpenBeneath(root_.get(), name);
      return opened ? 0 : opened.error().sys;
    };
    if (error("") != 0 || error("real") != 0 || error("real/deep") != 0)
      return 1;
    if (error("none") != ENOENT || error("real/none/x") != ENOENT) return 2;
    if (error("link") != ELOOP || error("link/deep") != ELOOP ||
        error("loop") != ELOOP || error("real/root/tmp") != ELOOP)
      return 3;
    if (error("..") != EXDEV || error("real/../../..") != EXDEV) return 4;
    return 0;
  }

  TempDir dir_;
  UniqueFd root_;
};

TEST_F(OwnFilesTest, OpensNoLinkAndNothingOutsideBeneathAFolder) {
  EXPECT_EQ(CheckBeneath(), 0);
}

bool Refuse(long call, int error) {
  const sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<__u32>(call), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<__u32>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{4, const_cast<sock_filter*>(rules)};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(OwnFilesTest, DoesSoWhereTheKernelHasNoOpenat2) {
  for (const int error : {ENOSYS, EPERM}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) _exit(Refuse(SYS_openat2, error) ? CheckBeneath() : 99);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
}

TEST_F(OwnFilesTest, FindsAPlaceBehindLinksOfTheUser) {
  const auto place = FindPlace(dir_ / "link/deep/../new", false);
  ASSERT_TRUE(place) << place.error().what;
  EXPECT_EQ(place->name, "new");
  EXPECT_TRUE(OpenNamedFile(dir_ / "link/new", O_WRONLY | O_CREAT, 0600));
  EXPECT_TRUE(fs::exists(dir_ / "real/new"));
  EXPECT_EQ(FindPlace(dir_ / "loop/x", false).error().sys, ELOOP);
  EXPECT_FALSE(FindPlace("", false));
  EXPECT_TRUE(FindPlace("/", false));
}

TEST_F(OwnFilesTest, OpensOnlyRegularFilesWithOneName) {
  const std::string file = dir_.Write("file", "kept");
  fs::create_hard_link(file, dir_ / "second");
  fs::create_symlink("file", dir_ / "pointer");
  ASSERT_EQ(mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  for (const char* name : {"second", "pointer", "fifo", "real", "link"}) {
    const auto opened =
        OpenOwnFile(root_.get(), name, O_RDWR | O_CREAT, 0600, name);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, ErrorCode::kUsage) << name;
  }
  EXPECT_TRUE(OpenOwnFile(root_.get(), "new", O_RDWR | O_CREAT, 0600, "new"));
  EXPECT_EQ(dir_.Read("file"), "kept");
}

TEST_F(OwnFilesTest, TrustsNoFolderThatOthersMayWriteTo) {
  for (const mode_t mode : {0777u, 0770u, 0702u, 01777u}) {
    ASSERT_EQ(chmod((dir_ / "real").c_str(), mode), 0);
    EXPECT_FALSE(OpenPrivateFolder(dir_ / "real")) << mode;
  }
  ASSERT_EQ(chmod((dir_ / "real").c_str(), 0755), 0);
  EXPECT_TRUE(OpenPrivateFolder(dir_ / "real"));
  EXPECT_FALSE(OpenPrivateFolderAt(root_.get(), "link", "link"));
}

}  // namespace
}  // namespace thumbmill
