//===- OpenBelow.h - Opens a file below a folder only -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_OPENBELOW_H
#define MOEC_IMPORT_OPENBELOW_H

#include <string>

namespace moec {

/// How openBelow asks the kernel.
enum class OpenMethod {
  Best,          ///< openat2 where the kernel has and permits it, else component by component.
  EachComponent, ///< As on kernels before 5.6.
};

/// Opens the file `relative`, a path without "..", below the folder `root` for reading. No symbolic
/// link below `root` is followed, whatever happens to the folders meanwhile, and a named pipe does
/// not block. Returns a descriptor for the caller to close, or -1 with errno set.
int openBelow(const std::string &root, const std::string &relative,
              OpenMethod method = OpenMethod::Best);

} // namespace moec

#endif // MOEC_IMPORT_OPENBELOW_H
