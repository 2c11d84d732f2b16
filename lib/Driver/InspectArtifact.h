//===- InspectArtifact.h - What is in a compiled model --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_INSPECTARTIFACT_H
#define MOEC_LIB_DRIVER_INSPECTARTIFACT_H

#include "lib/Driver/CommandLine.h"

namespace moec {

/// Whether `path` is a program or a shared object rather than a model.
bool isArtifact(llvm::StringRef path);

/// Has a compiled executable or shared object, which is code and is run, describe itself on stdout.
/// Returns an exit code, after a message on stderr if it is none of success.
int inspectArtifact(const ParsedCommandLine &commandLine);

} // namespace moec

#endif // MOEC_LIB_DRIVER_INSPECTARTIFACT_H
