// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cuda/Driver.h"

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

namespace moert::cuda {

namespace {

constexpr const char *kVirtualLibrary = "libmoert-vgpu.so";
constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;

int32_t codeOf(Result result) {
  switch (result) {
  case Result::OutOfMemory:
    return MOERT_OUT_OF_MEMORY;
  case Result::NoBinaryForGpu:
    return MOERT_INCOMPATIBLE;
  case Result::InvalidPtx:
    return MOERT_CORRUPT;
  case Result::NotFound:
    return MOERT_NOT_FOUND;
  case Result::InvalidValue:
  case Result::InvalidDevice:
    return MOERT_INVALID_ARGUMENT;
  case Result::LaunchOutOfResources:
    return MOERT_RESOURCE_EXHAUSTED;
  case Result::NoDevice:
  case Result::NotSupported:
    return MOERT_UNSUPPORTED;
  default:
    return MOERT_INTERNAL;
  }
}

/// The path of `file` beside the library or the program that this is part of.
bool findBeside(const char *file, char (&path)[PATH_MAX]) {
  char self[PATH_MAX];
  Dl_info info;
  if (dladdr(reinterpret_cast<const void *>(&openDriver), &info) == 0 || !info.dli_fname)
    return false;
  snprintf(self, sizeof(self), "%s", info.dli_fname);
  if (!strrchr(self, '/')) { // the name of a program is what it was called as
    const ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length <= 0)
      return false;
    self[length] = '\0';
  }
  const char *slash = strrchr(self, '/');
  return slash &&
         size_t(snprintf(path, sizeof(path), "%.*s/%s", int(slash - self), self, file)) <
             sizeof(path) &&
         access(path, F_OK) == 0;
}

} // namespace

moert_status Driver::failed(const char *what, Result result, DeviceNumber device) const {
  const char *name = nullptr, *meaning = nullptr;
  table.cuGetErrorName(result, &name);
  table.cuGetErrorString(result, &meaning);
  char text[360] = "";
  const bool isKernel = result >= Result::IllegalAddress && result <= Result::LaunchFailed;
  if (report && isKernel)
    report(device, text, sizeof(text));
  return failure(codeOf(result), "device %d: %s: %s (%s)%s%s", device, what,
                 meaning ? meaning : "unknown error", name ? name : "", text[0] ? ": " : "", text);
}

moert_status openDriver(const char *library, Driver &driver) {
  void *handle = dlopen(library, kFlags);
  if (!handle) {
    const char *error = dlerror();
    return failure(MOERT_UNSUPPORTED, "no CUDA driver: %.400s", error ? error : library);
  }
  Driver made;
  const auto version = reinterpret_cast<Result (*)(int *)>(dlsym(handle, "cuDriverGetVersion"));
  if (version)
    version(&made.version);
  const char *missing = nullptr;
#define FIND(name, parameters)                                                                     \
  made.table.name = reinterpret_cast<decltype(made.table.name)>(dlsym(handle, #name));             \
  if (!made.table.name && !missing)                                                                \
    missing = #name;
  MOERT_CUDA_FUNCTIONS(FIND)
#undef FIND
  if (missing || made.version < kNeededVersion)
    return failure(MOERT_INCOMPATIBLE,
                   "the CUDA driver %.200s is too old: it is for CUDA %d.%d, needed is %d.%d%s%s",
                   library, made.version / 1000, made.version % 1000 / 10, kNeededVersion / 1000,
                   kNeededVersion % 1000 / 10, missing ? "; it has no " : "",
                   missing ? missing : "");
  made.configure = reinterpret_cast<VirtualConfigure>(dlsym(handle, MOERT_VGPU_CONFIGURE));
  made.report = reinterpret_cast<VirtualReport>(dlsym(handle, MOERT_VGPU_REPORT));
  const Result result = made.table.cuInit(0);
  int count = 0;
  if (result == Result::NoDevice ||
      (result == Result::Success && made.table.cuDeviceGetCount(&count) == Result::Success &&
       count == 0))
    return failure(MOERT_UNSUPPORTED, "the CUDA driver has no device");
  if (result != Result::Success)
    return made.failed("cannot initialise the CUDA driver", result, 0);
  driver = made;
  return success();
}

moert_status openCuda(Driver &driver) { return openDriver("libcuda.so.1", driver); }

moert_status openVirtual(const VirtualOptions &options, Driver &driver) {
  // Not for programs that run with more rights than their user has.
  const char *library = secure_getenv("MOERT_VGPU_LIBRARY");
  char path[PATH_MAX];
  if (!library || !*library)
    library = findBeside(kVirtualLibrary, path) ? path : kVirtualLibrary;
  Driver made;
  moert_status status = openDriver(library, made);
  if (status.code == MOERT_UNSUPPORTED)
    return failure(status.code, "%.400s (MOERT_VGPU_LIBRARY may name the virtual GPU's library)",
                   status.message);
  MOERT_RETURN_IF_FAILED(status);
  if (!made.configure || !made.report)
    return failure(MOERT_INCOMPATIBLE, "%.400s is no virtual GPU", library);
  const Result result = made.configure(&options);
  if (result == Result::InvalidContext)
    return failure(MOERT_FAILED_PRECONDITION, "virtual devices are in use with other options");
  if (result != Result::Success)
    return failure(MOERT_INVALID_ARGUMENT,
                   "no such virtual devices: %u of sm_%u; there are 1 to 16 of a known chip",
                   options.devices ? options.devices : 1,
                   options.computeCapability ? options.computeCapability : 90);
  driver = made;
  return success();
}

} // namespace moert::cuda
