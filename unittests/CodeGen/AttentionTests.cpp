//===- AttentionTests.cpp - Attention against plain C++ ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled attention against its formula in double at every level, and bit for
// bit against itself where only what a row does not see has changed.
//
//===----------------------------------------------------------------------===//

#include "Jit.h"
#include "Storage.h"

#include "gtest/gtest.h"
#include <cmath>
#include <functional>
#include <optional>

using namespace moec::test;

namespace {

/// What a kernel is compiled for. Batch, sequences and sizes of the mask are
/// dynamic.
struct Form {
  int64_t queryHeads = 4, keyHeads = 2, size = 64, valueSize = 64;
  std::string type = "f32", mask = ""; // "", i8 or a float type
  bool hasLengths = false, hasOffset = false, nanRows = false;
  std::optional<int64_t> left, right;
  float softcap = 0;
  bool isBySequence = false; // layout bshd of query, key, value and outs
};

std::string source(const Form &f) {
  auto heads = [&](int64_t count, int64_t size) {
    std::string number = std::to_string(count);
    return "memref<?x" + (f.isBySequence ? "?x" + number : number + "x?") + "x" +
           std::to_string(size) + "x" + f.type + ">";
  };
  std::string q = heads(f.queryHeads, f.size), k = heads(f.keyHeads, f.size),
              v = heads(f.keyHeads, f.valueSize), o = heads(f.queryHeads, f.valueSize),
              m = "memref<?x?x?x?x" + (f.mask.empty() ? "i8" : f.mask) + ">";
  std::string attributes = "scale = 0.125 : f32";
  if (f.left)
    attributes += ", left_window = " + std::to_string(*f.left);
  if (f.right)
    attributes += ", right_window = " + std::to_string(*f.right);
  if (f.softcap > 0)
    attributes += ", softcap = " + std::to_string(f.softcap) + " : f32";
  if (f.nanRows)
    attributes += ", nan_rows";
  if (f.isBySequence)
    for (const char *operand : {"query", "key", "value", "outs"})
      attributes += std::string(", ") + operand + "_layout = #tile.heads<bshd>";
  return "func.func @run(%parts: index, %q: " + q + ", %k: " + k + ", %v: " + v + ", %m: " + m +
         ", %n: memref<?xi64>, %p: memref<1xindex>, %o: " + o +
         ") attributes {llvm.emit_c_interface} {\n"
         "  %zero = arith.constant 0 : index\n"
         "  %offset = memref.load %p[%zero] : memref<1xindex>\n"
         "  tile.attention query(%q : " +
         q + ") key(%k : " + k + ") value(%v : " + v + ")" +
         (f.mask.empty() ? "" : " mask(%m : " + m + ")") +
         (f.hasLengths ? " lengths(%n : memref<?xi64>)" : "") +
         (f.hasOffset ? " offset(%offset)" : "") + " outs(%o : " + o + ") {" + attributes +
         "}\n  return\n}\n";
}

/// Inputs, always batch x heads x sequence x size.
struct Data {
  int64_t batch, queries, keys;
  std::array<int64_t, 4> maskSizes{1, 1, 1, 1};
  std::vector<float> q, k, v, mask;
  std::vector<int64_t> lengths;
  int64_t offset = 0;

  Data(const Form &f, int64_t batch, int64_t queries, int64_t keys, uint32_t seed = 1)
      : batch(batch), queries(queries), keys(keys), q(batch * f.queryHeads * queries * f.size),
        k(batch * f.keyHeads * keys * f.size), v(batch * f.keyHeads * keys * f.valueSize), mask(1),
        lengths(batch, keys) {
    Sequence sequence(seed);
    for (std::vector<float> *values : {&q, &k, &v})
      for (float &value : *values)
        value = fromBits(toBits(4 * sequence.number(), f.type), f.type);
  }

  void setMask(std::array<int64_t, 4> sizes, const std::function<float(int64_t)> &at) {
    maskSizes = sizes;
    mask.resize(sizes[0] * sizes[1] * sizes[2] * sizes[3]);
    for (size_t i = 0; i < mask.size(); ++i)
      mask[i] = at(i);
  }
  float maskAt(int64_t b, int64_t h, int64_t i, int64_t j) const {
    auto entry = [&](int dim, int64_t index) { return maskSizes[dim] == 1 ? 0 : index; };
    return mask[((entry(0, b) * maskSizes[1] + entry(1, h)) * maskSizes[2] + entry(2, i)) *
                    maskSizes[3] +
                j];
  }
};

/// Rows of the result, batch x heads x queries x value size.
std::vector<double> reference(const Form &f, const Data &d) {
  std::vector<double> result;
  int64_t group = f.queryHeads / f.keyHeads;
  for (int64_t b = 0; b < d.batch; ++b)
    for (int64_t h = 0; h < f.queryHeads; ++h)
      for (int64_t i = 0; i < d.queries; ++i) {
        int64_t offset = f.hasOffset ? d.offset : f.hasLengths ? d.lengths[b] - d.queries : 0;
        const float *query = &d.q[((b * f.queryHeads + h) * d.queries + i) * f.size];
        int64_t keyHead = b * f.keyHeads + h / group;
        std::vector<double> sums(f.valueSize), scores(d.keys, -INFINITY);
        double maximum = -INFINITY, total = 0;
        for (int64_t j = 0; j < d.keys; ++j) {
          if ((f.left && j < i + offset - *f.left) || (f.right && j > i + offset + *f.right) ||
              (f.hasLengths && j >= d.lengths[b]) || (!f.mask.empty() && j >= d.maskSizes[3]))
            continue;
          double score = 0;
          for (int64_t c = 0; c < f.size; ++c)
            score += double(query[c]) * d.k[(keyHead * d.keys + j) * f.size + c];
          score *= 0.125;
          if (f.softcap > 0)
            score = f.softcap * std::tanh(score / f.softcap);
          if (f.mask == "i8")
            score = d.maskAt(b, h, i, j) != 0 ? score : -INFINITY;
          else if (!f.mask.empty())
            score += d.maskAt(b, h, i, j);
          scores[j] = score;
          maximum = std::max(maximum, score);
        }
        for (int64_t j = 0; j < d.keys; ++j) {
          if (scores[j] == -INFINITY)
            continue;
          double weight = std::exp(scores[j] - maximum);
          total += weight;
          for (int64_t c = 0; c < f.valueSize; ++c)
            sums[c] += weight * d.v[(keyHead * d.keys + j) * f.valueSize + c];
        }
        for (double sum : sums)
          result.push_back(total == 0 ? (f.nanRows ? NAN : 0) : sum / total);
      }
  return result;
}

/// Batch x heads x sequence x size, or heads and sequence exchanged.
struct Operand {
  std::array<int64_t, 4> sizes;
  Storage storage;
  MemRef<4> memref;

  Operand(const Form &f, int64_t batch, int64_t heads, int64_t sequence, int64_t size)
      : sizes{batch, heads, sequence, size},
        storage(f.type, batch * heads * sequence * size + 32, 3),
        memref(storage.data(),
               f.isBySequence ? std::array<int64_t, 4>{batch, sequence, heads, size} : sizes),
        isBySequence(f.isBySequence) {}

  /// The place of element `i` of batch x heads x sequence x size.
  size_t place(size_t i) const {
    if (!isBySequence)
      return i;
    size_t column = i % sizes[3], row = i / sizes[3];
    size_t position = row % sizes[2], head = row / sizes[2] % sizes[1];
    size_t entry = row / sizes[2] / sizes[1];
    return ((entry * sizes[2] + position) * sizes[1] + head) * sizes[3] + column;
  }
  void fill(const std::vector<float> &values) {
    for (size_t i = 0; i < values.size(); ++i)
      storage.set(place(i), values[i]);
  }

private:
  bool isBySequence;
};

/// The compiled result, in the order of the reference.
std::vector<float> run(CompiledModule &module, const Form &f, const Data &d, int64_t parts = 1) {
  Operand q(f, d.batch, f.queryHeads, d.queries, f.size), k(f, d.batch, f.keyHeads, d.keys, f.size),
      v(f, d.batch, f.keyHeads, d.keys, f.valueSize),
      o(f, d.batch, f.queryHeads, d.queries, f.valueSize);
  q.fill(d.q);
  k.fill(d.k);
  v.fill(d.v);
  bool isKept = f.mask.empty() || f.mask == "i8";
  std::vector<int8_t> kept(d.mask.size());
  for (size_t i = 0; i < d.mask.size() && isKept; ++i)
    kept[i] = d.mask[i] != 0;
  Storage added(isKept ? "f32" : f.mask, d.mask.size());
  for (size_t i = 0; i < d.mask.size() && !isKept; ++i)
    added.set(i, d.mask[i]);
  MemRef<4> m(isKept ? static_cast<void *>(kept.data()) : added.data(), d.maskSizes);
  std::vector<int64_t> lengths = d.lengths, offset{d.offset};
  MemRef<1> n(lengths.data(), {d.batch}), p(offset.data(), {1});
  module.run("run", parts, &q.memref, &k.memref, &v.memref, &m, &n, &p, &o.memref);
  std::vector<float> result(d.batch * f.queryHeads * d.queries * f.valueSize);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = o.storage.get(o.place(i));
  for (size_t guard = result.size(); guard < o.storage.size(); ++guard)
    EXPECT_EQ(o.storage.get(guard), 3) << "written beyond the last row";
  return result;
}

void expectNear(const Form &f, const Data &d, const std::vector<float> &actual) {
  std::vector<double> expected = reference(f, d);
  double unit = f.type == "f32" ? 3e-5 : f.type == "f16" ? 1e-3 : 8e-3;
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i]))
      ASSERT_TRUE(std::isnan(actual[i])) << "element " << i;
    else
      ASSERT_NEAR(actual[i], expected[i], unit * (1 + std::abs(expected[i]))) << "element " << i;
  }
}

/// Equal bits of rows `first` ... of `whole` and all rows of `part`, row by row.
void expectSameBits(const std::vector<float> &whole, size_t first, const std::vector<float> &part,
                    size_t count) {
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(toBits(whole[first + i], "f32"), toBits(part[i], "f32")) << "element " << i;
}

class AttentionTest : public testing::TestWithParam<std::string> {
protected:
  std::unique_ptr<CompiledModule> compile(const Form &form) {
    return CompiledModule::create(source(form), GetParam());
  }
};

TEST_P(AttentionTest, EqualsFormula) {
  for (auto [size, valueSize] :
       {std::pair<int64_t, int64_t>(64, 64), {40, 18}, {10, 130}, {128, 33}, {1, 1}, {72, 272}}) {
    Form f;
    f.size = size;
    f.valueSize = valueSize;
    auto module = compile(f);
    ASSERT_TRUE(module);
    for (auto [batch, queries, keys] :
         {std::array<int64_t, 3>{1, 1, 1}, {2, 5, 64}, {1, 40, 150}}) {
      Data d(f, batch, queries, keys);
      expectNear(f, d, run(*module, f, d, 2));
    }
    for (auto [queries, keys] : {std::pair<int64_t, int64_t>(0, 5), {3, 0}}) {
      Data d(f, 1, queries, keys);
      expectNear(f, d, run(*module, f, d));
    }
  }
}

TEST_P(AttentionTest, HeadsInGroups) {
  for (auto [queryHeads, keyHeads] :
       {std::pair<int64_t, int64_t>(3, 3), {8, 1}, {50, 1}, {12, 4}}) {
    Form f;
    f.queryHeads = queryHeads;
    f.keyHeads = keyHeads;
    f.size = f.valueSize = 16;
    f.right = 0;
    auto module = compile(f);
    ASSERT_TRUE(module);
    Data d(f, 2, 21, 30);
    expectNear(f, d, run(*module, f, d, 3));
  }
}

TEST_P(AttentionTest, NarrowTypesAndLayouts) {
  for (const char *type : {"f16", "bf16"})
    for (bool isBySequence : {false, true}) {
      Form f;
      f.type = type;
      f.isBySequence = isBySequence;
      f.size = 24;
      f.valueSize = 40;
      auto module = compile(f);
      ASSERT_TRUE(module);
      Data d(f, 2, 7, 90);
      expectNear(f, d, run(*module, f, d));
    }
}

TEST_P(AttentionTest, WindowsAndLengths) {
  for (auto [left, right] : {std::pair<int64_t, int64_t>(-1, 0), {3, 0}, {70, 2}, {0, -1}})
    for (bool hasLengths : {false, true}) {
      if (hasLengths && left > 3)
        continue; // each bound with lengths once is enough
      Form f;
      f.size = f.valueSize = 20;
      if (left >= 0)
        f.left = left;
      if (right >= 0)
        f.right = right;
      f.hasLengths = hasLengths;
      f.hasOffset = !hasLengths;
      auto module = compile(f);
      ASSERT_TRUE(module);
      Data d(f, 3, 30, 200);
      d.lengths = {200, 66, 0};
      for (int64_t offset : {0, 100, 170, -10}) {
        d.offset = offset;
        expectNear(f, d, run(*module, f, d, 2));
      }
      // Beyond what there is: clamped.
      d.lengths = {-3, 1000, 31};
      if (!hasLengths)
        continue;
      std::vector<float> actual = run(*module, f, d);
      for (int64_t i = 0; i < f.queryHeads * 30 * f.valueSize; ++i)
        ASSERT_EQ(actual[i], 0);
    }
}

TEST_P(AttentionTest, Masks) {
  for (const char *mask : {"i8", "f32", "bf16", "f16"})
    for (bool nanRows : {false, true}) {
      if (nanRows && mask[0] != 'f')
        continue;
      Form f;
      f.mask = mask;
      f.size = f.valueSize = 32;
      f.nanRows = nanRows;
      auto module = compile(f);
      ASSERT_TRUE(module);
      Data d(f, 2, 6, 150);
      Sequence sequence(5);
      auto keep = [&](int64_t) { return float(sequence.next() % 3 != 0); };
      auto add = [&](int64_t) {
        return sequence.next() % 4 == 0 ? -INFINITY
                                        : fromBits(toBits(sequence.number(), mask), mask);
      };
      using Sizes = std::array<int64_t, 4>;
      for (Sizes sizes : {Sizes{1, 1, 1, 150}, {2, 1, 6, 150}, {1, 4, 6, 150}, {2, 4, 1, 77}}) {
        if (f.mask == "i8")
          d.setMask(sizes, keep);
        else
          d.setMask(sizes, add);
        // One row that sees nothing.
        for (int64_t j = 0; j < sizes[3] && sizes[2] > 1; ++j)
          d.mask[j] = f.mask == "i8" ? 0 : -INFINITY;
        expectNear(f, d, run(*module, f, d));
      }
      // The least finite number is added like any other.
      if (f.mask == "f32") {
        d.setMask({1, 1, 6, 150}, [&](int64_t i) { return i < 150 ? -3.4028235e38f : 0; });
        expectNear(f, d, run(*module, f, d));
      }
    }
}

TEST_P(AttentionTest, Softcap) {
  Form f;
  f.softcap = 1.5f;
  auto module = compile(f);
  ASSERT_TRUE(module);
  Data d(f, 1, 9, 70);
  expectNear(f, d, run(*module, f, d));
}

TEST_P(AttentionTest, NothingButWhatARowSeesChangesItsBits) {
  Form f;
  f.size = 40;
  f.valueSize = 24;
  f.right = 0;
  f.hasOffset = true;
  auto module = compile(f);
  ASSERT_TRUE(module);
  int64_t length = 200, row = f.valueSize;
  Data d(f, 2, length, length);
  std::vector<float> whole = run(*module, f, d, 1);
  // However units are cut.
  for (int64_t parts : {2, 3, 7})
    expectSameBits(whole, 0, run(*module, f, d, parts), whole.size());

  auto sliceOf = [&](const std::vector<float> &values, int64_t heads, int64_t size, int64_t entry,
                     int64_t from, int64_t to) {
    std::vector<float> slice;
    for (int64_t h = 0; h < heads; ++h) {
      auto start = values.begin() + (entry * heads + h) * length * size;
      slice.insert(slice.end(), start + from * size, start + to * size);
    }
    return slice;
  };
  // Decoding: query p alone with the keys up to it, of one batch entry.
  for (int64_t position : {0, 1, 62, 63, 64, 65, 127, 130, 199})
    for (int64_t entry : {0, 1}) {
      Data step(f, 1, 1, position + 1);
      step.offset = position;
      step.q = sliceOf(d.q, f.queryHeads, f.size, entry, position, position + 1);
      step.k = sliceOf(d.k, f.keyHeads, f.size, entry, 0, position + 1);
      step.v = sliceOf(d.v, f.keyHeads, row, entry, 0, position + 1);
      std::vector<float> part = run(*module, f, step);
      for (int64_t h = 0; h < f.queryHeads; ++h) {
        std::vector<float> one(part.begin() + h * row, part.begin() + (h + 1) * row);
        expectSameBits(whole, ((entry * f.queryHeads + h) * length + position) * row, one, row);
      }
    }
  // A chunk of a prefill.
  Data chunk(f, 1, 50, 130);
  chunk.offset = 80;
  chunk.q = sliceOf(d.q, f.queryHeads, f.size, 0, 80, 130);
  chunk.k = sliceOf(d.k, f.keyHeads, f.size, 0, 0, 130);
  chunk.v = sliceOf(d.v, f.keyHeads, row, 0, 0, 130);
  std::vector<float> part = run(*module, f, chunk, 2);
  for (int64_t h = 0; h < f.queryHeads; ++h) {
    std::vector<float> rows(part.begin() + h * 50 * row, part.begin() + (h + 1) * 50 * row);
    expectSameBits(whole, (h * length + 80) * row, rows, 50 * row);
  }
}

/// Windows skip blocks that a mask of the same keys walks through.
TEST_P(AttentionTest, SkippedAndMaskedKeysGiveTheSameBits) {
  Form window;
  window.size = window.valueSize = 32;
  window.left = 70;
  window.right = 0;
  Form kept = window, added = window;
  kept.left = kept.right = added.left = added.right = std::nullopt;
  kept.mask = "i8";
  added.mask = "f32";
  auto windowModule = compile(window), keptModule = compile(kept), addedModule = compile(added);
  ASSERT_TRUE(windowModule && keptModule && addedModule);
  Data d(window, 1, 230, 230);
  std::vector<float> expected = run(*windowModule, window, d);
  auto isSeen = [](int64_t i) {
    int64_t query = i / 230, key = i % 230;
    return key <= query && key >= query - 70;
  };
  d.setMask({1, 1, 230, 230}, [&](int64_t i) { return isSeen(i); });
  expectSameBits(expected, 0, run(*keptModule, kept, d), expected.size());
  d.setMask({1, 1, 230, 230}, [&](int64_t i) { return isSeen(i) ? 0 : -INFINITY; });
  expectSameBits(expected, 0, run(*addedModule, added, d), expected.size());
}

TEST_P(AttentionTest, KeysBeyondLengthsAreNotRead) {
  Form f;
  f.size = f.valueSize = 32;
  f.hasLengths = true;
  auto module = compile(f);
  ASSERT_TRUE(module);
  Data full(f, 1, 3, 70);
  std::vector<float> expected = run(*module, f, full);
  Data padded(f, 1, 3, 200);
  padded.q = full.q;
  padded.lengths = {70};
  for (std::vector<float> *values : {&padded.k, &padded.v})
    std::fill(values->begin(), values->end(), NAN);
  for (int64_t h = 0; h < f.keyHeads; ++h)
    for (int64_t i = 0; i < 70 * 32; ++i) {
      padded.k[h * 200 * 32 + i] = full.k[h * 70 * 32 + i];
      padded.v[h * 200 * 32 + i] = full.v[h * 70 * 32 + i];
    }
  expectSameBits(expected, 0, run(*module, f, padded), expected.size());
}

INSTANTIATE_TEST_SUITE_P(AllLevels, AttentionTest, testing::ValuesIn(getLevelsOfThisCpu()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return info.param;
                         });

TEST(AttentionLevels, ThoseWithFmaAgree) {
  Form f;
  f.right = 0;
  Data d(f, 1, 100, 100);
  std::vector<std::vector<float>> results;
  for (const std::string &level : getLevelsOfThisCpu())
    if (hasFma(level)) {
      auto module = CompiledModule::create(source(f), level);
      ASSERT_TRUE(module);
      results.push_back(run(*module, f, d));
    }
  for (const std::vector<float> &result : results)
    expectSameBits(results.front(), 0, result, result.size());
}

} // namespace
