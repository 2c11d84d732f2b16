// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Order between streams, events, graphs, and many host threads.
#include "Driver.h"

#include <thread>

using namespace moert::vgpu::test;

namespace {

class DriverStreamTest : public DriverTest {
protected:
  StreamHandle stream() const {
    StreamHandle made = nullptr;
    EXPECT_SUCCESS(cu.cuStreamCreate(&made, kStreamNonBlocking));
    return made;
  }
  EventHandle event() const {
    EventHandle made = nullptr;
    EXPECT_SUCCESS(cu.cuEventCreate(&made, 0));
    return made;
  }
  uint32_t read(DeviceAddress address) const {
    uint32_t value = 0;
    EXPECT_SUCCESS(cu.cuMemcpyDtoH_v2(&value, address, 4));
    return value;
  }
};

TEST_F(DriverStreamTest, EventsOrderStreamsUnderAnySeed) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    VirtualOptions options;
    options.seed = seed;
    open(options);
    const FunctionHandle k = function(slowIncrement());
    const DeviceAddress out = allocate(4);
    const StreamHandle a = stream(), b = stream();
    EXPECT_SUCCESS(cu.cuMemsetD32Async(out, 0, 1, a));
    for (int i = 0; i < 4; ++i) {
      const EventHandle first = event(), second = event();
      EXPECT_SUCCESS(launch(k, out, 1000, a));
      EXPECT_SUCCESS(cu.cuEventRecord(first, a));
      EXPECT_SUCCESS(cu.cuStreamWaitEvent(b, first, 0));
      EXPECT_SUCCESS(launch(k, out, 10, b));
      EXPECT_SUCCESS(cu.cuEventRecord(second, b));
      EXPECT_SUCCESS(cu.cuStreamWaitEvent(a, second, 0));
    }
    EXPECT_SUCCESS(cu.cuStreamSynchronize(a));
    EXPECT_EQ(read(out), 8u);
    close();
  }
}

TEST_F(DriverStreamTest, AMissingDependencyShowsUnderSomeSeed) {
  int early = 0, late = 0;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    VirtualOptions options;
    options.seed = seed;
    open(options);
    const FunctionHandle k = function(slowIncrement());
    const DeviceAddress gate = allocate(4), out = allocate(4);
    const StreamHandle a = stream(), b = stream();
    // Keeps the device busy until both fills are there to choose from.
    EXPECT_SUCCESS(launch(k, gate, 50000, a));
    const EventHandle opened = event();
    EXPECT_SUCCESS(cu.cuEventRecord(opened, a));
    EXPECT_SUCCESS(cu.cuStreamWaitEvent(b, opened, 0));
    EXPECT_SUCCESS(cu.cuMemsetD32Async(out, 1, 1, a));
    EXPECT_SUCCESS(cu.cuMemsetD32Async(out, 2, 1, b));
    EXPECT_SUCCESS(cu.cuCtxSynchronize());
    (read(out) == 1 ? early : late) += 1;
    close();
  }
  EXPECT_GT(early, 0);
  EXPECT_GT(late, 0);
}

TEST_F(DriverStreamTest, PageableMemoryIsTheCallersAgain) {
  open();
  const FunctionHandle k = function(slowIncrement());
  const DeviceAddress gate = allocate(4), out = allocate(4);
  const StreamHandle a = stream();
  EXPECT_SUCCESS(launch(k, gate, 100000, a));
  uint32_t value = 5, back = 0;
  EXPECT_SUCCESS(cu.cuMemcpyHtoDAsync_v2(out, &value, 4, a));
  value = 6;
  EXPECT_SUCCESS(cu.cuMemcpyDtoHAsync_v2(&back, out, 4, a));
  EXPECT_EQ(back, 5u);
  void *pinned = nullptr;
  ASSERT_SUCCESS(cu.cuMemHostAlloc(&pinned, 4, 0));
  EXPECT_SUCCESS(launch(k, gate, 100000, a));
  EXPECT_SUCCESS(cu.cuMemcpyDtoHAsync_v2(pinned, out, 4, a));
  EXPECT_EQ(cu.cuStreamQuery(a), Result::NotReady);
  EXPECT_SUCCESS(cu.cuStreamSynchronize(a));
  EXPECT_EQ(*static_cast<uint32_t *>(pinned), 5u);
  EXPECT_SUCCESS(cu.cuMemFreeHost(pinned));
}

TEST_F(DriverStreamTest, GraphsReplayWhatTwoStreamsDid) {
  open();
  const FunctionHandle k = function(slowIncrement());
  const DeviceAddress x = allocate(4), y = allocate(4);
  const StreamHandle a = stream(), b = stream();
  EXPECT_SUCCESS(cu.cuMemsetD32Async(x, 0, 1, a));
  EXPECT_SUCCESS(cu.cuMemsetD32Async(y, 0, 1, a));
  EXPECT_SUCCESS(cu.cuStreamSynchronize(a));
  const EventHandle fork = event(), joined = event();
  ASSERT_SUCCESS(cu.cuStreamBeginCapture_v2(a, CaptureMode::ThreadLocal));
  EXPECT_SUCCESS(launch(k, x, 10, a));
  EXPECT_SUCCESS(cu.cuEventRecord(fork, a));
  EXPECT_SUCCESS(cu.cuStreamWaitEvent(b, fork, 0));
  EXPECT_SUCCESS(cu.cuMemcpyDtoDAsync_v2(y, x, 4, b));
  EXPECT_EQ(cu.cuEventQuery(fork), Result::CapturedEvent);
  EXPECT_SUCCESS(cu.cuEventRecord(joined, b));
  EXPECT_SUCCESS(cu.cuStreamWaitEvent(a, joined, 0));
  EXPECT_SUCCESS(launch(k, y, 10, a));
  GraphHandle graph = nullptr;
  ASSERT_SUCCESS(cu.cuStreamEndCapture(a, &graph));
  EXPECT_EQ(read(x), 0u);
  EXPECT_EQ(cu.cuStreamWaitEvent(b, fork, 0), Result::CaptureInvalidated);
  GraphExecHandle exec = nullptr;
  ASSERT_SUCCESS(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
  EXPECT_SUCCESS(cu.cuGraphDestroy(graph));
  for (int i = 0; i < 5; ++i)
    EXPECT_SUCCESS(cu.cuGraphLaunch(exec, a));
  EXPECT_SUCCESS(cu.cuStreamSynchronize(a));
  EXPECT_EQ(read(x), 5u);
  EXPECT_EQ(read(y), 6u);
  EXPECT_SUCCESS(cu.cuGraphExecDestroy(exec));
  EXPECT_EQ(cu.cuGraphLaunch(exec, a), Result::InvalidHandle);
}

TEST_F(DriverStreamTest, CapturesThatAreWrong) {
  open();
  const DeviceAddress x = allocate(4);
  const StreamHandle a = stream(), b = stream();
  const EventHandle fork = event();
  GraphHandle graph = nullptr;
  ASSERT_SUCCESS(cu.cuStreamBeginCapture_v2(a, CaptureMode::Global));
  EXPECT_SUCCESS(cu.cuEventRecord(fork, a));
  EXPECT_SUCCESS(cu.cuStreamWaitEvent(b, fork, 0));
  EXPECT_SUCCESS(cu.cuMemsetD32Async(x, 0, 1, b));
  EXPECT_EQ(cu.cuStreamEndCapture(a, &graph), Result::CaptureUnjoined);
  ASSERT_SUCCESS(cu.cuStreamBeginCapture_v2(a, CaptureMode::Global));
  EXPECT_EQ(cu.cuStreamSynchronize(a), Result::CaptureUnsupported);
  EXPECT_EQ(cu.cuMemsetD32Async(x, 0, 1, a), Result::CaptureInvalidated);
  EXPECT_EQ(cu.cuStreamEndCapture(a, &graph), Result::CaptureInvalidated);
  EXPECT_SUCCESS(cu.cuMemsetD32Async(x, 0, 1, a));
}

TEST_F(DriverStreamTest, ManyThreadsUseTwoDevices) {
  VirtualOptions options;
  options.devices = 2;
  options.hostThreads = 2;
  open(options);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 4; ++i)
    threads.emplace_back([this, i] {
      ASSERT_SUCCESS(cu.cuCtxSetCurrent(contexts[i % 2]));
      const FunctionHandle k = function(slowIncrement());
      for (int j = 0; j < 10; ++j) {
        const DeviceAddress out = allocate(4);
        const StreamHandle a = stream();
        EXPECT_SUCCESS(cu.cuMemsetD32Async(out, 3, 1, a));
        EXPECT_SUCCESS(launch(k, out, 100, a));
        uint32_t value = 0;
        EXPECT_SUCCESS(cu.cuMemcpyDtoHAsync_v2(&value, out, 4, a));
        EXPECT_EQ(value, 4u);
        EXPECT_SUCCESS(cu.cuStreamDestroy_v2(a));
        EXPECT_SUCCESS(cu.cuMemFree_v2(out));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace
