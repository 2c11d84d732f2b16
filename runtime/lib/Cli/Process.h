// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What programs need from the system before and after all else.
#ifndef MOERT_LIB_CLI_PROCESS_H
#define MOERT_LIB_CLI_PROCESS_H

#include "moert/moert.h"

namespace moert::cli {

/// For the start of a program. A standard descriptor that its parent closed is opened so that
/// reading and writing fail: else the next file opened would have its number, and messages would go
/// into that file. A limit on the size of files becomes an error of the write instead of a signal.
void prepareProcess();

/// Writes what stdout still holds; an error if that or anything before was not written.
moert_status flushOutput();

} // namespace moert::cli

#endif // MOERT_LIB_CLI_PROCESS_H
