// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds transports, which are shared objects beside the library (moert/transport.h).
#ifndef MOERT_LIB_COMM_TRANSPORTPLUGIN_H
#define MOERT_LIB_COMM_TRANSPORTPLUGIN_H

#include "moert/transport.h"

namespace moert {

/// Loads transport `name` and gives its table, which stays. Looks for libmoert_NAME.so in the
/// folders of MOERT_PLUGIN_PATH, which colons separate; beside the library or the program that it
/// is part of; and where the dynamic loader looks.
///   INVALID_ARGUMENT  no name of a transport
///   UNSUPPORTED       it is not here, or something that it needs is not; the message says what
///   INCOMPATIBLE      it is not a transport, or for another version of this library
moert_status loadTransport(const char *name, const moert_transport_api *&api);

} // namespace moert

#endif // MOERT_LIB_COMM_TRANSPORTPLUGIN_H
