//===- ONNXMathOps.td - Products, softmax, norms -----------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXMATHOPS
#define MOEC_DIALECTS_ONNX_IR_ONNXMATHOPS

include "dialects/ONNX/IR/ONNXDialect.td"
include "dialects/ONNX/IR/ONNXAttrs.td"

def ONNX_MatMulOp : ONNX_Op<"matmul"> {
  let summary = "matrix product as NumPy's matmul";
  let description = [{
    Products of the matrices in the last two axes; the axes before them broadcast. An operand with one axis is a row
    (on the left) or a column (on the right), and its axis is missing in the result.

    ```mlir
    %0 = onnx.matmul %x, %w : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$lhs, ONNX_Tensor:$rhs);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_GemmOp : ONNX_Op<"gemm"> {
  let summary = "scaled matrix product plus a matrix";
  let description = [{
    `alpha * a' * b' + beta * c` where `a'` is `a` or, with `trans_a`, its transpose, and `b'` likewise; `c`
    broadcasts to the result and may be absent.

    ```mlir
    %0 = onnx.gemm %x, %w {trans_b} : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$a, ONNX_Tensor:$b, Optional<ONNX_Tensor>:$c,
    DefaultValuedAttr<F32Attr, "1.0f">:$alpha, DefaultValuedAttr<F32Attr, "1.0f">:$beta,
    UnitAttr:$trans_a, UnitAttr:$trans_b);
  let results = (outs ONNX_Tensor:$result);
}

def ONNX_EinsumOp : ONNX_Op<"einsum"> {
  let summary = "sum of products by index names";
  let description = [{
    Einstein summation as NumPy's: `equation` names the axes of each input; axes that the output lacks are summed
    over. `...` stands for axes that broadcast. Without `->` the output has the names that occur once, in
    alphabetical order.

    ```mlir
    %0 = onnx.einsum %x, %y {equation = "td,tec->ecd"} : (tensor<?x8xf32>, tensor<?x4x2xf32>) -> tensor<4x2x8xf32>
    ```
  }];
  let arguments = (ins Variadic<ONNX_Tensor>:$inputs, StrAttr:$equation);
  let results = (outs ONNX_Tensor:$result);
}

class ONNX_SoftmaxLikeOp<string mnemonic, string what, string formula> : ONNX_Op<mnemonic> {
  let summary = what;
  let description = formula # ", computed along `axis`.\n\n```mlir\n%0 = onnx." # mnemonic #
    " %x {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>\n```";
  let arguments = (ins ONNX_FloatTensor:$x, I64Attr:$axis);
  let results = (outs ONNX_FloatTensor:$result);
}
def ONNX_SoftmaxOp : ONNX_SoftmaxLikeOp<"softmax", "exponentials that add up to one",
  "`result = exp(x - max x) / sum exp(x - max x)`">;
def ONNX_LogSoftmaxOp : ONNX_SoftmaxLikeOp<"log_softmax", "logarithm of a softmax",
  "`result = x - max x - log(sum exp(x - max x))`">;
def ONNX_HardmaxOp : ONNX_SoftmaxLikeOp<"hardmax", "one at the first maximum, zero elsewhere",
  "`result[i] = 1` for the lowest i with the largest x[i], otherwise 0">;

def ONNX_LayerNormOp : ONNX_Op<"layer_norm", [AttrSizedResultSegments]> {
  let summary = "normalise to mean zero and variance one, scale and shift";
  let description = [{
    Over all axes from `axis` on: `y = (x - mean) / sqrt(variance + epsilon) * scale + bias`. The first part is
    computed in `stash`, then rounded to the type of `x`; scale and bias broadcast. `mean` and `inv_std_dev`, of
    type `stash`, keep the normalised axes with size 1.

    ```mlir
    %y = onnx.layer_norm %x, %scale, %bias {axis = 2 : i64, epsilon = 1.0e-5 : f32, stash = f32}
        : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$scale, Optional<ONNX_FloatTensor>:$bias, I64Attr:$axis,
    F32Attr:$epsilon, TypeAttrOf<AnyFloat>:$stash);
  let results = (outs ONNX_FloatTensor:$y, Optional<ONNX_FloatTensor>:$mean, Optional<ONNX_FloatTensor>:$inv_std_dev);
  let assemblyFormat = [{
    operands attr-dict `:` functional-type(operands, $y)
    (`mean` `(` type($mean)^ `)`)? (`inv_std_dev` `(` type($inv_std_dev)^ `)`)?
  }];
}

def ONNX_RMSNormOp : ONNX_Op<"rms_norm"> {
  let summary = "divide by the root mean square and scale";
  let description = [{
    Over all axes from `axis` on: `y = x / sqrt(mean(x^2) + epsilon) * scale`. The quotient is computed in `stash`,
    then rounded to the type of `scale`; scale broadcasts. ONNX's RMSNormalization and ONNX Runtime's
    SimplifiedLayerNormalization.

    ```mlir
    %y = onnx.rms_norm %x, %scale {axis = 2 : i64, epsilon = 1.0e-6 : f32, stash = f32}
        : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$scale, I64Attr:$axis, F32Attr:$epsilon,
    TypeAttrOf<AnyFloat>:$stash);
  let results = (outs ONNX_FloatTensor:$y, Optional<ONNX_FloatTensor>:$inv_std_dev);
}

#endif // MOEC_DIALECTS_ONNX_IR_ONNXMATHOPS
