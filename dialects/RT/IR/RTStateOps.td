//===- RTStateOps.td - What a session keeps between runs ---*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A state is declared by a symbol and travels as a value, so that functions
// which are called for several layers receive theirs. On tensors a state is
// what came before this run (`rt.past`) and that with rows added
// (`rt.append`); on memrefs it is a buffer, a length and a capacity.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_RTSTATEOPS
#define MOEC_DIALECTS_RT_IR_RTSTATEOPS

include "dialects/RT/IR/RTDialect.td"
include "dialects/RT/IR/RTOps.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def RT_StateType : TypeDef<RT_Dialect, "State"> {
  let mnemonic = "state";
  let summary = "one of a session's states";
  let description = [{
    A number in the artifact's table of states. The type tells what is needed to address the buffer: the tensor, the
    axis it grows along, and the rows that its capacity is rounded up to a multiple of.

    ```mlir
    !rt.state<tensor<?x8x?x64xf32>, axis = 2>
    ```
  }];
  let parameters = (ins "::mlir::RankedTensorType":$type, "int64_t":$axis,
      DefaultValuedParameter<"int64_t", "1">:$granule);
  let assemblyFormat = "`<` $type `,` `axis` `=` $axis (`,` `granule` `=` $granule^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// How many sizes an op on this state is given: those of dynamic dimensions other than the axis.
    unsigned getNumSizes() { return static_cast<unsigned>(getType().getNumDynamicDims()) - 1; }
    /// Sizes of all dimensions, `sizes` being the dynamic ones in order and `rows` that of the axis.
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedSizes(::mlir::ValueRange sizes, ::mlir::OpFoldResult rows);
    /// Type of a view of a tensor with these rows in the buffer.
    ::mlir::MemRefType getViewType(::mlir::RankedTensorType tensor, bool fromStart = true);
  }];
}

def RT_StateOp : RT_SymbolOp<"state"> {
  let summary = "declare a buffer that the session keeps between runs";
  let description = [{
    The buffer has the elements of a tensor of `type` with a session's capacity, rounded up to a multiple of `granule`
    rows, in place of the dynamic size at `axis`; other dynamic sizes are named by `dimNames` and given by the session.
    `capacity` is the default. How elements are arranged in the buffer is the compiled code's own affair.

    ```mlir
    rt.state @keys0 : tensor<?x8x?x64xf32>
        {axis = 2, capacity = 4096, granule = 16, dimNames = ["batch", "", "past", ""]}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, I64Attr:$axis,
      I64Attr:$capacity, DefaultValuedAttr<I64Attr, "1">:$granule,
      OptionalAttr<StrArrayAttr>:$dimNames);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
}

def RT_StateHandleOp
    : RT_Op<"state_handle", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a state as a value";
  let description = [{
    ```mlir
    %keys = rt.state_handle @keys0 : !rt.state<tensor<?x8x?x64xf32>, axis = 2>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state);
  let results = (outs RT_StateType:$result);
  let assemblyFormat = "$state attr-dict `:` qualified(type($result))";
}

def RT_StateLengthOp : RT_Op<"state_length", [MemoryEffects<[MemRead]>]> {
  let summary = "rows of a state";
  let description = [{
    Rows along the axis now: those appended earlier in this run count.

    ```mlir
    %length = rt.state_length %keys : !rt.state<tensor<?x8x?x64xf32>, axis = 2>
    ```
  }];
  let arguments = (ins RT_StateType:$state);
  let results = (outs Index:$length);
  let assemblyFormat = "$state attr-dict `:` qualified(type($state))";
}

//===----------------------------------------------------------------------===//
// On tensors
//===----------------------------------------------------------------------===//

def RT_PastOp
    : RT_Op<"past", [Pure, DeclareOpInterfaceMethods<
                               ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "the first rows of a state";
  let description = [{
    `length` rows, which must have been there before this run: they do not change in it, so the op may stand anywhere.
    `sizes` are the dynamic sizes other than the one at the axis. Becomes a view of the buffer.

    ```mlir
    %past = rt.past %keys[%length](%batch)
        : !rt.state<tensor<?x8x?x64xf32>, axis = 2> -> tensor<?x8x?x64xf32>
    ```
  }];
  let arguments = (ins RT_StateType:$state, Index:$length, Variadic<Index>:$sizes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$state `[` $length `]` `` `(` $sizes `)` attr-dict `:` "
                       "qualified(type($state)) `->` type($result)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def RT_AppendOp : RT_Op<"append", [MemoryEffects<[MemWrite]>,
                                   DeclareOpInterfaceMethods<
                                       ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "a state with rows added behind its first ones";
  let description = [{
    The `length` rows that the state has and behind them those of `rows`, which it keeps for later runs; `length` must
    be the state's. Only the new rows are copied: the result is a view of the buffer, which must not be written. Ends
    the run if the capacity does not suffice, or if other sizes of `rows` are not the state's.

    ```mlir
    %present = rt.append %rows to %keys[%length](%batch)
        : tensor<?x8x?x64xf32> to !rt.state<tensor<?x8x?x64xf32>, axis = 2> -> tensor<?x8x?x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$rows, RT_StateType:$state, Index:$length,
      Variadic<Index>:$sizes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $rows `to` $state `[` $length `]` `` `(` $sizes `)` attr-dict `:` type($rows) `to` qualified(type($state)) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// On memrefs
//===----------------------------------------------------------------------===//

def RT_GetStateOp : RT_Op<"get_state", [MemoryEffects<[MemRead]>]> {
  let summary = "base, length and capacity of a state";
  let description = [{
    `base` is the whole buffer as one dimension. `sizes` are the dynamic sizes of the state's type other than the one
    at its axis. `length` and `capacity` count rows along the axis; rows appended earlier in this run are included.

    ```mlir
    %base, %length, %capacity = rt.get_state %keys(%batch)
        : !rt.state<tensor<?x8x?x64xf32>, axis = 2> -> memref<?xf32>
    ```
  }];
  let arguments = (ins RT_StateType:$state, Variadic<Index>:$sizes);
  let results = (outs MemRefRankOf<[AnyType], [1]>:$base, Index:$length, Index:$capacity);
  let assemblyFormat =
      "$state `(` $sizes `)` attr-dict `:` qualified(type($state)) `->` type($base)";
  let hasVerifier = 1;
}

def RT_AppendStateOp : RT_Op<"append_state", [MemoryEffects<[MemWrite]>]> {
  let summary = "make a state longer";
  let description = [{
    Adds `rows` to the length, which this run then writes; ends the run if the capacity does not suffice. The base does
    not move.

    ```mlir
    rt.append_state %keys, %rows : !rt.state<tensor<?x8x?x64xf32>, axis = 2>
    ```
  }];
  let arguments = (ins RT_StateType:$state, Index:$rows);
  let assemblyFormat = "$state `,` $rows attr-dict `:` qualified(type($state))";
}

#endif // MOEC_DIALECTS_RT_IR_RTSTATEOPS
