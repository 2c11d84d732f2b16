// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime's side of CUDA, on the virtual GPU.
#include "Support.h"
#include "lib/Cuda/Module.h"

using namespace moert;
using namespace moert::cuda;
using namespace moert::test;

namespace {

const char *const kAddOne =
    ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 p) {\n"
    ".reg .b32 %r<2>; .reg .b64 %d<2>; ld.param.u64 %d1, [p]; ld.global.u32 %r1, [%d1];\n"
    "add.u32 %r1, %r1, 1; st.global.u32 [%d1], %r1; ret; }\n";

class CudaTest : public testing::Test {
protected:
  void open(VirtualOptions options = {}) {
    ASSERT_OK(openVirtual(options, driver));
    ASSERT_OK(Device::open(driver, 0, device));
    ASSERT_OK(Stream::make(*device, stream));
  }
  std::string report() const {
    char text[512] = "";
    driver.report(0, text, sizeof(text));
    return text;
  }

  Environment library{"MOERT_VGPU_LIBRARY", MOERT_TEST_VGPU};
  Driver driver;
  std::unique_ptr<Device> device;
  std::unique_ptr<Stream> stream;
};

TEST_F(CudaTest, DriversThatAreNone) {
  EXPECT_FAILS(openDriver("/nowhere/libcuda.so.1", driver), MOERT_UNSUPPORTED, "no CUDA driver: ");
  EXPECT_FAILS(openDriver(MOERT_TEST_OLD_DRIVER, driver), MOERT_INCOMPATIBLE,
               "is too old: it is for CUDA 11.4, needed is 12.0; it has no cuGetErrorName");
  ASSERT_OK(openVirtual({}, driver));
  EXPECT_FAILS(Device::open(driver, 1, device), MOERT_INVALID_ARGUMENT,
               "there is no device 1: the driver has 1");
  VirtualOptions options;
  options.computeCapability = 42;
  EXPECT_FAILS(openVirtual(options, driver), MOERT_INVALID_ARGUMENT, "no such virtual devices");
}

TEST_F(CudaTest, RunsKernelsAndGraphs) {
  open();
  std::unique_ptr<moert::cuda::Module> module;
  ASSERT_OK(moert::cuda::Module::load(*device, kAddOne, module));
  FunctionHandle k = nullptr;
  EXPECT_FAILS(module->find("absent", 0, k), MOERT_NOT_FOUND, "no function 'absent'");
  EXPECT_FAILS(module->find("k", 1 << 20, k), MOERT_RESOURCE_EXHAUSTED, "shared memory");
  ASSERT_OK(module->find("k", 100 << 10, k));
  DeviceAddress address = 0;
  ASSERT_OK(device->allocate(4, stream->handle(), address));
  uint32_t value = 4;
  void *parameters[] = {&address};
  ASSERT_OK(stream->upload(address, &value, 4));
  ASSERT_OK(launch(*stream, k, {}, parameters));
  ASSERT_OK(stream->beginCapture());
  ASSERT_OK(launch(*stream, k, {}, parameters));
  std::unique_ptr<Graph> graph;
  ASSERT_OK(stream->endCapture(graph));
  ASSERT_OK(stream->launch(*graph));
  ASSERT_OK(stream->launch(*graph));
  ASSERT_OK(stream->download(&value, address, 4));
  ASSERT_OK(stream->synchronize());
  EXPECT_EQ(value, 7u);
  device->release(address);
  graph.reset();
  module.reset();
  stream.reset();
  device.reset();
  EXPECT_EQ(report(), "");
}

TEST_F(CudaTest, ReleasedMemoryIsUsedAgainInItsStream) {
  VirtualOptions options;
  options.memoryBytes = 1 << 20;
  open(options);
  DeviceAddress a = 0, b = 0, c = 0;
  ASSERT_OK(device->allocate(1000, stream->handle(), a));
  device->release(a);
  ASSERT_OK(device->allocate(1000, stream->handle(), b));
  EXPECT_EQ(a, b);
  device->release(b);
  ASSERT_OK(device->allocate(1000, nullptr, c));
  EXPECT_NE(c, b);
  EXPECT_FAILS(device->allocate(2 << 20, nullptr, a), MOERT_OUT_OF_MEMORY,
               "device 0 has no memory left for 2097152 bytes");
  device->release(c);
  device->trim();
  EXPECT_EQ(device->heldBytes(), 0u);
}

TEST_F(CudaTest, ModulesThatDoNotLoadSayWhy) {
  VirtualOptions options;
  options.computeCapability = 80;
  open(options);
  std::unique_ptr<moert::cuda::Module> module;
  EXPECT_FAILS(moert::cuda::Module::load(*device,
                                         ".version 8.0\n.target sm_90a\n"
                                         ".address_size 64\n",
                                         module),
               MOERT_INCOMPATIBLE, "module for sm_90a does not run on sm_80");
  EXPECT_FAILS(moert::cuda::Module::load(*device, "hello", module), MOERT_CORRUPT, "line 1: ");
}

TEST_F(CudaTest, ReportsOfKernelsAndLeaksReachTheUser) {
  open();
  std::unique_ptr<moert::cuda::Module> module;
  ASSERT_OK(moert::cuda::Module::load(*device, kAddOne, module));
  FunctionHandle k = nullptr;
  ASSERT_OK(module->find("k", 0, k));
  DeviceAddress wrong = 64;
  void *parameters[] = {&wrong};
  ASSERT_OK(launch(*stream, k, {}, parameters));
  EXPECT_FAILS(stream->synchronize(), MOERT_INTERNAL, "kernel 'k', block (0, 0, 0)");
  module.reset();
  stream.reset();
  device.reset();
  open();
  DeviceAddress left = 0;
  ASSERT_OK(device->allocate(64, nullptr, left));
  stream.reset();
  device.reset();
  EXPECT_NE(report().find("1 allocations (64 bytes)"), std::string::npos) << report();
}

} // namespace
