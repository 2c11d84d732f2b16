//===- RTInterfaces.td - Interface of weight expressions ---*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_RTINTERFACES
#define MOEC_DIALECTS_RT_IR_RTINTERFACES

include "mlir/IR/OpBase.td"

def RT_WeightExprInterface : AttrInterface<"WeightExprInterface"> {
  let cppNamespace = "::moec::rt";
  let description = [{
    An expression whose value is a constant tensor, evaluated when an artifact's weights are written. Implemented by
    `#rt.file` and the operations on expressions, and by dense constants.
  }];
  let methods = [
    InterfaceMethod<[{
      Static type of the value; of a packed expression, that of the values before packing. Null for a constant that
      is not a ranked tensor.
    }], "::mlir::RankedTensorType", "getExprType">,
    InterfaceMethod<"The expressions this one is made of.",
      "::llvm::SmallVector<::mlir::Attribute>", "getSources", (ins), [{}], [{ return {}; }]>
  ];
}

#endif // MOEC_DIALECTS_RT_IR_RTINTERFACES
