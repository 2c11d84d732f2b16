// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of compiled/, as their compilers wrote them, under several orders of blocks and warps.
#ifndef MOERT_VGPU_TEST_COMPILED_H
#define MOERT_VGPU_TEST_COMPILED_H

#include "Kernel.h"

#include <fstream>
#include <functional>
#include <iterator>
#include <random>

namespace moert::vgpu::test {

using Extent = std::array<uint32_t, 3>;

inline std::string readCompiled(const std::string &name) {
  std::ifstream file(std::string(MOERT_TEST_COMPILED) + "/" + name + ".ptx");
  return {std::istreambuf_iterator<char>(file), {}};
}

inline uint64_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// A device with one of the kernels, for one order.
class Compiled : public Device {
public:
  /// Expects a run without a report. `arguments`: the value of each parameter, in its lowest bytes.
  void launch(const Extent &blocks, const Extent &threads, const std::vector<uint64_t> &arguments,
              uint32_t dynamicShared = 0) {
    ASSERT_EQ(arguments.size(), program.parameters.size());
    std::vector<uint64_t> words((program.parameterBytes + 7) / 8);
    auto *bytes = reinterpret_cast<std::byte *>(words.data());
    for (size_t i = 0; i < arguments.size(); ++i)
      std::memcpy(bytes + program.parameters[i].offset, &arguments[i], program.parameters[i].bytes);
    EXPECT_TRUE(run(blocks, threads, words, dynamicShared, hostThreads)) << error;
  }
  /// Memory of zeros.
  template <typename T>
  uint64_t zeros(size_t count) {
    return upload(std::vector<T>(count));
  }

  uint32_t hostThreads = 1;
};

/// Calls `check` with the kernel for three seeds on one and on two host threads.
inline void forOrders(const std::string &name, const std::function<void(Compiled &)> &check) {
  const std::string text = readCompiled(name);
  ASSERT_FALSE(text.empty()) << name;
  for (uint32_t seed : {0u, 7u, 1234u})
    for (uint32_t hostThreads : {1u, 2u}) {
      SCOPED_TRACE(name + ", seed " + std::to_string(seed) + ", " + std::to_string(hostThreads) +
                   " host threads");
      Compiled device;
      ASSERT_TRUE(device.load(text)) << device.error;
      device.seed = seed;
      device.hostThreads = hostThreads;
      device.mostInstructions = 100'000'000;
      check(device);
      if (testing::Test::HasFailure())
        return;
    }
}

/// Numbers without a pattern, the same for each run.
template <typename T>
std::vector<T> someIntegers(size_t count, T least, T most, uint32_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<T> values(count);
  // Not std::uniform_int_distribution, which libraries define in their own ways.
  for (T &value : values)
    value = T(least + T(random() % (uint64_t(most) - uint64_t(least) + 1)));
  return values;
}

inline std::vector<float> someFloats(size_t count, uint32_t seed = 1) {
  std::vector<float> values;
  for (int32_t value : someIntegers<int32_t>(count, -4000, 4000, seed))
    values.push_back(float(value) / 1024);
  return values;
}

/// `tolerance`: in relation to the numbers, and as it is near zero.
inline void expectNear(const std::vector<float> &found, const std::vector<double> &expected,
                       double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(double(found[i]), expected[i], tolerance * (1 + std::abs(expected[i]))) << i;
}

} // namespace moert::vgpu::test

#endif // MOERT_VGPU_TEST_COMPILED_H
