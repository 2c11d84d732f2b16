// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Courier.h"
#include "lib/Cpu/Futex.h"

namespace moert {

void Courier::finish() {
  if (hasStarted_ && send(nullptr, nullptr))
    host_.join(thread_);
  hasStarted_ = false;
}

bool Courier::send(Errand errand, void *argument) {
  if (!hasStarted_ && host_.spawn(main, this, &thread_) != 0)
    return false;
  hasStarted_ = true;
  errand_ = errand;
  argument_ = argument;
  errands_.fetch_add(1, std::memory_order_release);
  futexWake(&errands_, 1);
  return true;
}

void Courier::main(void *courier) { static_cast<Courier *>(courier)->work(); }

void Courier::work() {
  for (uint32_t done = 0;; ++done) {
    while (errands_.load(std::memory_order_acquire) == done)
      futexWait(&errands_, done);
    if (!errand_)
      return;
    errand_(argument_);
  }
}

} // namespace moert
