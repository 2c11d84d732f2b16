//===- ONNXElementwiseOps.td - Element-wise ops, reductions -*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXELEMENTWISEOPS
#define MOEC_DIALECTS_ONNX_IR_ONNXELEMENTWISEOPS

include "dialects/ONNX/IR/ONNXDialect.td"
include "dialects/ONNX/IR/ONNXAttrs.td"

def ONNX_UnaryOp : ONNX_FoldableOp<"unary"> {
  let summary = "apply a scalar function to every element";
  let description = [{
    `result[i] = fn(x[i])`. The functions are ONNX's operators of the same name; `is_nan`, `is_inf*` and `not` give
    `i1`. Functions with parameters read `alpha` and `beta`, and must have exactly those they read:

    | fn | value | |
    |---|---|---|
    | `elu`, `celu` | `x > 0 ? x : alpha * (exp(x) - 1)`, `max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))` | alpha |
    | `leaky_relu`, `thresholded_relu` | `x >= 0 ? x : alpha * x`, `x > alpha ? x : 0` | alpha |
    | `swish` | `x * sigmoid(alpha * x)`; SiLU has alpha = 1, QuickGelu 1.702 | alpha |
    | `hard_sigmoid` | `max(0, min(1, alpha * x + beta))` | alpha, beta |
    | `selu` | `beta * (x > 0 ? x : alpha * (exp(x) - 1))` | alpha, beta |
    | `shrink` | `x < -alpha ? x + beta : x > alpha ? x - beta : 0` | alpha, beta |

    `gelu` is the erf form, `gelu_tanh` the tanh approximation. `round` rounds halves to even.

    ```mlir
    %0 = onnx.unary sigmoid %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %1 = onnx.unary swish %x {alpha = 1.702 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_UnaryFnAttr:$fn, ONNX_Tensor:$x, OptionalAttr<F32Attr>:$alpha, OptionalAttr<F32Attr>:$beta);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "custom<UnaryKeyword>($fn) operands attr-dict `:` functional-type(operands, results)";
}

def ONNX_BinaryOp : ONNX_FoldableOp<"binary"> {
  let summary = "apply a scalar function to pairs of elements";
  let description = [{
    `result[i] = fn(lhs[i], rhs[i])` with multidirectional broadcasting. Both operands and the result have one
    element type, except that the exponent of `pow` has its own. Integer `div` truncates; `mod` takes the sign of
    the divisor (Python's `%`), `fmod` that of the dividend. `min` and `max` of floats give NaN when an operand is
    NaN. `prelu` is `lhs < 0 ? lhs * rhs : lhs`.

    ```mlir
    %0 = onnx.binary add %x, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_BinaryFnAttr:$fn, ONNX_Tensor:$lhs, ONNX_Tensor:$rhs);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "custom<BinaryKeyword>($fn) operands attr-dict `:` functional-type(operands, results)";
}

def ONNX_CompareOp : ONNX_FoldableOp<"compare"> {
  let summary = "compare pairs of elements";
  let description = [{
    `result[i] = lhs[i] fn rhs[i]` as `i1`, with multidirectional broadcasting. A comparison with NaN is false.

    ```mlir
    %0 = onnx.compare greater_equal %x, %y : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
    ```
  }];
  let arguments = (ins ONNX_CompareFnAttr:$fn, ONNX_Tensor:$lhs, ONNX_Tensor:$rhs);
  let results = (outs ONNX_BoolTensor:$result);
  let assemblyFormat = "custom<CompareKeyword>($fn) operands attr-dict `:` functional-type(operands, results)";
}

def ONNX_ReduceOp : ONNX_FoldableOp<"reduce"> {
  let summary = "reduce over axes";
  let description = [{
    Reduces `x` over the axes in the 1-d operand `axes`; without it, or with an empty one, over all axes, or over
    none where `noop_with_empty_axes` is set (then the part of the function that is not a reduction still applies:
    `sum_square` squares). Reduced axes stay with size 1 if `keepdims`.

    | fn | value | | fn | value |
    |---|---|---|---|---|
    | `sum` | `sum x` | | `l1` | `sum abs(x)` |
    | `mean` | `sum x / n` | | `l2` | `sqrt(sum x^2)` |
    | `prod` | `prod x` | | `log_sum` | `log(sum x)` |
    | `max`, `min` | extremum; NaN wins | | `log_sum_exp` | `log(sum exp(x))`, stable |
    | `sum_square` | `sum x^2` | | | |

    ```mlir
    %0 = onnx.reduce mean %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
    ```
  }];
  let arguments = (ins ONNX_ReduceFnAttr:$fn, ONNX_Tensor:$x, Optional<ONNX_I64Tensor>:$axes, UnitAttr:$keepdims,
    UnitAttr:$noop_with_empty_axes);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "custom<ReduceKeyword>($fn) operands attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    /// The reduced axes, ascending and non-negative, if the operand (or its absence) and the rank tell them.
    std::optional<llvm::SmallVector<int64_t>> getStaticAxes();
  }];
}

def ONNX_CastOp : ONNX_FoldableOp<"cast"> {
  let summary = "convert the element type";
  let description = [{
    Converts to the element type of the result. Floats round to nearest even, become integers by truncation and
    booleans by `x != 0`. Conversions to 8-bit floats clamp to the largest finite value if `saturate`, and overflow
    to infinity or NaN otherwise.

    ```mlir
    %0 = onnx.cast %x : (tensor<?xi64>) -> tensor<?xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, DefaultValuedAttr<BoolAttr, "true">:$saturate);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_WhereOp : ONNX_FoldableOp<"where"> {
  let summary = "choose between two tensors by a third";
  let description = [{
    `result[i] = condition[i] ? x[i] : y[i]` with multidirectional broadcasting of all three.

    ```mlir
    %0 = onnx.where %c, %x, %y : (tensor<?x1xi1>, tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_BoolTensor:$condition, ONNX_Tensor:$x, ONNX_Tensor:$y);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_ClipOp : ONNX_Op<"clip", [AttrSizedOperandSegments]> {
  let summary = "clamp to bounds";
  let description = [{
    `result[i] = min(max(x[i], min), max)`; the bounds are scalars and each may be absent.

    ```mlir
    %0 = onnx.clip %x max(%limit : tensor<f32>) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$x, Optional<ONNX_Tensor>:$min, Optional<ONNX_Tensor>:$max);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $x oilist(`min` `(` $min `:` type($min) `)` | `max` `(` $max `:` type($max) `)`) attr-dict
    `:` functional-type($x, results)
  }];
}

#endif // MOEC_DIALECTS_ONNX_IR_ONNXELEMENTWISEOPS
