// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names from a model on a terminal.
#ifndef MOERT_LIB_CLI_PRINTABLE_H
#define MOERT_LIB_CLI_PRINTABLE_H

#include <string>

namespace moert::cli {

/// `text` with control characters, characters that are invisible or turn the direction of writing,
/// and bytes that are no UTF-8 as escapes, cut after about `maxBytes` bytes.
std::string printable(const std::string &text, size_t maxBytes = 200);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_PRINTABLE_H
