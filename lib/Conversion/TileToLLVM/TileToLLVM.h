//===- TileToLLVM.h - Packed values as pointers -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is left of `tile` after the emitters: values of type `!tile.packed`,
// which become pointers to their first element, and `tile.panels`.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_TILETOLLVM_TILETOLLVM_H
#define MOEC_LIB_CONVERSION_TILETOLLVM_TILETOLLVM_H

namespace mlir {
class DialectRegistry;
class LLVMTypeConverter;
class RewritePatternSet;
} // namespace mlir

namespace moec::tile {

/// Adds to `converter` the conversion of `!tile.packed` to `!llvm.ptr` and to
/// `patterns` the lowering of `tile.panels` to a memref descriptor of that
/// pointer. `patterns` keeps a reference to `converter`.
void populateTileToLLVMPatterns(mlir::LLVMTypeConverter &converter,
                                mlir::RewritePatternSet &patterns);

/// Lets `convert-to-llvm` lower the tile dialect.
void registerConvertTileToLLVMInterface(mlir::DialectRegistry &registry);

} // namespace moec::tile

#endif // MOEC_LIB_CONVERSION_TILETOLLVM_TILETOLLVM_H
