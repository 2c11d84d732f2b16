//===- RTOps.td - Weights, kernels, outputs, checks --------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_RTOPS
#define MOEC_DIALECTS_RT_IR_RTOPS

include "dialects/RT/IR/RTDialect.td"
include "dialects/RT/IR/RTInterfaces.td"

// Symbols of this dialect never leave their module, so one that nothing uses may be dropped.
class RT_SymbolOp<string mnemonic, list<Trait> traits = []>
    : RT_Op<mnemonic, !listconcat([Symbol, HasParent<"::mlir::ModuleOp">], traits)> {
  let extraClassDeclaration = [{
    ::mlir::SymbolTable::Visibility getVisibility() { return ::mlir::SymbolTable::Visibility::Private; }
    bool isPrivate() { return true; }
    bool isPublic() { return false; }
  }];
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

def RT_WeightOp : RT_SymbolOp<"weight", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "declare a weight: a constant tensor given by an expression";
  let description = [{
    `type` is the tensor type of `value`, or, when `value` is a `#rt.pack`, an opaque type that only the consumers of
    packed weights interpret. The bytes never enter the module or the object file.

    `exchange` says that no rank reads slabs of others: they belong, in order and equally many each, to the owners of
    that exchange. It changes no result; a process keeps the others out of its memory.

    ```mlir
    rt.weight @w : tensor<8x64x192xf32> = #rt.transpose<#rt.file<"w.bin", 0, tensor<8x192x64xf32>>, [0, 2, 1]>
    rt.weight @p : !tile.packed<8x192x64xf32> = #rt.pack<#rt.file<"w.bin", 0, tensor<8x192x64xf32>>, 1> {exchange = @experts}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, RT_WeightExprInterface:$value,
                       OptionalAttr<FlatSymbolRefAttr>:$exchange);
  let assemblyFormat = "$sym_name `:` $type `=` $value attr-dict";
  let hasVerifier = 1;
}

def RT_GetWeightOp : RT_Op<"get_weight", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a weight as a value";
  let description = [{
    The result has the type of the `rt.weight`; for a tensor weight it may also be the memref of the same shape and
    element type with the identity layout, which must not be written.

    ```mlir
    %w = rt.get_weight @w : tensor<8x64x192xf32>
    %m = rt.get_weight @w : memref<8x64x192xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def RT_KernelOp : RT_SymbolOp<"kernel", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a kernel as one function per instruction-set level";
  let description = [{
    Names the clones of a kernel, which are `rt.kernel` functions of one type. A level without its own clone runs the
    nearest lower one; at least one level is given.

    ```mlir
    rt.kernel @k {v2 = @k_v2, avx2 = @k_avx2, avx512 = @k_avx512}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<FlatSymbolRefAttr>:$v2,
                       OptionalAttr<FlatSymbolRefAttr>:$avx2, OptionalAttr<FlatSymbolRefAttr>:$avx512);
  let assemblyFormat = "$sym_name attr-dict";
}

def RT_LaunchOp : RT_Op<"launch", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "run a kernel over units [0, n)";
  let description = [{
    Cuts [0, n) into ranges, calls the kernel once per range, on any threads, and returns when all are done. `n` must
    depend on shapes only, and units must not depend on each other. `kernel` names a `rt.kernel` function, used at
    every level, or an `rt.kernel` op. Arguments are passed by value, memrefs as references. A range has at most
    `grain` units (at least 1): given where units differ in cost by data, as experts do, or where the neighbours of so
    many share operands that a cache holds.

    ```mlir
    rt.launch @k units(%n) (%x, %y) : memref<?x64xf32>, memref<?x64xf32>
    rt.launch @p units(%n) grain(%g) (%x, %y) : memref<?x64xf32>, memref<?x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Index:$units, Optional<Index>:$grain, Variadic<AnyType>:$args);
  let assemblyFormat = "$kernel `units` `(` $units `)` (`grain` `(` $grain^ `)`)? `(` $args `)` attr-dict (`:` type($args)^)?";
}

def RT_DeviceLaunchOp : RT_Op<"device_launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "run a kernel on the device";
  let description = [{
    Enqueues `kernel`, a kernel of a `gpu.module` of this module, on the stream of the run, behind what was enqueued
    before it, and returns at once. The sizes of the grid and of its blocks, and the bytes of dynamic shared memory of a
    block, are computed on the host, from shapes; a grid with a size of 0 launches nothing. Arguments are passed by
    value; a memref is the address of its first element, and has one element: kernels receive sizes and strides that
    they need as `index` arguments, each once.

    ```mlir
    rt.device_launch @device::@map_rows grid(%blocks, %c1) block(%c32, %c8) shared(%c0)
        (%x, %rows, %y) : memref<f32>, index, memref<f32>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Index:$gridX, Index:$gridY, Index:$blockX, Index:$blockY,
    Index:$sharedBytes, Variadic<AnyType>:$args);
  let assemblyFormat = [{
    $kernel `grid` `(` $gridX `,` $gridY `)` `block` `(` $blockX `,` $blockY `)` `shared` `(` $sharedBytes `)`
    `(` $args `)` attr-dict (`:` type($args)^)?
  }];
}

def RT_DeviceCounterOp : RT_Op<"device_counter", [Pure]> {
  let summary = "a number of the run in memory of the device";
  let description = [{
    The same 4 bytes throughout a run, which no other run uses at the same time. They are 0 whenever no kernel runs:
    kernels of a run come one after the other, and each that counts with them leaves 0.

    ```mlir
    %counter = rt.device_counter : memref<i32>
    ```
  }];
  let results = (outs MemRefRankOf<[I32], [0]>:$counter);
  let assemblyFormat = "attr-dict `:` type($counter)";
  let builders = [OpBuilder<(ins), [{
    build($_builder, $_state, ::mlir::MemRefType::get({}, $_builder.getI32Type()));
  }]>];
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

def RT_OutputOp : RT_Op<"output", [MemoryEffects<[MemWrite]>]> {
  let summary = "memory of an output of the entry";
  let description = [{
    The memory that output number `index` is to be written to: the caller's, or the request's. `sizes` are the dynamic
    sizes of the result type in order. Executed once per output and run, in the body of a `rt.entry` function.

    ```mlir
    %y = rt.output 0(%rows) : memref<?x64xf32>
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$index, Variadic<Index>:$sizes);
  let results = (outs AnyStridedMemRef:$result);
  let assemblyFormat = "$index `(` $sizes `)` attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def RT_Failure : I32EnumAttr<"Failure", "why a run ends early; values are moert_code's", [
  I32EnumAttrCase<"InvalidArgument", 1, "invalid_argument">,
  I32EnumAttrCase<"ResourceExhausted", 8, "resource_exhausted">,
  I32EnumAttrCase<"Unsupported", 9, "unsupported">]> {
  let cppNamespace = "::moec::rt";
}

def RT_CheckOp : RT_Op<"check", [MemoryEffects<[MemWrite]>]> {
  let summary = "end the run unless a condition holds";
  let description = [{
    For host code only. `message` says what is wrong and what to do, and names the node of the model.

    ```mlir
    rt.check %ok, invalid_argument, "Reshape '/layers.0/Reshape': 3 x ? elements do not fit [-1, 64]"
    ```
  }];
  let arguments = (ins I1:$condition, RT_Failure:$failure, StrAttr:$message);
  let assemblyFormat = "$condition `,` $failure `,` $message attr-dict";
}

def RT_FailedCheckOp : RT_Op<"failed_check", [Pure]> {
  let summary = "where kernels of a device note a check that failed";
  let description = [{
    One number in memory of the device, the same wherever the op stands, 0 when a run begins. A kernel that finds a check
    violated writes that check's `rt.check_number` there if it still holds 0. The runtime looks at it when the run is over,
    so host code waits for no check.

    ```mlir
    %failed = rt.failed_check : memref<i32>
    ```
  }];
  let results = (outs MemRefRankOf<[I32], [0]>:$number);
  let assemblyFormat = "attr-dict `:` type($number)";
}

def RT_CheckNumberOp : RT_Op<"check_number", [Pure]> {
  let summary = "the number, at least 1, that stands for a check's outcome and message";
  let description = [{
    As of `rt.check`, for `rt.failed_check`. Checks of the same outcome and message have one number.

    ```mlir
    %number = rt.check_number invalid_argument, "Gather '/embed': an index is out of range" : i32
    ```
  }];
  let arguments = (ins RT_Failure:$failure, StrAttr:$message);
  let results = (outs I32:$number);
  let assemblyFormat = "$failure `,` $message attr-dict `:` type($number)";
}

#endif // MOEC_DIALECTS_RT_IR_RTOPS
