//===- DeviceBucketTests.cpp - Counting sorts on a device -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `tile.bucket` against a stable sort. One program serves all sizes.
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

#include <functional>

namespace moec {
namespace {

/// Keys of `choices` columns, "?" or a number, into `buckets` ones, likewise.
std::string bucketText(const std::string &choices, const std::string &buckets) {
  std::string keys = "tensor<?x" + choices + "xi32>";
  std::string places = "tensor<?x" + choices + "xi32>";
  bool isDynamic = buckets == "?";
  std::string offsets =
      "tensor<" + (isDynamic ? "?" : std::to_string(std::stoll(buckets) + 1)) + "xi32>";
  std::string types = offsets + ", tensor<?xi32>, " + places;
  return "func.func @main(%k: " + keys + ", %g: tensor<?xi8>) -> (" + types +
         ") attributes {rt.entry} {\n"
         "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
         "%t = tensor.dim %k, %c0 : " +
         keys + "\n%j = tensor.dim %k, %c1 : " + keys +
         "\n%n = arith.muli %t, %j : index\n"
         "%b = tensor.dim %g, %c0 : tensor<?xi8>\n%o = arith.addi %b, %c1 : index\n"
         "%x = tensor.empty(" +
         (isDynamic ? "%o" : "") + ") : " + offsets +
         "\n%y = tensor.empty(%n) : tensor<?xi32>\n%z = tensor.empty(%t" +
         (choices == "?" ? ", %j" : "") + ") : " + places +
         "\n%r:3 = tile.bucket keys(%k : " + keys + ") outs(%x, %y, %z : " + types + ") -> " +
         types + "\nreturn %r#0, %r#1, %r#2 : " + types + "\n}\n";
}

using MakeKey = std::function<int64_t(int64_t entry)>;

void expectBuckets(const DeviceProgram &program, int64_t rows, int64_t choices, int64_t buckets,
                   const MakeKey &makeKey) {
  SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(choices) + " keys, " +
               std::to_string(buckets) + " buckets");
  Tensor keys = *Tensor::create(DType::I32, {rows, choices});
  std::vector<std::vector<int64_t>> sorted(buckets);
  for (int64_t entry = 0; entry < keys.numElements(); ++entry) {
    int64_t key = makeKey(entry);
    keys.setInteger(entry, key);
    if (key >= 0 && key < buckets)
      sorted[key].push_back(entry);
  }
  for (uint32_t seed : {0u, 1u, 2u}) {
    auto results = program.run({keys, *Tensor::create(DType::I8, {buckets})}, seed,
                               /*hostThreads=*/1 + seed % 2);
    ASSERT_TRUE(results);
    const Tensor &offsets = (*results)[0], &source = (*results)[1], &places = (*results)[2];
    std::vector<int64_t> expected(keys.numElements(), -1);
    int64_t place = 0;
    for (int64_t bucket = 0; bucket < buckets; ++bucket) {
      ASSERT_EQ(offsets.integer(bucket), place) << "bucket " << bucket;
      for (int64_t entry : sorted[bucket]) {
        ASSERT_EQ(source.integer(place), entry / choices) << "place " << place;
        expected[entry] = place++;
      }
    }
    ASSERT_EQ(offsets.integer(buckets), place);
    for (int64_t entry = 0; entry < keys.numElements(); ++entry)
      ASSERT_EQ(places.integer(entry), expected[entry]) << "entry " << entry;
  }
}

int64_t mix(int64_t entry) { return (entry * 2654435761u >> 7) & 0xffff; }

TEST(DeviceBucket, AnyNumberOfEntries) {
  DeviceProgram program(bucketText("2", "8"));
  ASSERT_TRUE(program.isCompiled());
  program.expectAssembles();
  for (int64_t rows : {0, 1, 15, 16, 17, 511, 512, 513, 1500})
    expectBuckets(program, rows, 2, 8, [](int64_t entry) { return mix(entry) % 8; });
}

TEST(DeviceBucket, KeysThatAreLeftOut) {
  DeviceProgram program(bucketText("?", "?"));
  ASSERT_TRUE(program.isCompiled());
  program.expectAssembles();
  auto mixed = [](int64_t entry) -> int64_t {
    const int64_t others[] = {-1, 5, 6, INT32_MIN, INT32_MAX};
    int64_t key = mix(entry) % 10;
    return key < 5 ? key : others[key - 5];
  };
  for (int64_t rows : {0, 1, 7, 400})
    expectBuckets(program, rows, 3, 5, mixed);
  expectBuckets(program, 40, 0, 5, mixed);
  expectBuckets(program, 40, 3, 5, [](int64_t) { return -1; });
  expectBuckets(program, 40, 3, 0, [](int64_t) { return 0; });
}

TEST(DeviceBucket, OneKeyOrMany) {
  DeviceProgram program(bucketText("?", "?"));
  ASSERT_TRUE(program.isCompiled());
  for (int64_t choices : {1, 6}) {
    expectBuckets(program, 700, choices, 1, [](int64_t) { return 0; });
    expectBuckets(program, 700, choices, 4, [](int64_t) { return 2; });
    expectBuckets(program, 50, choices, 600, mix);
  }
}

/// The first columns of a wider matrix.
TEST(DeviceBucket, KeysOfAView) {
  DeviceProgram program(R"mlir(
func.func @main(%k: tensor<?x5xi32>) -> (tensor<4xi32>, tensor<?xi32>, tensor<?x3xi32>) attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %t = tensor.dim %k, %c0 : tensor<?x5xi32>
  %n = arith.muli %t, %c3 : index
  %v = tensor.extract_slice %k[0, 0] [%t, 3] [1, 1] : tensor<?x5xi32> to tensor<?x3xi32>
  %x = tensor.empty() : tensor<4xi32>
  %y = tensor.empty(%n) : tensor<?xi32>
  %z = tensor.empty(%t) : tensor<?x3xi32>
  %r:3 = tile.bucket keys(%v : tensor<?x3xi32>) outs(%x, %y, %z : tensor<4xi32>, tensor<?xi32>, tensor<?x3xi32>)
      -> tensor<4xi32>, tensor<?xi32>, tensor<?x3xi32>
  return %r#0, %r#1, %r#2 : tensor<4xi32>, tensor<?xi32>, tensor<?x3xi32>
})mlir");
  ASSERT_TRUE(program.isCompiled());
  int64_t keys[] = {2, 0, 2, -7, -7, 1, 2, 3, -7, -7}, places[] = {2, 0, 3, 1, 4, -1};
  int64_t offsets[] = {0, 1, 2, 5}, sources[] = {0, 1, 0, 0, 1};
  Tensor tensor = *Tensor::create(DType::I32, {2, 5});
  for (auto [at, key] : llvm::enumerate(keys))
    tensor.setInteger(at, key);
  auto results = program.run({tensor});
  ASSERT_TRUE(results);
  for (auto [at, offset] : llvm::enumerate(offsets))
    EXPECT_EQ((*results)[0].integer(at), offset);
  for (auto [at, source] : llvm::enumerate(sources))
    EXPECT_EQ((*results)[1].integer(at), source);
  for (auto [at, place] : llvm::enumerate(places))
    EXPECT_EQ((*results)[2].integer(at), place);
}

/// As a long prompt has them; the last run of entries is not whole.
TEST(DeviceBucket, ManyEntries) {
  DeviceProgram program(bucketText("8", "?"));
  ASSERT_TRUE(program.isCompiled());
  expectBuckets(program, 2051, 8, 128, [](int64_t entry) { return mix(entry) % 129; });
  expectBuckets(program, 12511, 8, 3, [](int64_t entry) { return mix(entry) % 3; });
}

} // namespace
} // namespace moec
