// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A look at a shared object before the dynamic loader gets it. The loader maps what the headers
// promise without comparing it with the file, so a truncated file would end the process with
// SIGBUS.
#ifndef MOERT_LIB_CORE_SHAREDOBJECT_H
#define MOERT_LIB_CORE_SHAREDOBJECT_H

#include "moert/moert.h"

namespace moert {

///   NOT_FOUND     there is no such file
///   IO            it cannot be read, or is no regular file
///   CORRUPT       truncated
///   INCOMPATIBLE  not a shared object for this machine
moert_status checkSharedObject(const char *path);

} // namespace moert

#endif // MOERT_LIB_CORE_SHAREDOBJECT_H
