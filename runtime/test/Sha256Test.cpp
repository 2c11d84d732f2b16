// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Sha256.h"

#include <gtest/gtest.h>
#include <string>

using namespace moert;

namespace {

std::string hex(const Digest256 &digest) {
  std::string text;
  for (uint8_t byte : digest.bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string sha256(const std::string &text) {
  Sha256 hash;
  hash.update(text.data(), text.size());
  return hex(hash.finish());
}

std::string hmac(const std::string &key, const std::string &text) {
  return hex(Hmac(key.data(), key.size()).update(text.data(), text.size()).finish());
}

// The examples of FIPS 180-4.
TEST(Sha256Test, PublishedVectors) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, PartsHashAsTheWhole) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += char(i * 7);
  for (size_t length : {0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 300}) {
    const std::string whole = text.substr(0, length);
    for (size_t cut = 0; cut <= length; ++cut) {
      Sha256 hash;
      hash.update(whole.data(), cut);
      hash.update(whole.data() + cut, length - cut);
      ASSERT_EQ(hex(hash.finish()), sha256(whole)) << length << " cut at " << cut;
    }
  }
}

// The test cases of RFC 4231: short keys, keys of a block and longer ones.
TEST(HmacTest, PublishedVectors) {
  EXPECT_EQ(hmac(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(
      hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hmac(std::string(131, '\xaa'),
                 "This is a test using a larger than block-size key and a larger than block-size "
                 "data. The key needs to be hashed before being used by the HMAC algorithm."),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(HmacTest, ComparesAndWipes) {
  uint8_t a[32] = {1, 2, 3}, b[32] = {1, 2, 3};
  EXPECT_TRUE(equalInConstantTime(a, b, sizeof(a)));
  EXPECT_TRUE(equalInConstantTime(a, b, 0));
  b[31] = 0x80;
  EXPECT_FALSE(equalInConstantTime(a, b, sizeof(a)));
  EXPECT_TRUE(equalInConstantTime(a, b, sizeof(a) - 1));
  const uint8_t zeros[32] = {};
  wipe(b, sizeof(b));
  EXPECT_TRUE(equalInConstantTime(b, zeros, sizeof(b)));
}

} // namespace
