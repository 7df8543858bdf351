// Links: tm_common
#include "common/hash.h"

#include <gtest/gtest.h>

#include "common/bytes.h"

namespace thumbmill {
namespace {

// The values are FIPS 180-2, appendix B.1, and the hash of no bytes.
TEST(Hash, IsSha256) {
  EXPECT_EQ(ToHex(HashBytes(AsBytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(HashBytes({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hash, AKeyIsItsFirstHalf) {
  EXPECT_EQ(ToHex(HashKey("abc")), "ba7816bf8f01cfea414140de5dae2223");
}

}  // namespace
}  // namespace thumbmill
