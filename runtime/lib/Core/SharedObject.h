// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A look at a shared object before the dynamic loader gets it. The loader maps what the headers
// promise without comparing it with the file, so a truncated file would end the process with
// SIGBUS; and it runs constructors of whatever it loads, so only what moec has sealed gets there.
#ifndef MOERT_LIB_CORE_SHAREDOBJECT_H
#define MOERT_LIB_CORE_SHAREDOBJECT_H

#include "moert/moert.h"

namespace moert {

///   NOT_FOUND     there is no such file
///   IO            it cannot be read, or is no regular file
///   CORRUPT       empty, truncated or altered
///   INCOMPATIBLE  not a shared object, not for this machine, or without moec's seal
moert_status checkSharedObject(const char *path);

} // namespace moert

#endif // MOERT_LIB_CORE_SHAREDOBJECT_H
