// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lets an ExchangeModel run with a device. Its code is for the processor, so it works on memory of
// the host, each allocation of which has one of the device's beside it: what the functions for
// exchanges take is copied there before a call, what they give is copied back after it.
#ifndef MOERT_TEST_DEVICEMIRROR_H
#define MOERT_TEST_DEVICEMIRROR_H

#include "ExchangeArtifact.h"

namespace moert::test {

/// Makes `model` one with device code, before ranks are made of it.
void useDevice(ExchangeModel &model);

/// How many runs are to begin, from now on, with a kernel that writes out of bounds.
extern std::atomic<int64_t> wildLaunches;

} // namespace moert::test

#endif // MOERT_TEST_DEVICEMIRROR_H
