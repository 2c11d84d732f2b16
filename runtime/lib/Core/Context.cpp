// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Context.h"
#include "lib/Core/Functions.h"
#include "lib/Core/Request.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/FloatingPoint.h"

namespace moert {

Context::Context(moert_session &session)
    : moert_ctx{&kFunctions}, session(session), pool(session.host, session.maxPoolBytes) {}

moert_status Context::run(moert_request &running) {
  request = &running;
  outcome_ = success();
  const Host &host = session.host;
  int64_t begin = host.traces() ? host.now() : 0;
  int32_t code;
  {
    DefaultFloatingPoint mode;
    code = enter();
  }
  if (host.traces())
    host.trace(running.entry.name, begin, host.now(), 0, nullptr);
  request = nullptr;
  if (code != MOERT_OK && outcome_.code == MOERT_OK)
    return failure(code > MOERT_OK && code <= MOERT_INTERNAL ? code : MOERT_INTERNAL,
                   "entry '%s' ended with code %d (%s)", running.entry.name, code, codeName(code));
  return outcome_;
}

/// A frame of its own, because it is returned to twice: nothing lives in it but `this`.
[[gnu::noinline]] int32_t Context::enter() {
  if (_setjmp(start_) != 0)
    return outcome_.code;
  checkInterrupted();
  return request->entry.fn(this, request->inputs.data(), request->outputs.data());
}

void Context::unwind(const moert_status &status) {
  outcome_ = status;
  longjmp(start_, 1);
}

void Context::checkInterrupted() {
  if (request->cancelled.load(std::memory_order_relaxed))
    unwind(failure(MOERT_CANCELLED, "the request was cancelled"));
  if (request->deadline && session.host.now() >= request->deadline)
    unwind(failure(MOERT_DEADLINE_EXCEEDED, "the request's deadline has passed"));
}

} // namespace moert
