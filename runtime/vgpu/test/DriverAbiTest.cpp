// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Our declarations of the CUDA driver against those of the toolkit. All of it is compile time.
#include "lib/Cuda/DriverAbi.h"

namespace moert::cuda {
#define OURS(name, parameters) using ours_##name = Result(*) parameters;
MOERT_CUDA_FUNCTIONS(OURS)
#undef OURS
} // namespace moert::cuda

#include <cuda.h>
#include <gtest/gtest.h>
#include <type_traits>

namespace {

using namespace moert::cuda;

/// Passed alike: numbers of the same size and kind, or pointers.
template <typename A, typename B>
constexpr bool isAlike() {
  if (std::is_pointer_v<A> || std::is_pointer_v<B>)
    return std::is_pointer_v<A> && std::is_pointer_v<B>;
  return sizeof(A) == sizeof(B) && std::is_floating_point_v<A> == std::is_floating_point_v<B>;
}

template <typename A, typename B>
struct Compare : std::false_type {};
template <typename R, typename... A, typename S, typename... B>
struct Compare<R (*)(A...), S (*)(B...)> {
  static constexpr bool compare() {
    if constexpr (sizeof...(A) != sizeof...(B))
      return false;
    else
      return isAlike<R, S>() && (isAlike<A, B>() && ...) &&
             // What pointers point to: out parameters must have room.
             (isAlike<std::remove_pointer_t<A>, Complete<A, B>>() && ...);
  }
  /// B's pointee, or A's where either may be incomplete or void.
  template <typename X, typename Y>
  using Complete = std::conditional_t<std::is_arithmetic_v<std::remove_pointer_t<X>> ||
                                          std::is_enum_v<std::remove_pointer_t<X>> ||
                                          std::is_pointer_v<std::remove_pointer_t<X>>,
                                      std::remove_pointer_t<Y>, std::remove_pointer_t<X>>;
  template <typename X, typename Y>
  static constexpr bool isAlike() {
    if constexpr (std::is_same_v<X, Y>)
      return true;
    else
      return ::isAlike<X, Y>();
  }
  static constexpr bool value = compare();
};

#define COMPARE(name, parameters)                                                                  \
  static_assert(Compare<ours_##name, decltype(&::name)>::value, #name);
MOERT_CUDA_FUNCTIONS(COMPARE)

#define SAME(ours, theirs) static_assert(int(ours) == int(theirs), #theirs)
SAME(Result::Success, CUDA_SUCCESS);
SAME(Result::InvalidValue, CUDA_ERROR_INVALID_VALUE);
SAME(Result::OutOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
SAME(Result::NotInitialized, CUDA_ERROR_NOT_INITIALIZED);
SAME(Result::NoDevice, CUDA_ERROR_NO_DEVICE);
SAME(Result::InvalidDevice, CUDA_ERROR_INVALID_DEVICE);
SAME(Result::InvalidContext, CUDA_ERROR_INVALID_CONTEXT);
SAME(Result::NoBinaryForGpu, CUDA_ERROR_NO_BINARY_FOR_GPU);
SAME(Result::InvalidPtx, CUDA_ERROR_INVALID_PTX);
SAME(Result::InvalidHandle, CUDA_ERROR_INVALID_HANDLE);
SAME(Result::NotFound, CUDA_ERROR_NOT_FOUND);
SAME(Result::NotReady, CUDA_ERROR_NOT_READY);
SAME(Result::IllegalAddress, CUDA_ERROR_ILLEGAL_ADDRESS);
SAME(Result::LaunchOutOfResources, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
SAME(Result::LaunchTimeout, CUDA_ERROR_LAUNCH_TIMEOUT);
SAME(Result::PeerAccessAlreadyEnabled, CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED);
SAME(Result::MisalignedAddress, CUDA_ERROR_MISALIGNED_ADDRESS);
SAME(Result::LaunchFailed, CUDA_ERROR_LAUNCH_FAILED);
SAME(Result::NotSupported, CUDA_ERROR_NOT_SUPPORTED);
SAME(Result::CaptureUnsupported, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
SAME(Result::CaptureInvalidated, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
SAME(Result::CaptureUnmatched, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
SAME(Result::CaptureUnjoined, CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
SAME(Result::CaptureImplicit, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
SAME(Result::CapturedEvent, CUDA_ERROR_CAPTURED_EVENT);
SAME(DeviceAttribute::MaxThreadsPerBlock, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME(DeviceAttribute::MaxBlockDimX, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X);
SAME(DeviceAttribute::MaxBlockDimY, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y);
SAME(DeviceAttribute::MaxBlockDimZ, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z);
SAME(DeviceAttribute::MaxGridDimX, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X);
SAME(DeviceAttribute::MaxGridDimY, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y);
SAME(DeviceAttribute::MaxGridDimZ, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z);
SAME(DeviceAttribute::MaxSharedPerBlock, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
SAME(DeviceAttribute::WarpSize, CU_DEVICE_ATTRIBUTE_WARP_SIZE);
SAME(DeviceAttribute::MaxRegistersPerBlock, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK);
SAME(DeviceAttribute::Multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
SAME(DeviceAttribute::MaxThreadsPerMultiprocessor,
     CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
SAME(DeviceAttribute::UnifiedAddressing, CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING);
SAME(DeviceAttribute::ComputeCapabilityMajor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME(DeviceAttribute::ComputeCapabilityMinor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME(DeviceAttribute::MaxSharedPerMultiprocessor,
     CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
SAME(DeviceAttribute::MaxRegistersPerMultiprocessor,
     CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR);
SAME(DeviceAttribute::MaxSharedPerBlockOptin,
     CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME(DeviceAttribute::MaxBlocksPerMultiprocessor,
     CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);
SAME(FunctionAttribute::MaxThreadsPerBlock, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME(FunctionAttribute::SharedBytes, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
SAME(FunctionAttribute::LocalBytes, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
SAME(FunctionAttribute::Registers, CU_FUNC_ATTRIBUTE_NUM_REGS);
SAME(FunctionAttribute::PtxVersion, CU_FUNC_ATTRIBUTE_PTX_VERSION);
SAME(FunctionAttribute::MaxDynamicSharedBytes, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
SAME(JitOption::InfoLogBuffer, CU_JIT_INFO_LOG_BUFFER);
SAME(JitOption::InfoLogBufferBytes, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES);
SAME(JitOption::ErrorLogBuffer, CU_JIT_ERROR_LOG_BUFFER);
SAME(JitOption::ErrorLogBufferBytes, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
SAME(CaptureMode::Global, CU_STREAM_CAPTURE_MODE_GLOBAL);
SAME(CaptureMode::ThreadLocal, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
SAME(CaptureMode::Relaxed, CU_STREAM_CAPTURE_MODE_RELAXED);
SAME(CaptureStatus::None, CU_STREAM_CAPTURE_STATUS_NONE);
SAME(CaptureStatus::Active, CU_STREAM_CAPTURE_STATUS_ACTIVE);
SAME(CaptureStatus::Invalidated, CU_STREAM_CAPTURE_STATUS_INVALIDATED);
SAME(kStreamNonBlocking, CU_STREAM_NON_BLOCKING);
SAME(kEventDisableTiming, CU_EVENT_DISABLE_TIMING);
SAME(kHostAllocPortable, CU_MEMHOSTALLOC_PORTABLE);
static_assert(sizeof(Uuid) == sizeof(CUuuid) && alignof(Uuid) == alignof(CUuuid));
static_assert(sizeof(DeviceAddress) == sizeof(CUdeviceptr));

} // namespace
