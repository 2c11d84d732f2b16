// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handles of the C interface in std::unique_ptr.
#ifndef MOERT_LIB_CLI_RELEASEHANDLE_H
#define MOERT_LIB_CLI_RELEASEHANDLE_H

#include "moert/moert.h"

namespace moert::cli {

/// A deleter: gives a handle back to the runtime it came from.
struct ReleaseHandle {
  const moert_api *api = moert_get_api(MOERT_API_VERSION);
  void operator()(moert_runtime *handle) const { api->runtime_release(handle); }
  void operator()(moert_artifact *handle) const { api->artifact_release(handle); }
  void operator()(moert_weights *handle) const { api->weights_release(handle); }
  void operator()(moert_session *handle) const { api->session_release(handle); }
  void operator()(moert_request *handle) const { api->request_release(handle); }
};

} // namespace moert::cli

#endif // MOERT_LIB_CLI_RELEASEHANDLE_H
