//===- ONNXIndexOps.td - Gather, scatter, selection --------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXINDEXOPS
#define MOEC_DIALECTS_ONNX_IR_ONNXINDEXOPS

include "dialects/ONNX/IR/ONNXDialect.td"
include "dialects/ONNX/IR/ONNXAttrs.td"

// Indices of these ops may be negative and then count from the end of their axis.

def ONNX_GatherOp : ONNX_FoldableOp<"gather"> {
  let summary = "take slices along one axis";
  let description = [{
    `result[a…, i…, b…] = x[a…, indices[i…], b…]`: the shape of `indices` takes the place of `axis`.

    ```mlir
    %0 = onnx.gather %x, %ids {axis = 0 : i64} : (tensor<99x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_GatherElementsOp : ONNX_Op<"gather_elements"> {
  let summary = "take elements along one axis";
  let description = [{
    `result[a…, i, b…] = x[a…, indices[a…, i, b…], b…]`; the result has the shape of `indices`.

    ```mlir
    %0 = onnx.gather_elements %x, %ids {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_GatherNDOp : ONNX_Op<"gather_nd"> {
  let summary = "take slices at index tuples";
  let description = [{
    The last axis of `indices` holds tuples that address the axes of `x` after the first `batch_dims`, which both
    operands share: `result[b…, i…, r…] = x[b…, indices[b…, i…, :], r…]`.

    ```mlir
    %0 = onnx.gather_nd %w, %ids : (tensor<8x4x6xf32>, tensor<?x1xi64>) -> tensor<?x4x6xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_I64Tensor:$indices, DefaultValuedAttr<I64Attr, "0">:$batch_dims);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_ScatterElementsOp : ONNX_Op<"scatter_elements"> {
  let summary = "a copy of a tensor with elements replaced along one axis";
  let description = [{
    `result[a…, indices[a…, i, b…], b…] = updates[a…, i, b…]`, combined with what is there by `reduction`; other
    elements are those of `x`. Without a reduction, indices that occur twice leave the result undefined.

    ```mlir
    %0 = onnx.scatter_elements %x, %ids, %u {axis = 1 : i64, reduction = #onnx.reduction<add>}
        : (tensor<?x8xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_IndexTensor:$indices, ONNX_Tensor:$updates, I64Attr:$axis,
    DefaultValuedAttr<ONNX_ScatterReductionAttr, "ScatterReduction::None">:$reduction);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_ScatterNDOp : ONNX_Op<"scatter_nd"> {
  let summary = "a copy of a tensor with slices replaced at index tuples";
  let description = [{
    `result[indices[i…, :], r…] = updates[i…, r…]`, combined with what is there by `reduction`; other elements are
    those of `x`. Without a reduction, tuples that occur twice leave the result undefined.

    ```mlir
    %0 = onnx.scatter_nd %x, %ids, %u : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_I64Tensor:$indices, ONNX_Tensor:$updates,
    DefaultValuedAttr<ONNX_ScatterReductionAttr, "ScatterReduction::None">:$reduction);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_OneHotOp : ONNX_Op<"one_hot"> {
  let summary = "indicator vectors of indices";
  let description = [{
    Inserts at `axis` of the result an axis of size `depth`, with `values[1]` at the index and `values[0]`
    elsewhere; an index outside [-depth, depth) gives `values[0]` everywhere.

    ```mlir
    %0 = onnx.one_hot %ids, %depth, %values {axis = 1 : i64}
        : (tensor<?xi64>, tensor<i64>, tensor<2xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$indices, ONNX_Tensor:$depth, ONNX_Tensor:$values, I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_NonZeroOp : ONNX_Op<"nonzero"> {
  let summary = "the indices of elements that are not zero";
  let description = [{
    One column per such element, in row-major order; row i holds the index in axis i.

    ```mlir
    %0 = onnx.nonzero %x : (tensor<?x8xi1>) -> tensor<2x?xi64>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x);
  let results = (outs ONNX_I64Tensor:$result);
}

def ONNX_TopKOp : ONNX_Op<"topk"> {
  let summary = "the k largest or smallest elements along one axis";
  let description = [{
    `k` is a tensor of one element and need not be constant. Of equal elements the one with the lower index comes
    first. With `sorted` = false their order in the result is unspecified.

    ```mlir
    %v, %i = onnx.topk %x, %k {axis = 1 : i64}
        : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_I64Tensor:$k, I64Attr:$axis,
    DefaultValuedAttr<BoolAttr, "true">:$largest, DefaultValuedAttr<BoolAttr, "true">:$sorted);
  let results = (outs ONNX_Tensor:$values, ONNX_I64Tensor:$indices);
}

class ONNX_ArgOp<string mnemonic, string which> : ONNX_Op<mnemonic> {
  let summary = "the index of the " # which # " element along one axis";
  let description = "The first such element wins, or the last one with `select_last_index`.\n\n"
    "```mlir\n%0 = onnx." # mnemonic # " %x {axis = 1 : i64, keepdims} : (tensor<?x8xf32>) -> tensor<?x1xi64>\n```";
  let arguments = (ins ONNX_Tensor:$x, I64Attr:$axis, UnitAttr:$keepdims, UnitAttr:$select_last_index);
  let results = (outs ONNX_I64Tensor:$result);
}
def ONNX_ArgMaxOp : ONNX_ArgOp<"argmax", "largest">;
def ONNX_ArgMinOp : ONNX_ArgOp<"argmin", "smallest">;

def ONNX_CumSumOp : ONNX_Op<"cumsum"> {
  let summary = "running sums along one axis";
  let description = [{
    `result[i] = sum of x[j] for j <= i`, or `j < i` if `exclusive`, counted from the end if `reverse`. `axis` is a
    tensor of one element.

    ```mlir
    %0 = onnx.cumsum %x, %axis : (tensor<?x8xi32>, tensor<i64>) -> tensor<?x8xi32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_IndexTensor:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs ONNX_Tensor:$result);
}

#endif // MOEC_DIALECTS_ONNX_IR_ONNXINDEXOPS
