//===- InitAll.h - Registration of dialects and passes ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What tools and embedders register before they parse a module.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_INITALL_H
#define MOEC_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace moec {

/// Adds to `registry` moec's dialects, the upstream dialects that its pipelines
/// use, and the interfaces between them.
void registerDialects(mlir::DialectRegistry &registry);

/// Makes moec's passes and pipelines known by name to textual pipelines. Safe to
/// call more than once.
void registerPasses();

} // namespace moec

#endif // MOEC_INITALL_H
