// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/TransportPlugin.h"
#include "lib/Core/Status.h"

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

namespace moert {

namespace {

constexpr size_t kMostName = 32;
/// Gloo's threads and thread-local storage do not take unloading well.
constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;

/// A name becomes part of a file's: letters, digits and '_' only.
bool isName(const char *name) {
  if (!name || !*name || strlen(name) > kMostName)
    return false;
  for (; *name; ++name)
    if (!((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') || *name == '_'))
      return false;
  return true;
}

/// Opens `folder`/`file` if there is such a file. False only where there is none.
bool tryOpen(const char *folder, size_t length, const char *file, void *&handle) {
  char path[PATH_MAX];
  if (length == 0 ||
      size_t(snprintf(path, sizeof(path), "%.*s/%s", int(length), folder, file)) >= sizeof(path) ||
      access(path, F_OK) != 0)
    return false;
  handle = dlopen(path, kFlags);
  return true;
}

bool tryVariable(const char *file, void *&handle) {
  // Not for programs that run with more rights than their user has.
  const char *path = secure_getenv("MOERT_PLUGIN_PATH");
  while (path && *path) {
    const size_t length = strcspn(path, ":");
    if (tryOpen(path, length, file, handle))
      return true;
    path += length + (path[length] == ':');
  }
  return false;
}

bool tryBeside(const char *file, void *&handle) {
  Dl_info self;
  if (dladdr(reinterpret_cast<const void *>(&loadTransport), &self) == 0 || !self.dli_fname)
    return false;
  char path[PATH_MAX];
  // The name of a program is what it was called as.
  const char *slash = strrchr(self.dli_fname, '/');
  if (slash)
    return tryOpen(self.dli_fname, size_t(slash - self.dli_fname), file, handle);
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  if (length <= 0)
    return false;
  path[length] = '\0';
  slash = strrchr(path, '/');
  return slash && tryOpen(path, size_t(slash - path), file, handle);
}

} // namespace

moert_status loadTransport(const char *name, const moert_transport_api *&api) {
  api = nullptr;
  if (!isName(name))
    return failure(MOERT_INVALID_ARGUMENT,
                   "'%.60s' is no name of a transport: up to %zu of a-z, 0-9 and '_'",
                   name ? name : "", kMostName);
  char file[kMostName + sizeof("libmoert_.so")];
  snprintf(file, sizeof(file), "libmoert_%s.so", name);
  void *handle = nullptr;
  const bool isFound = tryVariable(file, handle) || tryBeside(file, handle);
  if (!isFound)
    handle = dlopen(file, kFlags);
  if (!handle) {
    const char *error = dlerror();
    // The loader's word for a file that is nowhere begins with its name.
    if (!error || (!isFound && strncmp(error, file, strlen(file)) == 0))
      return failure(MOERT_UNSUPPORTED,
                     "transport '%s' is not here: no %s in a folder of MOERT_PLUGIN_PATH, beside "
                     "libmoert or on the loader's path; libmoert builds it where the library's "
                     "headers are (Debian: lib%s-dev)",
                     name, file, name);
    return failure(MOERT_UNSUPPORTED,
                   "transport '%s' cannot be loaded: %.300s (Debian has Gloo in libgloo0)", name,
                   error);
  }
  const auto get = reinterpret_cast<moert_get_transport_fn>(dlsym(handle, MOERT_TRANSPORT_SYMBOL));
  const moert_transport_api *found = get ? get(MOERT_TRANSPORT_VERSION) : nullptr;
  if (!found || found->size < sizeof(moert_transport_api))
    return failure(MOERT_INCOMPATIBLE, "%s is no transport for this version of libmoert", file);
  api = found;
  return success();
}

} // namespace moert
