// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The part of the CUDA driver's binary interface that the runtime uses: what libcuda.so.1 exports
// and libmoert-vgpu.so does as well. Numbers are those of CUDA 12; a test compares them with the
// toolkit's where there is one.
#ifndef MOERT_LIB_CUDA_DRIVERABI_H
#define MOERT_LIB_CUDA_DRIVERABI_H

#include <cstddef>
#include <cstdint>

namespace moert::cuda {

/// The version of the interface below, as cuDriverGetVersion gives it: 1000 * major + 10 * minor.
constexpr int kNeededVersion = 12000;

enum class Result : int32_t {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NotInitialized = 3,
  NoDevice = 100,
  InvalidDevice = 101,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  InvalidHandle = 400,
  NotFound = 500,
  NotReady = 600,
  IllegalAddress = 700,
  LaunchOutOfResources = 701,
  LaunchTimeout = 702,
  PeerAccessAlreadyEnabled = 704,
  MisalignedAddress = 716,
  LaunchFailed = 719,
  NotSupported = 801,
  CaptureUnsupported = 900,
  CaptureInvalidated = 901,
  CaptureUnmatched = 903,
  CaptureUnjoined = 904,
  CaptureImplicit = 906,
  CapturedEvent = 907,
};

enum class DeviceAttribute : int32_t {
  MaxThreadsPerBlock = 1,
  MaxBlockDimX = 2,
  MaxBlockDimY = 3,
  MaxBlockDimZ = 4,
  MaxGridDimX = 5,
  MaxGridDimY = 6,
  MaxGridDimZ = 7,
  MaxSharedPerBlock = 8,
  WarpSize = 10,
  MaxRegistersPerBlock = 12,
  Multiprocessors = 16,
  MaxThreadsPerMultiprocessor = 39,
  UnifiedAddressing = 41,
  ComputeCapabilityMajor = 75,
  ComputeCapabilityMinor = 76,
  MaxSharedPerMultiprocessor = 81,
  MaxRegistersPerMultiprocessor = 82,
  MaxSharedPerBlockOptin = 97,
  MaxBlocksPerMultiprocessor = 106,
};

enum class FunctionAttribute : int32_t {
  MaxThreadsPerBlock = 0,
  SharedBytes = 1,
  LocalBytes = 3,
  Registers = 4,
  PtxVersion = 5,
  MaxDynamicSharedBytes = 8,
};

enum class JitOption : int32_t {
  InfoLogBuffer = 3,
  InfoLogBufferBytes = 4,
  ErrorLogBuffer = 5,
  ErrorLogBufferBytes = 6,
};

enum class CaptureMode : int32_t { Global = 0, ThreadLocal = 1, Relaxed = 2 };
enum class CaptureStatus : int32_t { None = 0, Active = 1, Invalidated = 2 };

constexpr unsigned kStreamNonBlocking = 1;
constexpr unsigned kEventDisableTiming = 2;
constexpr unsigned kHostAllocPortable = 1;

using DeviceNumber = int;
using DeviceAddress = unsigned long long;
using ContextHandle = struct ContextTag *;
using ModuleHandle = struct ModuleTag *;
using FunctionHandle = struct FunctionTag *;
using StreamHandle = struct StreamTag *;
using EventHandle = struct EventTag *;
using GraphHandle = struct GraphTag *;
using GraphExecHandle = struct GraphExecTag *;

struct Uuid {
  char bytes[16];
};

/// X(name as exported, parameters) for each function; all return a Result.
#define MOERT_CUDA_FUNCTIONS(X)                                                                    \
  X(cuInit, (unsigned flags))                                                                      \
  X(cuDriverGetVersion, (int *version))                                                            \
  X(cuGetErrorName, (Result result, const char **text))                                            \
  X(cuGetErrorString, (Result result, const char **text))                                          \
  X(cuDeviceGetCount, (int *count))                                                                \
  X(cuDeviceGet, (DeviceNumber * device, int ordinal))                                             \
  X(cuDeviceGetName, (char *name, int bytes, DeviceNumber device))                                 \
  X(cuDeviceGetUuid_v2, (Uuid * uuid, DeviceNumber device))                                        \
  X(cuDeviceGetAttribute, (int *value, DeviceAttribute attribute, DeviceNumber device))            \
  X(cuDeviceTotalMem_v2, (size_t *bytes, DeviceNumber device))                                     \
  X(cuDeviceCanAccessPeer, (int *can, DeviceNumber device, DeviceNumber peer))                     \
  X(cuDevicePrimaryCtxRetain, (ContextHandle * context, DeviceNumber device))                      \
  X(cuDevicePrimaryCtxRelease_v2, (DeviceNumber device))                                           \
  X(cuDevicePrimaryCtxReset_v2, (DeviceNumber device))                                             \
  X(cuCtxSetCurrent, (ContextHandle context))                                                      \
  X(cuCtxGetCurrent, (ContextHandle * context))                                                    \
  X(cuCtxSynchronize, (void))                                                                      \
  X(cuCtxEnablePeerAccess, (ContextHandle peer, unsigned flags))                                   \
  X(cuModuleLoadDataEx, (ModuleHandle * module, const void *image, unsigned numOptions,            \
                         JitOption *options, void **values))                                       \
  X(cuModuleUnload, (ModuleHandle module))                                                         \
  X(cuModuleGetFunction, (FunctionHandle * function, ModuleHandle module, const char *name))       \
  X(cuModuleGetGlobal_v2,                                                                          \
    (DeviceAddress * address, size_t *bytes, ModuleHandle module, const char *name))               \
  X(cuFuncGetAttribute, (int *value, FunctionAttribute attribute, FunctionHandle function))        \
  X(cuFuncSetAttribute, (FunctionHandle function, FunctionAttribute attribute, int value))         \
  X(cuOccupancyMaxActiveBlocksPerMultiprocessor,                                                   \
    (int *blocks, FunctionHandle function, int threads, size_t dynamicShared))                     \
  X(cuMemAlloc_v2, (DeviceAddress * address, size_t bytes))                                        \
  X(cuMemFree_v2, (DeviceAddress address))                                                         \
  X(cuMemGetInfo_v2, (size_t *free, size_t *total))                                                \
  X(cuMemHostAlloc, (void **memory, size_t bytes, unsigned flags))                                 \
  X(cuMemFreeHost, (void *memory))                                                                 \
  X(cuMemcpyHtoD_v2, (DeviceAddress to, const void *from, size_t bytes))                           \
  X(cuMemcpyDtoH_v2, (void *to, DeviceAddress from, size_t bytes))                                 \
  X(cuMemcpyDtoD_v2, (DeviceAddress to, DeviceAddress from, size_t bytes))                         \
  X(cuMemcpyHtoDAsync_v2, (DeviceAddress to, const void *from, size_t bytes, StreamHandle stream)) \
  X(cuMemcpyDtoHAsync_v2, (void *to, DeviceAddress from, size_t bytes, StreamHandle stream))       \
  X(cuMemcpyDtoDAsync_v2,                                                                          \
    (DeviceAddress to, DeviceAddress from, size_t bytes, StreamHandle stream))                     \
  X(cuMemcpyPeerAsync, (DeviceAddress to, ContextHandle toContext, DeviceAddress from,             \
                        ContextHandle fromContext, size_t bytes, StreamHandle stream))             \
  X(cuMemsetD8Async, (DeviceAddress to, unsigned char value, size_t count, StreamHandle stream))   \
  X(cuMemsetD32Async, (DeviceAddress to, unsigned value, size_t count, StreamHandle stream))       \
  X(cuStreamCreate, (StreamHandle * stream, unsigned flags))                                       \
  X(cuStreamDestroy_v2, (StreamHandle stream))                                                     \
  X(cuStreamSynchronize, (StreamHandle stream))                                                    \
  X(cuStreamQuery, (StreamHandle stream))                                                          \
  X(cuStreamWaitEvent, (StreamHandle stream, EventHandle event, unsigned flags))                   \
  X(cuStreamBeginCapture_v2, (StreamHandle stream, CaptureMode mode))                              \
  X(cuStreamEndCapture, (StreamHandle stream, GraphHandle * graph))                                \
  X(cuStreamIsCapturing, (StreamHandle stream, CaptureStatus * status))                            \
  X(cuEventCreate, (EventHandle * event, unsigned flags))                                          \
  X(cuEventDestroy_v2, (EventHandle event))                                                        \
  X(cuEventRecord, (EventHandle event, StreamHandle stream))                                       \
  X(cuEventQuery, (EventHandle event))                                                             \
  X(cuEventSynchronize, (EventHandle event))                                                       \
  X(cuEventElapsedTime, (float *milliseconds, EventHandle begin, EventHandle end))                 \
  X(cuGraphInstantiateWithFlags,                                                                   \
    (GraphExecHandle * exec, GraphHandle graph, unsigned long long flags))                         \
  X(cuGraphLaunch, (GraphExecHandle exec, StreamHandle stream))                                    \
  X(cuGraphExecDestroy, (GraphExecHandle exec))                                                    \
  X(cuGraphDestroy, (GraphHandle graph))                                                           \
  X(cuLaunchKernel, (FunctionHandle function, unsigned gridX, unsigned gridY, unsigned gridZ,      \
                     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,      \
                     StreamHandle stream, void **parameters, void **extra))

/// All functions, by the names under which they are exported.
struct DriverTable {
#define MOERT_CUDA_FIELD(name, parameters) Result(*name) parameters = nullptr;
  MOERT_CUDA_FUNCTIONS(MOERT_CUDA_FIELD)
#undef MOERT_CUDA_FIELD
};

} // namespace moert::cuda

#endif // MOERT_LIB_CUDA_DRIVERABI_H
