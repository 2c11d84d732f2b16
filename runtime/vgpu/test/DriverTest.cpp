// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices, memory, modules, launches and errors of the virtual driver.
#include "Driver.h"

#include <cerrno>
#include <cstdio>
#include <set>
#include <unistd.h>

using namespace moert::vgpu::test;

namespace {

TEST(DriverLibraryTest, ExportsWhatTheTableHasAndNothingElse) {
  std::set<std::string> expected = {MOERT_VGPU_CONFIGURE, MOERT_VGPU_REPORT}, exported;
#define INSERT(name, parameters) expected.insert(#name);
  MOERT_CUDA_FUNCTIONS(INSERT)
#undef INSERT
  FILE *names = popen("nm -D --defined-only '" MOERT_TEST_VGPU "'", "r");
  ASSERT_NE(names, nullptr);
  char name[256];
  while (fscanf(names, "%*s %*s %255s", name) == 1)
    exported.insert(name);
  EXPECT_EQ(pclose(names), 0);
  EXPECT_EQ(exported, expected);
}

TEST_F(DriverTest, CopiesAndFills) {
  open();
  const DeviceAddress a = allocate(400), b = allocate(400);
  std::vector<uint32_t> values(100), back(100);
  for (uint32_t i = 0; i < 100; ++i)
    values[i] = i * 3;
  EXPECT_SUCCESS(cu.cuMemcpyHtoD_v2(a, values.data(), 400));
  EXPECT_SUCCESS(cu.cuMemcpyDtoD_v2(b, a, 400));
  EXPECT_SUCCESS(cu.cuMemsetD32Async(b + 4, 7, 2, nullptr));
  EXPECT_SUCCESS(cu.cuMemsetD8Async(b + 12, 1, 4, nullptr));
  EXPECT_SUCCESS(cu.cuMemcpyDtoH_v2(back.data(), b, 400));
  values[1] = values[2] = 7;
  values[3] = 0x01010101;
  EXPECT_EQ(back, values);
  EXPECT_EQ(cu.cuMemcpyHtoD_v2(a + 4, values.data(), 400), Result::InvalidValue);
  EXPECT_EQ(cu.cuMemcpyDtoH_v2(back.data(), ~0ull, 4), Result::InvalidValue);
  EXPECT_EQ(cu.cuMemFree_v2(a + 4), Result::InvalidValue);
  EXPECT_SUCCESS(cu.cuMemFree_v2(a));
  EXPECT_EQ(cu.cuMemFree_v2(a), Result::InvalidValue);
  EXPECT_SUCCESS(cu.cuMemFree_v2(b));
}

/// So host code that looks behind an address of a device does not go unnoticed.
TEST_F(DriverTest, AddressesAreNoneOfTheHost) {
  open();
  const DeviceAddress a = allocate(400);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  errno = 0;
  EXPECT_EQ(write(ends[1], reinterpret_cast<const void *>(a), 4), -1);
  EXPECT_EQ(errno, EFAULT);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_SUCCESS(cu.cuMemFree_v2(a));
}

TEST_F(DriverTest, MemoryEnds) {
  VirtualOptions options;
  options.memoryBytes = 1000;
  open(options);
  const DeviceAddress a = allocate(600);
  DeviceAddress b = 0;
  EXPECT_EQ(cu.cuMemAlloc_v2(&b, 401), Result::OutOfMemory);
  size_t free = 0, total = 0;
  EXPECT_SUCCESS(cu.cuMemGetInfo_v2(&free, &total));
  EXPECT_EQ(free, 400u);
  EXPECT_EQ(total, 1000u);
  EXPECT_SUCCESS(cu.cuMemFree_v2(a));
  EXPECT_SUCCESS(cu.cuMemFree_v2(allocate(1000)));
}

TEST_F(DriverTest, ModulesForOtherChipsAndBadTextAreRefusedWithALog) {
  VirtualOptions options;
  options.computeCapability = 89;
  open(options);
  ModuleHandle module = nullptr;
  std::string log;
  EXPECT_EQ(load(kernel("", "sm_90"), module, &log), Result::NoBinaryForGpu);
  EXPECT_EQ(log, "module for sm_90 does not run on sm_89");
  EXPECT_EQ(load(kernel("", "sm_90a"), module), Result::NoBinaryForGpu);
  EXPECT_EQ(load(kernel("frobnicate.b32 %r1;"), module, &log), Result::InvalidPtx);
  EXPECT_NE(log.find("frobnicate"), std::string::npos) << log;
  for (const char *text : {"", "\x7f",
                           "\x7f"
                           "ELF",
                           "\n\n{{{{", ".version 99999999999999999999"})
    EXPECT_NE(load(text, module), Result::Success) << text;
  ASSERT_SUCCESS(load(kernel("", "sm_80"), module));
  FunctionHandle none = nullptr;
  EXPECT_EQ(cu.cuModuleGetFunction(&none, module, "absent"), Result::NotFound);
}

TEST_F(DriverTest, CodeForOneChipRunsThere) {
  VirtualOptions options;
  options.computeCapability = 90;
  open(options);
  ModuleHandle module = nullptr;
  EXPECT_SUCCESS(load(kernel("", "sm_90a"), module));
  options = {};
  close();
  options.computeCapability = 100;
  open(options);
  EXPECT_EQ(load(kernel("", "sm_90a"), module), Result::NoBinaryForGpu);
  EXPECT_SUCCESS(load(kernel("", "sm_90"), module));
}

TEST_F(DriverTest, GlobalsHaveTheirInitialValues) {
  open();
  ModuleHandle module = nullptr;
  ASSERT_SUCCESS(load(".version 8.0\n.target sm_80\n.address_size 64\n"
                      ".global .align 4 .u32 g[3] = {5, 6};\n",
                      module));
  DeviceAddress address = 0;
  size_t bytes = 0;
  ASSERT_SUCCESS(cu.cuModuleGetGlobal_v2(&address, &bytes, module, "g"));
  ASSERT_EQ(bytes, 12u);
  uint32_t values[3];
  EXPECT_SUCCESS(cu.cuMemcpyDtoH_v2(values, address, 12));
  EXPECT_EQ(values[0], 5u);
  EXPECT_EQ(values[1], 6u);
  EXPECT_EQ(values[2], 0u);
  EXPECT_EQ(cu.cuMemFree_v2(address), Result::InvalidValue);
}

TEST_F(DriverTest, MemoryThatNobodyWroteIsReported) {
  open();
  const FunctionHandle k = function(slowIncrement());
  DeviceAddress from = 0, to = 0;
  ASSERT_SUCCESS(cu.cuMemAlloc_v2(&from, 8));
  ASSERT_SUCCESS(cu.cuMemAlloc_v2(&to, 8));
  const uint32_t value = 1;
  EXPECT_SUCCESS(cu.cuMemcpyHtoD_v2(from + 4, &value, 4));
  EXPECT_SUCCESS(cu.cuMemcpyDtoD_v2(to, from, 8));
  EXPECT_SUCCESS(launch(k, to + 4, 0));
  EXPECT_SUCCESS(cu.cuCtxSynchronize());
  EXPECT_SUCCESS(launch(k, to, 0));
  EXPECT_EQ(cu.cuCtxSynchronize(), Result::LaunchFailed);
  EXPECT_NE(report().find("reads what nobody has written"), std::string::npos) << report();
}

TEST_F(DriverTest, LaunchLimits) {
  open();
  const FunctionHandle k = function(slowIncrement());
  const DeviceAddress out = allocate(4);
  EXPECT_EQ(launch(k, out, 0, nullptr, 1025), Result::InvalidValue);
  EXPECT_EQ(launch(k, out, 0, nullptr, 0), Result::InvalidValue);
  EXPECT_EQ(launch(k, out, 0, nullptr, 32, 100 << 10), Result::InvalidValue);
  EXPECT_EQ(cu.cuFuncSetAttribute(k, FunctionAttribute::MaxDynamicSharedBytes, 228 << 10),
            Result::InvalidValue);
  EXPECT_SUCCESS(cu.cuFuncSetAttribute(k, FunctionAttribute::MaxDynamicSharedBytes, 227 << 10));
  EXPECT_SUCCESS(launch(k, out, 0, nullptr, 32, 100 << 10));
  int blocks = 0;
  EXPECT_SUCCESS(cu.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, k, 128, 100 << 10));
  EXPECT_EQ(blocks, 2); // 228 KiB / 101 KiB
  EXPECT_SUCCESS(cu.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, k, 1024, 0));
  EXPECT_EQ(blocks, 2); // 2048 threads
  EXPECT_EQ(cu.cuLaunchKernel(k, 1, 65536, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr),
            Result::InvalidValue);
  EXPECT_SUCCESS(cu.cuCtxSynchronize());
}

TEST_F(DriverTest, ErrorsOfKernelsStayUntilTheContextIsReset) {
  struct {
    const char *body;
    Result result;
    const char *part;
  } const cases[] = {
      {"st.global.u32 [%d1+400], %r1;", Result::IllegalAddress, "PTX line 7"},
      {"st.global.u32 [%d1+2], %r1;", Result::MisalignedAddress, "is not aligned"},
      {"trap;", Result::LaunchFailed, "kernel 'k'"},
      {"L: bra L;", Result::LaunchTimeout, "is still running"},
  };
  VirtualOptions options;
  options.mostInstructions = 100000;
  open(options);
  for (const auto &each : cases) {
    const FunctionHandle k = function(kernel(each.body));
    const DeviceAddress out = allocate(64);
    EXPECT_SUCCESS(launch(k, out, 1));
    EXPECT_EQ(cu.cuCtxSynchronize(), each.result);
    EXPECT_NE(report().find(each.part), std::string::npos) << report();
    DeviceAddress more = 0;
    EXPECT_EQ(cu.cuMemAlloc_v2(&more, 4), each.result);
    EXPECT_SUCCESS(cu.cuDevicePrimaryCtxReset_v2(0));
    EXPECT_SUCCESS(cu.cuMemAlloc_v2(&more, 4));
    EXPECT_EQ(launch(k, out, 1), Result::InvalidHandle);
  }
}

TEST_F(DriverTest, LeaksAreReported) {
  open();
  allocate(100);
  allocate(28);
  StreamHandle stream = nullptr;
  EXPECT_SUCCESS(cu.cuStreamCreate(&stream, 0));
  function(slowIncrement());
  close();
  EXPECT_EQ(report(), "context of device 0 was released with 2 allocations (128 bytes), 1 modules, "
                      "1 streams, 0 events, 0 graphs in use");
  open();
  EXPECT_EQ(report(), "");
  close();
  EXPECT_EQ(report(), "");
}

TEST_F(DriverTest, WrongHandlesAreErrors) {
  open();
  const auto wrong = [](uint64_t value) { return reinterpret_cast<void *>(value); };
  EventHandle event = nullptr;
  ASSERT_SUCCESS(cu.cuEventCreate(&event, 0));
  EXPECT_SUCCESS(cu.cuEventDestroy_v2(event));
  for (void *handle : {wrong(1), wrong(~0ull), static_cast<void *>(event), wrong(0x100000000010)}) {
    EXPECT_EQ(cu.cuEventSynchronize(EventHandle(handle)), Result::InvalidHandle);
    EXPECT_EQ(cu.cuStreamSynchronize(StreamHandle(handle)), Result::InvalidHandle);
    EXPECT_EQ(cu.cuModuleUnload(ModuleHandle(handle)), Result::InvalidHandle);
    EXPECT_EQ(cu.cuGraphDestroy(GraphHandle(handle)), Result::InvalidHandle);
    EXPECT_EQ(cu.cuCtxSetCurrent(ContextHandle(handle)), Result::InvalidContext);
    EXPECT_EQ(launch(FunctionHandle(handle), 0, 0), Result::InvalidHandle);
    EXPECT_EQ(cu.cuMemFreeHost(handle), Result::InvalidValue);
  }
  EXPECT_SUCCESS(cu.cuCtxSetCurrent(nullptr));
  DeviceAddress address = 0;
  EXPECT_EQ(cu.cuMemAlloc_v2(&address, 4), Result::InvalidContext);
  int value = 0;
  EXPECT_EQ(cu.cuDeviceGetAttribute(&value, DeviceAttribute(999), 0), Result::InvalidValue);
  EXPECT_EQ(cu.cuDeviceGet(&value, 1), Result::InvalidDevice);
}

TEST_F(DriverTest, PeersAreReachedAfterTheyWereEnabled) {
  VirtualOptions options;
  options.devices = 2;
  open(options);
  ASSERT_SUCCESS(cu.cuCtxSetCurrent(contexts[1]));
  const DeviceAddress theirs = allocate(4);
  ASSERT_SUCCESS(cu.cuMemsetD32Async(theirs, 41, 1, nullptr));
  ASSERT_SUCCESS(cu.cuCtxSynchronize());
  ASSERT_SUCCESS(cu.cuCtxSetCurrent(contexts[0]));
  const DeviceAddress mine = allocate(4);
  EXPECT_NE(mine, theirs);
  EXPECT_SUCCESS(launch(function(slowIncrement()), theirs, 0));
  EXPECT_EQ(cu.cuCtxSynchronize(), Result::IllegalAddress);
  EXPECT_SUCCESS(cu.cuDevicePrimaryCtxReset_v2(0));
  EXPECT_SUCCESS(cu.cuCtxEnablePeerAccess(contexts[1], 0));
  EXPECT_EQ(cu.cuCtxEnablePeerAccess(contexts[1], 0), Result::PeerAccessAlreadyEnabled);
  EXPECT_SUCCESS(launch(function(slowIncrement()), theirs, 0));
  uint32_t value = 0;
  const DeviceAddress copy = allocate(4);
  EXPECT_SUCCESS(cu.cuMemcpyPeerAsync(copy, contexts[0], theirs, contexts[1], 4, nullptr));
  EXPECT_SUCCESS(cu.cuMemcpyDtoH_v2(&value, copy, 4));
  EXPECT_EQ(value, 42u);
}

} // namespace
