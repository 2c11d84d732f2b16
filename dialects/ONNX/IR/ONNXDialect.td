//===- ONNXDialect.td - Dialect and op base class ----------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXDIALECT
#define MOEC_DIALECTS_ONNX_IR_ONNXDIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/ONNX/IR/ONNXInterfaces.td"

def ONNX_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::moec::onnx";
  let summary = "What an ONNX file says, opset differences resolved";
  let description = [{
    One op per importable operator of ONNX and of `com.microsoft`, with the semantics of its newest version: the
    importer turns older versions into it (axes that were an attribute become a constant operand, a missing default
    becomes explicit, a negative axis becomes non-negative). Operators that differ in a scalar function only are one
    op with an enum: `onnx.unary`, `onnx.binary`, `onnx.compare`, `onnx.reduce`. Variadic sums and extrema are
    chains of `onnx.binary`, `Identity` and inference-time `Dropout` are nothing.

    ```mlir
    %0 = onnx.unary sigmoid %x : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %1 = onnx.binary mul %x, %0 : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
    %2 = onnx.softmax %1 {axis = 1 : i64} : (tensor<?x64xf32>) -> tensor<?x64xf32>
    ```

    Values are builtin tensors. Signed integers are signless (`i64`), unsigned ones `ui8` …, booleans `i1`; floating
    types are those of MLIR, 8-bit and 4-bit ones among them. Sizes are `?` where they differ between runs; a file's
    names for them are kept on the arguments of the function:

    ```mlir
    func.func @main(%ids: tensor<?x?xi64> {onnx.name = "input_ids", onnx.dim_names = ["batch", "sequence"]})
    ```

    Equal names mean equal sizes; an empty name means nothing. Every op infers its result types (the
    `ShapeInference` interface), which serves as its verifier, too.
  }];
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let useDefaultAttributePrinterParser = 1;
}

class ONNX_Op<string mnemonic, list<Trait> traits = []>
    : Op<ONNX_Dialect, mnemonic,
         !listconcat([Pure, DeclareOpInterfaceMethods<ONNX_ShapeInference>], traits)> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// An op whose results are computed at compile time when its operands are small integer constants.
class ONNX_FoldableOp<string mnemonic, list<Trait> traits = []> : ONNX_Op<mnemonic, traits> {
  let hasFolder = 1;
}

// Operand kinds.
def ONNX_Tensor : AnyTypeOf<[AnyTensor], "a tensor">;
def ONNX_FloatTensor : TensorOf<[AnyFloat]>;
def ONNX_BoolTensor : TensorOf<[I1]>;
def ONNX_I64Tensor : TensorOf<[I64]>;
def ONNX_IndexTensor : TensorOf<[I32, I64]>;

#endif // MOEC_DIALECTS_ONNX_IR_ONNXDIALECT
