//===- ONNXShapeOps.td - Constants, shapes, data movement --*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXSHAPEOPS
#define MOEC_DIALECTS_ONNX_IR_ONNXSHAPEOPS

include "dialects/ONNX/IR/ONNXDialect.td"
include "dialects/ONNX/IR/ONNXAttrs.td"

def ONNX_ConstantOp : ONNX_Op<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a small constant";
  let description = [{
    Scalars, integer tensors and floating tensors of at most 1,024 elements; larger ones are weights of the `rt`
    dialect.

    ```mlir
    %0 = onnx.constant dense<[0, -1]> : tensor<2xi64>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, value.getType(), value);
  }]>];
}

def ONNX_ConstantOfShapeOp : ONNX_FoldableOp<"constant_of_shape"> {
  let summary = "fill a shape with one value";
  let description = [{
    Every element is the single element of `value`, the sizes are those in the 1-d operand.

    ```mlir
    %0 = onnx.constant_of_shape %shape {value = dense<0.0> : tensor<1xf32>} : (tensor<2xi64>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_I64Tensor:$shape, ElementsAttr:$value);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_ShapeOp : ONNX_FoldableOp<"shape"> {
  let summary = "the sizes of a tensor";
  let description = [{
    Sizes of the axes from `start` up to `end` (excluded; the rank if absent). Both are clamped to the rank, and
    negative ones count from the end.

    ```mlir
    %0 = onnx.shape %x {start = 1 : i64} : (tensor<?x8xf32>) -> tensor<1xi64>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, DefaultValuedAttr<I64Attr, "0">:$start, OptionalAttr<I64Attr>:$end);
  let results = (outs ONNX_I64Tensor:$result);
}

def ONNX_SizeOp : ONNX_FoldableOp<"size"> {
  let summary = "the number of elements of a tensor";
  let description = [{
    A scalar, the product of all sizes.

    ```mlir
    %0 = onnx.size %x : (tensor<?x8xf32>) -> tensor<i64>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x);
  let results = (outs ONNX_I64Tensor:$result);
}

def ONNX_ReshapeOp : ONNX_FoldableOp<"reshape"> {
  let summary = "the same elements in another shape";
  let description = [{
    One entry of `shape` may be -1: it becomes what is left of the elements. A 0 copies the size of the same axis of
    `x`, unless `allowzero`, where it is a size of zero.

    ```mlir
    %0 = onnx.reshape %x, %shape : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_I64Tensor:$shape, UnitAttr:$allowzero);
  let results = (outs ONNX_Tensor:$result);
  let hasCanonicalizer = 1;
}

def ONNX_FlattenOp : ONNX_FoldableOp<"flatten"> {
  let summary = "reshape to a matrix";
  let description = [{
    The axes before `axis` become the first dimension of the result, the others its second.

    ```mlir
    %0 = onnx.flatten %x {axis = 2 : i64} : (tensor<?x?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_TransposeOp : ONNX_FoldableOp<"transpose"> {
  let summary = "permute the axes";
  let description = [{
    Axis i of the result is axis `perm[i]` of `x`.

    ```mlir
    %0 = onnx.transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<?x4x8xf32>) -> tensor<?x8x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, DenseI64ArrayAttr:$perm);
  let results = (outs ONNX_Tensor:$result);
  let hasCanonicalizer = 1;
}

def ONNX_SqueezeOp : ONNX_FoldableOp<"squeeze"> {
  let summary = "remove axes of size 1";
  let description = [{
    Removes the axes in the 1-d operand, or, without it, every axis of size 1.

    ```mlir
    %0 = onnx.squeeze %x, %axes : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, Optional<ONNX_I64Tensor>:$axes);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_UnsqueezeOp : ONNX_FoldableOp<"unsqueeze"> {
  let summary = "insert axes of size 1";
  let description = [{
    The 1-d operand `axes` names axes of the result, which has as many more than `x`.

    ```mlir
    %0 = onnx.unsqueeze %x, %axes : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_I64Tensor:$axes);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_ConcatOp : ONNX_FoldableOp<"concat"> {
  let summary = "put tensors after each other";
  let description = [{
    The inputs have one rank and equal sizes but for `axis`, along which they follow each other.

    ```mlir
    %0 = onnx.concat %x, %y {axis = 0 : i64} : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Variadic<ONNX_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_SplitOp : ONNX_FoldableOp<"split"> {
  let summary = "cut a tensor along one axis";
  let description = [{
    Gives consecutive pieces of `x` along `axis`, of the sizes in `split`; without it, of equal size, the last one
    smaller where the size is not divisible.

    ```mlir
    %0:2 = onnx.split %x {axis = 1 : i64} : (tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>)
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, Optional<ONNX_I64Tensor>:$split, I64Attr:$axis);
  let results = (outs Variadic<ONNX_Tensor>:$results);
}

def ONNX_SliceOp : ONNX_FoldableOp<"slice"> {
  let summary = "take elements at regular distances";
  let description = [{
    Along `axes[i]` takes indices `starts[i]`, `starts[i] + steps[i]`, … before `ends[i]`. Negative starts and ends
    count from the end of the axis; both are then clamped to it. Steps default to 1 and may be negative.

    ```mlir
    %0 = onnx.slice %x, %starts, %ends, %axes
        : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_IndexTensor:$starts, ONNX_IndexTensor:$ends,
    ONNX_IndexTensor:$axes, Optional<ONNX_IndexTensor>:$steps);
  let results = (outs ONNX_Tensor:$result);
  let hasVerifier = 1;
}

def ONNX_ExpandOp : ONNX_FoldableOp<"expand"> {
  let summary = "broadcast to a shape";
  let description = [{
    Broadcasts `x` and `shape` in both directions: a 1 in `shape` keeps the size of `x`.

    ```mlir
    %0 = onnx.expand %x, %shape : (tensor<1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_I64Tensor:$shape);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_TileOp : ONNX_FoldableOp<"tile"> {
  let summary = "repeat a tensor along its axes";
  let description = [{
    `result[i] = x[i mod sizes]`, axis j being `repeats[j]` times as long.

    ```mlir
    %0 = onnx.tile %x, %repeats : (tensor<?x1x8xf32>, tensor<3xi64>) -> tensor<?x4x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_I64Tensor:$repeats);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_PadOp : ONNX_Op<"pad", [AttrSizedOperandSegments]> {
  let summary = "add or remove borders";
  let description = [{
    `pads` holds, for the axes in `axes` (all if absent), first the elements before and then those after; negative
    ones remove elements. New elements are `value` (0 if absent) or, by `mode`, taken from `x`.

    ```mlir
    %0 = onnx.pad %x, %pads : (tensor<?x8xf32>, tensor<4xi64>) -> tensor<?x10xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, ONNX_I64Tensor:$pads, Optional<ONNX_Tensor>:$value,
    Optional<ONNX_IndexTensor>:$axes, DefaultValuedAttr<ONNX_PadModeAttr, "PadMode::Constant">:$mode);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $pads oilist(`value` `(` $value `:` type($value) `)` | `axes` `(` $axes `:` type($axes) `)`) attr-dict
    `:` `(` type($x) `,` type($pads) `)` `->` type($result)
  }];
}

def ONNX_RangeOp : ONNX_FoldableOp<"range"> {
  let summary = "numbers at regular distances";
  let description = [{
    `result[i] = start + i * delta` for as many i as stay before `limit`: `max(0, ceil((limit - start) / delta))`.

    ```mlir
    %0 = onnx.range %start, %limit, %delta : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$start, ONNX_Tensor:$limit, ONNX_Tensor:$delta);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_TriluOp : ONNX_Op<"trilu"> {
  let summary = "keep one triangle of matrices";
  let description = [{
    Keeps the elements with `column - row >= k` (`upper`) or `<= k`, and sets the others to zero. `k` is 0 if
    absent.

    ```mlir
    %0 = onnx.trilu %x {upper = true} : (tensor<?x4x4xf32>) -> tensor<?x4x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, Optional<ONNX_I64Tensor>:$k, BoolAttr:$upper);
  let results = (outs ONNX_Tensor:$result);
}

#endif // MOEC_DIALECTS_ONNX_IR_ONNXSHAPEOPS
