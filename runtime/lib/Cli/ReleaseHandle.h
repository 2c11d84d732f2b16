// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handles of the C interface in std::unique_ptr.
#ifndef MOERT_LIB_CLI_RELEASEHANDLE_H
#define MOERT_LIB_CLI_RELEASEHANDLE_H

#include "moert/moert.h"

#include <memory>

namespace moert::cli {

/// A deleter: gives a handle back to the runtime it came from.
struct ReleaseHandle {
  const moert_api *api = moert_get_api(MOERT_API_VERSION);
  void operator()(moert_runtime *handle) const { api->runtime_release(handle); }
  void operator()(moert_artifact *handle) const { api->artifact_release(handle); }
  void operator()(moert_weights *handle) const { api->weights_release(handle); }
  void operator()(moert_group *handle) const { api->group_release(handle); }
  void operator()(moert_session *handle) const { api->session_release(handle); }
  void operator()(moert_request *handle) const { api->request_release(handle); }
};

template <typename T>
using Handle = std::unique_ptr<T, ReleaseHandle>;

/// Moves a new handle into its owner when there is one. By reference, as the call that makes the
/// handle may stand among the arguments, which are evaluated in any order.
template <typename T>
moert_status keep(const moert_status &status, T *&made, Handle<T> &handle) {
  handle.reset(made);
  return status;
}

} // namespace moert::cli

#endif // MOERT_LIB_CLI_RELEASEHANDLE_H
