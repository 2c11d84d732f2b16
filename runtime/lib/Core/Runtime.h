// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What sessions share: the host's services, the threads and the level of kernels.
#ifndef MOERT_LIB_CORE_RUNTIME_H
#define MOERT_LIB_CORE_RUNTIME_H

#include "lib/Core/Host.h"
#include "lib/Core/Ref.h"
#include "lib/Cpu/ThreadPool.h"

struct moert_runtime final : moert::RefCounted<moert_runtime> {
  moert_runtime(const moert::Host &host, int32_t isa) : host(host), pool(this->host), isa(isa) {}

  static moert_status make(const moert_runtime_options *given, moert_runtime **runtime);
  static void dispose(moert_runtime *runtime);

  const moert::Host host;
  moert::ThreadPool pool;
  const int32_t isa;
};

#endif // MOERT_LIB_CORE_RUNTIME_H
