// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Runtime.h"
#include "lib/Core/Options.h"
#include "lib/Cpu/Isa.h"
#include "lib/Cpu/Processors.h"

#include <algorithm>
#include <cstdlib>

using namespace moert;

namespace {

constexpr int32_t kMaxThreads = 1024;

moert_status chooseThreads(int32_t asked, int32_t &threads) {
  threads = asked;
  if (asked < 0 || asked > kMaxThreads)
    return failure(MOERT_INVALID_ARGUMENT, "threads is %d; must be 1 to %d, or 0 for the default",
                   asked, kMaxThreads);
  if (asked > 0)
    return success();
  const char *text = getenv("MOERT_THREADS");
  if (!text || !*text) {
    threads = std::min(availableProcessors(), kMaxThreads);
    return success();
  }
  char *end;
  long value = strtol(text, &end, 10);
  if (*end || value < 1 || value > kMaxThreads)
    return failure(MOERT_INVALID_ARGUMENT, "MOERT_THREADS is '%s'; must be 1 to %d", text,
                   kMaxThreads);
  threads = int32_t(value);
  return success();
}

moert_status readHooks(const moert_hooks *given, moert_hooks &hooks) {
  MOERT_RETURN_IF_FAILED(readOptions(given, "moert_hooks", hooks));
  if (!hooks.alloc != !hooks.free)
    return failure(MOERT_INVALID_ARGUMENT, "the hooks alloc and free go together");
  if (!hooks.spawn != !hooks.join)
    return failure(MOERT_INVALID_ARGUMENT, "the hooks spawn and join go together");
  return success();
}

} // namespace

moert_status moert_runtime::make(const moert_runtime_options *given, moert_runtime **runtime) {
  moert_runtime_options options;
  MOERT_RETURN_IF_FAILED(readOptions(given, "moert_runtime_options", options));
  moert_hooks hooks;
  MOERT_RETURN_IF_FAILED(readHooks(options.hooks, hooks));
  int32_t threads, isa;
  MOERT_RETURN_IF_FAILED(chooseThreads(options.threads, threads));
  MOERT_RETURN_IF_FAILED(chooseIsa(options.isa, detectIsa(), isa));

  Host host(hooks);
  auto *made = create<moert_runtime>(host, host, isa);
  if (!made)
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a runtime");
  moert_status status = made->pool.start(threads);
  if (status.code != MOERT_OK) {
    made->release();
    return status;
  }
  host.log(MOERT_LOG_INFO, "moert: %d threads, level %s", threads, isaName(isa));
  *runtime = made;
  return status;
}

void moert_runtime::dispose(moert_runtime *runtime) {
  Host host = runtime->host;
  destroy(host, runtime);
}
