// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One run of compiled code: what its moert_ctx pointer really points at.
#ifndef MOERT_LIB_CORE_CONTEXT_H
#define MOERT_LIB_CORE_CONTEXT_H

#include "lib/Core/Pool.h"
#include "lib/Core/Session.h"

#include <csetjmp>

struct moert_request;

namespace moert {

/// Used by one run at a time, on the thread that runs it. Between runs it keeps its pool's memory.
struct Context final : moert_ctx {
  explicit Context(moert_session &session);

  /// Runs the request's entry. Outputs are the request's; everything else is taken back by
  /// moert_session::finishRun.
  moert_status run(moert_request &request);

  /// Ends the run with `status`: back to `run`, past the compiled code. No frame in between has a
  /// destructor: compiled code has none, and the functions of the table keep to plain values.
  [[noreturn]] void unwind(const moert_status &status);
  /// Unwinds when the request was cancelled or its deadline has passed.
  void checkInterrupted();

  moert_session &session;
  Pool pool;
  Array<int64_t> stateLengths;
  moert_request *request = nullptr;
  bool idle = false;       // guarded by the session's mutex
  Context *next = nullptr; // likewise

private:
  int32_t enter();

  jmp_buf start_;
  moert_status outcome_;
};

} // namespace moert

#endif // MOERT_LIB_CORE_CONTEXT_H
