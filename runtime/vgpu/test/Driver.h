// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libmoert-vgpu.so as a program sees it that opens it.
#ifndef MOERT_VGPU_TEST_DRIVER_H
#define MOERT_VGPU_TEST_DRIVER_H

#include "lib/Cuda/VirtualAbi.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace moert::cuda {
/// Results in messages of tests.
inline void PrintTo(Result result, std::ostream *stream) { *stream << int(result); }
} // namespace moert::cuda

namespace moert::vgpu::test {

using namespace moert::cuda;

#define EXPECT_SUCCESS(expression) EXPECT_EQ(expression, Result::Success)
#define ASSERT_SUCCESS(expression) ASSERT_EQ(expression, Result::Success)

/// The library's functions; null ones are missing.
struct Library {
  Library() {
    void *handle = dlopen(MOERT_TEST_VGPU, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) {
      ADD_FAILURE() << dlerror();
      return;
    }
#define FIND(name, parameters)                                                                     \
  table.name = reinterpret_cast<decltype(table.name)>(dlsym(handle, #name));                       \
  EXPECT_NE(table.name, nullptr) << #name;
    MOERT_CUDA_FUNCTIONS(FIND)
#undef FIND
    configure = reinterpret_cast<VirtualConfigure>(dlsym(handle, MOERT_VGPU_CONFIGURE));
    report = reinterpret_cast<VirtualReport>(dlsym(handle, MOERT_VGPU_REPORT));
  }
  static const Library &get() {
    static const Library library;
    return library;
  }
  DriverTable table;
  VirtualConfigure configure = nullptr;
  VirtualReport report = nullptr;
};

/// Devices with contexts; that of device 0 is current.
class DriverTest : public testing::Test {
protected:
  void open(VirtualOptions options = {}) {
    ASSERT_SUCCESS(library.configure(&options));
    ASSERT_SUCCESS(cu.cuInit(0));
    int count = 0;
    ASSERT_SUCCESS(cu.cuDeviceGetCount(&count));
    contexts.resize(size_t(count));
    for (int i = 0; i < count; ++i)
      ASSERT_SUCCESS(cu.cuDevicePrimaryCtxRetain(&contexts[size_t(i)], i));
    ASSERT_SUCCESS(cu.cuCtxSetCurrent(contexts[0]));
  }
  void close() {
    for (size_t i = 0; i < contexts.size(); ++i)
      EXPECT_SUCCESS(cu.cuDevicePrimaryCtxRelease_v2(int(i)));
    contexts.clear();
  }
  void TearDown() override { close(); }

  std::string report(int device = 0) const {
    char text[1024] = "";
    library.report(device, text, sizeof(text));
    return text;
  }
  Result load(const std::string &text, ModuleHandle &module, std::string *log = nullptr) const {
    char buffer[512] = "";
    JitOption options[] = {JitOption::ErrorLogBuffer, JitOption::ErrorLogBufferBytes};
    void *values[] = {buffer, reinterpret_cast<void *>(sizeof(buffer))};
    const Result result = cu.cuModuleLoadDataEx(&module, text.c_str(), 2, options, values);
    if (log)
      *log = buffer;
    return result;
  }
  FunctionHandle function(const std::string &text) const {
    ModuleHandle module = nullptr;
    std::string log;
    EXPECT_SUCCESS(load(text, module, &log)) << log;
    FunctionHandle made = nullptr;
    EXPECT_SUCCESS(cu.cuModuleGetFunction(&made, module, "k"));
    return made;
  }
  DeviceAddress allocate(size_t bytes) const {
    DeviceAddress address = 0;
    EXPECT_SUCCESS(cu.cuMemAlloc_v2(&address, bytes));
    // Kernels may not read what nobody has written.
    EXPECT_SUCCESS(cu.cuMemsetD8Async(address, 0, bytes, nullptr));
    EXPECT_SUCCESS(cu.cuStreamSynchronize(nullptr));
    return address;
  }
  Result launch(FunctionHandle function, DeviceAddress out, uint32_t count,
                StreamHandle stream = nullptr, unsigned threads = 32, unsigned shared = 0) const {
    void *parameters[] = {&out, &count};
    return cu.cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, shared, stream, parameters, nullptr);
  }

  const Library &library = Library::get();
  const DriverTable &cu = library.table;
  std::vector<ContextHandle> contexts;
};

/// An entry `k(out, count)` for a chip.
inline std::string kernel(const std::string &body, const std::string &target = "sm_80") {
  return ".version 8.0\n.target " + target +
         "\n.address_size 64\n.visible .entry k(.param .u64 out, .param .u32 count) {\n"
         ".reg .pred %p<4>; .reg .b32 %r<9>; .reg .b64 %d<9>;\n"
         "ld.param.u64 %d1, [out]; ld.param.u32 %r1, [count];\n" +
         body + "\nret; }\n";
}
/// Adds one to the word at `out`, by one lane, after `count` turns of a loop.
inline std::string slowIncrement() {
  return kernel("mov.u32 %r2, %tid.x; setp.ne.u32 %p1, %r2, 0; @%p1 ret;\n"
                "ld.global.u32 %r4, [%d1]; mov.u32 %r3, 0;\n"
                "LOOP: setp.ge.u32 %p2, %r3, %r1; @%p2 bra DONE; add.u32 %r3, %r3, 1; bra LOOP;\n"
                "DONE: add.u32 %r4, %r4, 1; st.global.u32 [%d1], %r4;");
}

} // namespace moert::vgpu::test

#endif // MOERT_VGPU_TEST_DRIVER_H
