//===- LoadedModel.h - A compiled model, ready to run -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_LOADEDMODEL_H
#define MOEC_LIB_DRIVER_LOADEDMODEL_H

#include "lib/Driver/InMemory.h"

#include "lib/Cli/ReleaseHandle.h"
#include "moert/moert.h"

#include <memory>

namespace moec {

/// What a runtime's create function leaves in its out parameter, owned.
template <typename T>
class Handle {
public:
  template <typename CreateT>
  moert_status create(CreateT make) {
    T *made = nullptr;
    moert_status status = make(&made);
    handle.reset(made);
    return status;
  }
  T *get() const { return handle.get(); }

private:
  std::unique_ptr<T, moert::cli::ReleaseHandle> handle;
};

/// A model in this process with a session of one thread.
struct LoadedModel {
  /// `model` must outlive this object. `device`: empty for code of the processor.
  moert_status load(const InMemoryModel &model, const std::string &device = {});

  const moert_api &api = *moert_get_api(MOERT_API_VERSION);
  Handle<moert_runtime> runtime;
  Handle<moert_artifact> artifact;
  Handle<moert_weights> weights;
  Handle<moert_session> session;
};

} // namespace moec

#endif // MOEC_LIB_DRIVER_LOADEDMODEL_H
