// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A thread that does one thing at a time for a rank, beside the rank's own. It starts when there is
// something to do for the first time, and sleeps otherwise.
#ifndef MOERT_LIB_COMM_COURIER_H
#define MOERT_LIB_COMM_COURIER_H

#include "lib/Core/Host.h"

#include <atomic>

namespace moert {

class Courier {
public:
  using Errand = void (*)(void *argument);

  explicit Courier(const Host &host) : host_(host) {}
  /// Nothing may be under way.
  ~Courier() { finish(); }
  Courier(const Courier &) = delete;
  Courier &operator=(const Courier &) = delete;

  /// Runs `errand` on the thread; the one before has said that it is done. False if there is no
  /// thread and none can be started.
  [[nodiscard]] bool send(Errand errand, void *argument);

  /// Ends the thread. Nothing may be under way, but for an errand that has said that it is done.
  void finish();

private:
  static void main(void *courier);
  void work();

  const Host &host_;
  void *thread_ = nullptr;
  bool hasStarted_ = false;
  Errand errand_ = nullptr; // null: the end
  void *argument_ = nullptr;
  /// How many errands there have been.
  std::atomic<uint32_t> errands_{0};
};

} // namespace moert

#endif // MOERT_LIB_COMM_COURIER_H
