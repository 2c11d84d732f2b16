//===- DeviceAttentionTests.cpp - Attention on a device ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention against its formula in double, and bit for bit against itself where
// only what a row does not see has changed.
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "gtest/gtest.h"

#include <array>
#include <cmath>
#include <cstring>

namespace moec {
namespace {

/// What a kernel is compiled for. Batch and sequences are dynamic.
struct Form {
  int64_t queryHeads = 4, keyHeads = 2, size = 64, valueSize = 64;
  DType type = DType::F32, cacheType = DType::F32;
  std::optional<DType> mask;
  bool hasLengths = false, hasOffset = false, nanRows = false;
  std::optional<int64_t> left, right;
  double softcap = 0;
  bool queriesBySequence = false, keysBySequence = false; // layout bshd
  int64_t capacity = 0; // keys and values are the start of so many; 0: as many as there are
  bool hasDynamicSizes = false;
};

std::string makeType(std::array<std::string, 4> sizes, DType type, bool bySequence = false) {
  if (bySequence)
    std::swap(sizes[1], sizes[2]);
  return "tensor<" + sizes[0] + "x" + sizes[1] + "x" + sizes[2] + "x" + sizes[3] + "x" +
         nameOf(type).str() + ">";
}

/// Keys and values are views of the first ones of `%kc` and `%vc`; numbers that shapes do not tell
/// are the sizes of `%keys` and `%offset`.
std::string makeText(const Form &f) {
  auto number = [](int64_t value) { return std::to_string(value); };
  std::string d = f.hasDynamicSizes ? "?" : number(f.size);
  std::string dv = f.hasDynamicSizes ? "?" : number(f.valueSize);
  std::string hq = number(f.queryHeads), hk = number(f.keyHeads);
  std::string held = f.capacity ? number(f.capacity) : "?";
  bool qs = f.queriesBySequence, ks = f.keysBySequence;
  std::string q = makeType({"?", hq, "?", d}, f.type, qs),
              kc = makeType({"?", hk, held, d}, f.cacheType, ks),
              vc = makeType({"?", hk, held, dv}, f.cacheType, ks),
              k = makeType({"?", hk, "?", d}, f.cacheType, ks),
              v = makeType({"?", hk, "?", dv}, f.cacheType, ks),
              m = makeType({"?", "?", "?", "?"}, f.mask.value_or(DType::I8)),
              o = makeType({"?", hq, "?", dv}, f.type, qs);
  auto slice = [&](const std::string &to, const std::string &from, const std::string &size,
                   const std::string &fromType, const std::string &type) {
    std::string heads = ks ? "%length, " + hk : hk + ", %length";
    return to + " = tensor.extract_slice " + from + "[0, 0, 0, 0] [%batch, " + heads + ", " + size +
           "] [1, 1, 1, 1] : " + fromType + " to " + type + "\n";
  };
  std::string attributes = "scale = 0.125 : f32";
  if (f.left)
    attributes += ", left_window = " + number(*f.left);
  if (f.right)
    attributes += ", right_window = " + number(*f.right);
  if (f.softcap > 0)
    attributes += ", softcap = " + std::to_string(f.softcap) + " : f32";
  if (f.nanRows)
    attributes += ", nan_rows";
  if (qs)
    attributes += ", query_layout = #tile.heads<bshd>, outs_layout = #tile.heads<bshd>";
  if (ks)
    attributes += ", key_layout = #tile.heads<bshd>, value_layout = #tile.heads<bshd>";
  return "func.func @main(%q: " + q + ", %kc: " + kc + ", %vc: " + vc + ", %m: " + m +
         ", %lengths: tensor<?xi64>, %keys: tensor<?xi8>, %past: tensor<?xi8>) -> " + o +
         " attributes {rt.entry} {\n%c0 = arith.constant 0 : index\n"
         "%c3 = arith.constant 3 : index\n%cs = arith.constant " +
         (qs ? "1" : "2") + " : index\n%batch = tensor.dim %q, %c0 : " + q +
         "\n%queries = tensor.dim %q, %cs : " + q +
         "\n%length = tensor.dim %keys, %c0 : tensor<?xi8>\n"
         "%offset = tensor.dim %past, %c0 : tensor<?xi8>\n" +
         (f.hasDynamicSizes
              ? "%d = tensor.dim %q, %c3 : " + q + "\n%dv = tensor.dim %vc, %c3 : " + vc + "\n"
              : "") +
         slice("%k", "%kc", f.hasDynamicSizes ? "%d" : d, kc, k) +
         slice("%v", "%vc", f.hasDynamicSizes ? "%dv" : dv, vc, v) +
         "%o = tensor.empty(%batch, %queries" + (f.hasDynamicSizes ? ", %dv" : "") + ") : " + o +
         "\n%r = tile.attention query(%q : " + q + ") key(%k : " + k + ") value(%v : " + v + ")" +
         (f.mask ? " mask(%m : " + m + ")" : "") +
         (f.hasLengths ? " lengths(%lengths : tensor<?xi64>)" : "") +
         (f.hasOffset ? " offset(%offset)" : "") + " outs(%o : " + o + ") {" + attributes +
         "} -> " + o + "\nreturn %r : " + o + "\n}\n";
}

/// Inputs of a run. Sequences of keys are `held` long, of which `keys` count.
struct Data {
  int64_t batch, queries, keys, held, offset = 0;
  Tensor q, k, v, mask, lengths;

  Data(const Form &f, int64_t batch, int64_t queries, int64_t keys, uint32_t seed = 1)
      : batch(batch), queries(queries), keys(keys), held(f.capacity ? f.capacity : keys),
        q(make(f.type, f.queriesBySequence, f.queryHeads, queries, f.size, seed)),
        k(make(f.cacheType, f.keysBySequence, f.keyHeads, held, f.size, seed + 1)),
        v(make(f.cacheType, f.keysBySequence, f.keyHeads, held, f.valueSize, seed + 2)),
        mask(*Tensor::create(f.mask.value_or(DType::I8), {1, 1, 1, 1})),
        lengths(*Tensor::create(DType::I64, {batch})) {
    for (int64_t i = 0; i < batch; ++i)
      lengths.setInteger(i, keys);
  }

  Tensor make(DType type, bool bySequence, int64_t heads, int64_t length, int64_t size,
              uint32_t seed) const {
    if (bySequence)
      return makeNumbers(type, {batch, length, heads, size}, seed);
    return makeNumbers(type, {batch, heads, length, size}, seed);
  }

  void setMask(llvm::ArrayRef<int64_t> sizes, llvm::function_ref<double(int64_t)> at) {
    mask = *Tensor::create(mask.dtype(), sizes);
    for (int64_t i = 0; i < mask.numElements(); ++i)
      mask.dtype() == DType::I8 ? mask.setInteger(i, at(i) != 0) : mask.setReal(i, at(i));
  }

  std::vector<Tensor> arguments() const {
    return {q,
            k,
            v,
            mask,
            lengths,
            *Tensor::create(DType::I8, {keys}),
            *Tensor::create(DType::I8, {offset})};
  }
};

/// Where the row of a head and position starts.
int64_t rowOf(const Tensor &tensor, bool bySequence, int64_t b, int64_t h, int64_t i) {
  if (bySequence)
    std::swap(h, i);
  return ((b * tensor.dim(1) + h) * tensor.dim(2) + i) * tensor.dim(3);
}

/// Expects the formula's rows, within what the types of sums and of the result lose.
void expectRows(const Form &f, const Data &d, const Tensor &result) {
  int64_t group = f.queryHeads / f.keyHeads, wrong = 0;
  std::vector<double> weights(d.keys), queries = d.q.reals<double>(), keys = d.k.reals<double>(),
                                       values = d.v.reals<double>();
  for (int64_t b = 0; b < d.batch; ++b)
    for (int64_t h = 0; h < f.queryHeads; ++h)
      for (int64_t i = 0; i < d.queries; ++i) {
        int64_t length = d.lengths.integer(b);
        int64_t position = i + (f.hasOffset ? d.offset : f.hasLengths ? length - d.queries : 0);
        const double *query = &queries[rowOf(d.q, f.queriesBySequence, b, h, i)];
        double maximum = -INFINITY, total = 0;
        for (int64_t j = 0; j < d.keys; ++j) {
          weights[j] = -INFINITY;
          if ((f.left && j < position - *f.left) || (f.right && j > position + *f.right) ||
              (f.hasLengths && j >= length) || (f.mask && j >= d.mask.dim(3)))
            continue;
          const double *key = &keys[rowOf(d.k, f.keysBySequence, b, h / group, j)];
          double score = 0;
          for (int64_t c = 0; c < f.size; ++c)
            score += query[c] * key[c];
          score *= 0.125;
          if (f.softcap > 0)
            score = f.softcap * std::tanh(score / f.softcap);
          if (f.mask) {
            auto entry = [&](unsigned dim, int64_t at) { return d.mask.dim(dim) == 1 ? 0 : at; };
            int64_t at = rowOf(d.mask, false, entry(0, b), entry(1, h), entry(2, i)) + j;
            if (*f.mask != DType::I8)
              score += d.mask.real(at);
            else if (d.mask.integer(at) == 0)
              continue;
          }
          weights[j] = score;
          maximum = std::max(maximum, score);
        }
        std::vector<double> sums(f.valueSize), sizes(f.valueSize);
        for (int64_t j = 0; j < d.keys; ++j) {
          if (weights[j] == -INFINITY)
            continue;
          double weight = std::exp(weights[j] - maximum);
          total += weight;
          const double *value = &values[rowOf(d.v, f.keysBySequence, b, h / group, j)];
          for (int64_t c = 0; c < f.valueSize; ++c) {
            sums[c] += weight * value[c];
            sizes[c] += weight * std::fabs(value[c]);
          }
        }
        int64_t start = rowOf(result, f.queriesBySequence, b, h, i);
        for (int64_t c = 0; c < f.valueSize; ++c) {
          double got = result.real(start + c);
          if (total == 0) {
            wrong += f.nanRows ? !std::isnan(got) : got != 0;
            continue;
          }
          // What f32 loses in the sums, and the roundings of weights and of the result.
          double unit = f.type == DType::F32 ? 0 : f.type == DType::F16 ? 0x1p-11 : 0x1p-8;
          double rounding = f.type == f.cacheType ? unit : 0;
          double allowed =
              unit * std::fabs(sums[c] / total) + (1e-5 + rounding) * sizes[c] / total + 1e-7;
          wrong += !(std::fabs(got - sums[c] / total) <= allowed);
        }
      }
  EXPECT_EQ(wrong, 0) << d.queries << " queries, " << d.keys << " keys";
}

bool haveSameBits(const Tensor &x, const Tensor &y) {
  return x.numElements() == y.numElements() &&
         std::memcmp(x.bytes(), y.bytes(), x.numElements() * bytesOf(x.dtype())) == 0;
}

/// Queries and keys of runs that cross the bounds of tiles.
constexpr std::pair<int64_t, int64_t> shapes[] = {{1, 1},  {1, 0},   {3, 63}, {17, 64},
                                                  {2, 65}, {1, 200}, {33, 65}};

TEST(DeviceAttention, EveryTypeAndLayout) {
  for (DType type : {DType::F32, DType::BF16, DType::F16})
    for (bool bySequence : {false, true}) {
      Form f;
      f.type = f.cacheType = type;
      f.queriesBySequence = bySequence;
      f.keysBySequence = bySequence != (type == DType::BF16);
      DeviceProgram program(makeText(f));
      ASSERT_TRUE(program.isCompiled());
      EXPECT_EQ(program.getPtx().find("mma.sync") != std::string::npos, type != DType::F32);
      if (bySequence)
        program.expectAssembles();
      for (auto [queries, keys] : shapes) {
        Data d(f, 2, queries, keys);
        auto results = program.run(d.arguments(), /*seed=*/1, /*hostThreads=*/2);
        ASSERT_TRUE(results);
        expectRows(f, d, results->front());
      }
    }
}

TEST(DeviceAttention, ScheduleChangesNothing) {
  Form f;
  f.right = 0;
  f.hasLengths = true;
  DeviceProgram program(makeText(f));
  ASSERT_TRUE(program.isCompiled());
  Data d(f, 2, 21, 70);
  auto first = program.run(d.arguments());
  ASSERT_TRUE(first);
  for (uint32_t seed : {1u, 2u}) {
    auto next = program.run(d.arguments(), seed, /*hostThreads=*/1 + seed % 2);
    ASSERT_TRUE(next);
    EXPECT_TRUE(haveSameBits(first->front(), next->front()));
  }
  auto none = program.run(Data(f, 2, 0, 70).arguments());
  ASSERT_TRUE(none);
}

TEST(DeviceAttention, SizesOfHeads) {
  struct Sizes {
    int64_t queryHeads, keyHeads, size, valueSize;
    bool isDynamic;
  };
  for (Sizes sizes :
       {Sizes{3, 1, 80, 128, false}, Sizes{1, 1, 256, 256, false}, Sizes{20, 1, 5, 7, false},
        Sizes{2, 2, 320, 300, false}, Sizes{2, 1, 36, 132, true}})
    for (DType type : {DType::F32, DType::BF16}) {
      Form f;
      f.queryHeads = sizes.queryHeads;
      f.keyHeads = sizes.keyHeads;
      f.size = sizes.size;
      f.valueSize = sizes.valueSize;
      f.hasDynamicSizes = sizes.isDynamic;
      f.type = f.cacheType = type;
      DeviceProgram program(makeText(f));
      ASSERT_TRUE(program.isCompiled());
      if (type == DType::F32 || f.size == 256)
        program.expectAssembles();
      Data d(f, 1, 3, 66);
      auto results = program.run(d.arguments(), /*seed=*/2, /*hostThreads=*/1);
      ASSERT_TRUE(results);
      expectRows(f, d, results->front());
    }
}

TEST(DeviceAttention, OptionalOperandsAndWindows) {
  std::vector<Form> forms(6);
  forms[0].hasLengths = forms[0].nanRows = true;
  forms[0].softcap = 3;
  forms[1].hasOffset = true;
  forms[1].right = 0;
  forms[1].left = 40;
  forms[2].hasLengths = forms[2].hasOffset = true;
  forms[2].left = 70;
  forms[3].mask = DType::I8;
  forms[4].mask = DType::F32;
  forms[4].right = 2;
  forms[4].nanRows = true;
  forms[5].mask = DType::BF16;
  forms[5].hasLengths = true;
  forms[5].type = DType::F16; // the cache stays f32
  for (const Form &f : forms) {
    DeviceProgram program(makeText(f));
    ASSERT_TRUE(program.isCompiled());
    for (auto [queries, keys] : {std::pair<int64_t, int64_t>(3, 63), {19, 130}}) {
      Data d(f, 2, queries, keys);
      d.offset = keys - queries - 1;
      d.lengths.setInteger(0, f.nanRows ? 0 : keys / 2);
      if (f.mask) {
        int64_t shared = queries == 3;
        d.setMask({shared ? 1 : 2, shared ? 1 : 4, shared ? 1 : queries, keys - 1}, [&](int64_t i) {
          return i % 3 == 0 ? 0 : i % 7 == 1 ? -INFINITY : 0.5;
        });
      }
      auto results = program.run(d.arguments(), /*seed=*/1, /*hostThreads=*/1);
      ASSERT_TRUE(results);
      expectRows(f, d, results->front());
    }
  }
}

/// A causal sequence at once, in pieces and token by token, with a cache whose capacity is known
/// and whose unused part is not a number.
TEST(DeviceAttention, PrefillEqualsDecode) {
  for (DType type : {DType::F32, DType::BF16}) {
    Form f;
    f.type = f.cacheType = type;
    f.hasOffset = true;
    f.right = 0;
    f.left = 90;
    f.capacity = 160;
    f.queriesBySequence = true;
    DeviceProgram program(makeText(f));
    ASSERT_TRUE(program.isCompiled());
    program.expectAssembles();
    constexpr int64_t length = 131;
    Data whole(f, 1, length, length);
    for (Tensor *cache : {&whole.k, &whole.v})
      for (int64_t h = 0; h < f.keyHeads; ++h)
        for (int64_t j = length; j < f.capacity; ++j)
          for (int64_t c = 0; c < f.size; ++c)
            cache->setReal(rowOf(*cache, false, 0, h, j) + c, NAN);
    auto all = program.run(whole.arguments(), /*seed=*/1, /*hostThreads=*/2);
    ASSERT_TRUE(all);
    expectRows(f, whole, all->front());
    int64_t rowBytes = f.queryHeads * f.size * bytesOf(type);
    for (auto [first, count] : {std::pair<int64_t, int64_t>(0, 1),
                                {1, 16},
                                {17, 50},
                                {63, 1},
                                {64, 1},
                                {65, 1},
                                {100, 31},
                                {130, 1}}) {
      Data part = whole;
      part.queries = count;
      part.keys = first + count;
      part.offset = first;
      part.q = *Tensor::create(type, {1, count, f.queryHeads, f.size});
      std::memcpy(part.q.bytes(), whole.q.bytes() + first * rowBytes, count * rowBytes);
      auto rows = program.run(part.arguments(), /*seed=*/0, /*hostThreads=*/1);
      ASSERT_TRUE(rows);
      EXPECT_EQ(std::memcmp(rows->front().bytes(), all->front().bytes() + first * rowBytes,
                            count * rowBytes),
                0)
          << count << " from " << first;
    }
  }
}

} // namespace
} // namespace moec
