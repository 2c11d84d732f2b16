//===- ONNXAttrs.td - Functions and modes ------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXATTRS
#define MOEC_DIALECTS_ONNX_IR_ONNXATTRS

include "mlir/IR/EnumAttr.td"
include "dialects/ONNX/IR/ONNXDialect.td"

class ONNX_Enum<string name, string mnemonic, string description, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, description, cases> {
  let cppNamespace = "::moec::onnx";
  let genSpecializedAttr = 0;
  string attrMnemonic = mnemonic;
}
class ONNX_EnumAttr<ONNX_Enum enum> : EnumAttr<ONNX_Dialect, enum, enum.attrMnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def ONNX_UnaryFn : ONNX_Enum<"UnaryFn", "unary_fn", "scalar function of one argument", [
  I32EnumAttrCase<"Abs", 0, "abs">,
  I32EnumAttrCase<"Acos", 1, "acos">,
  I32EnumAttrCase<"Acosh", 2, "acosh">,
  I32EnumAttrCase<"Asin", 3, "asin">,
  I32EnumAttrCase<"Asinh", 4, "asinh">,
  I32EnumAttrCase<"Atan", 5, "atan">,
  I32EnumAttrCase<"Atanh", 6, "atanh">,
  I32EnumAttrCase<"BitwiseNot", 7, "bitwise_not">,
  I32EnumAttrCase<"Ceil", 8, "ceil">,
  I32EnumAttrCase<"Celu", 9, "celu">,
  I32EnumAttrCase<"Cos", 10, "cos">,
  I32EnumAttrCase<"Cosh", 11, "cosh">,
  I32EnumAttrCase<"Elu", 12, "elu">,
  I32EnumAttrCase<"Erf", 13, "erf">,
  I32EnumAttrCase<"Exp", 14, "exp">,
  I32EnumAttrCase<"Floor", 15, "floor">,
  I32EnumAttrCase<"Gelu", 16, "gelu">,
  I32EnumAttrCase<"GeluTanh", 17, "gelu_tanh">,
  I32EnumAttrCase<"HardSigmoid", 18, "hard_sigmoid">,
  I32EnumAttrCase<"HardSwish", 19, "hard_swish">,
  I32EnumAttrCase<"IsInf", 20, "is_inf">,
  I32EnumAttrCase<"IsInfNegative", 21, "is_inf_negative">,
  I32EnumAttrCase<"IsInfPositive", 22, "is_inf_positive">,
  I32EnumAttrCase<"IsNan", 23, "is_nan">,
  I32EnumAttrCase<"LeakyRelu", 24, "leaky_relu">,
  I32EnumAttrCase<"Log", 25, "log">,
  I32EnumAttrCase<"Mish", 26, "mish">,
  I32EnumAttrCase<"Neg", 27, "neg">,
  I32EnumAttrCase<"Not", 28, "not">,
  I32EnumAttrCase<"Reciprocal", 29, "reciprocal">,
  I32EnumAttrCase<"Relu", 30, "relu">,
  I32EnumAttrCase<"Round", 31, "round">,
  I32EnumAttrCase<"Selu", 32, "selu">,
  I32EnumAttrCase<"Shrink", 33, "shrink">,
  I32EnumAttrCase<"Sigmoid", 34, "sigmoid">,
  I32EnumAttrCase<"Sign", 35, "sign">,
  I32EnumAttrCase<"Sin", 36, "sin">,
  I32EnumAttrCase<"Sinh", 37, "sinh">,
  I32EnumAttrCase<"Softplus", 38, "softplus">,
  I32EnumAttrCase<"Softsign", 39, "softsign">,
  I32EnumAttrCase<"Sqrt", 40, "sqrt">,
  I32EnumAttrCase<"Swish", 41, "swish">,
  I32EnumAttrCase<"Tan", 42, "tan">,
  I32EnumAttrCase<"Tanh", 43, "tanh">,
  I32EnumAttrCase<"ThresholdedRelu", 44, "thresholded_relu">]>;
def ONNX_UnaryFnAttr : ONNX_EnumAttr<ONNX_UnaryFn>;

def ONNX_BinaryFn : ONNX_Enum<"BinaryFn", "binary_fn", "scalar function of two arguments", [
  I32EnumAttrCase<"Add", 0, "add">,
  I32EnumAttrCase<"And", 1, "and">,
  I32EnumAttrCase<"BitshiftLeft", 2, "bitshift_left">,
  I32EnumAttrCase<"BitshiftRight", 3, "bitshift_right">,
  I32EnumAttrCase<"BitwiseAnd", 4, "bitwise_and">,
  I32EnumAttrCase<"BitwiseOr", 5, "bitwise_or">,
  I32EnumAttrCase<"BitwiseXor", 6, "bitwise_xor">,
  I32EnumAttrCase<"Div", 7, "div">,
  I32EnumAttrCase<"Fmod", 8, "fmod">,
  I32EnumAttrCase<"Max", 9, "max">,
  I32EnumAttrCase<"Min", 10, "min">,
  I32EnumAttrCase<"Mod", 11, "mod">,
  I32EnumAttrCase<"Mul", 12, "mul">,
  I32EnumAttrCase<"Or", 13, "or">,
  I32EnumAttrCase<"Pow", 14, "pow">,
  I32EnumAttrCase<"Prelu", 15, "prelu">,
  I32EnumAttrCase<"Sub", 16, "sub">,
  I32EnumAttrCase<"Xor", 17, "xor">]>;
def ONNX_BinaryFnAttr : ONNX_EnumAttr<ONNX_BinaryFn>;

def ONNX_CompareFn : ONNX_Enum<"CompareFn", "compare_fn", "comparison", [
  I32EnumAttrCase<"Equal", 0, "equal">,
  I32EnumAttrCase<"Greater", 1, "greater">,
  I32EnumAttrCase<"GreaterEqual", 2, "greater_equal">,
  I32EnumAttrCase<"Less", 3, "less">,
  I32EnumAttrCase<"LessEqual", 4, "less_equal">]>;
def ONNX_CompareFnAttr : ONNX_EnumAttr<ONNX_CompareFn>;

def ONNX_ReduceFn : ONNX_Enum<"ReduceFn", "reduce_fn", "reduction", [
  I32EnumAttrCase<"L1", 0, "l1">,
  I32EnumAttrCase<"L2", 1, "l2">,
  I32EnumAttrCase<"LogSum", 2, "log_sum">,
  I32EnumAttrCase<"LogSumExp", 3, "log_sum_exp">,
  I32EnumAttrCase<"Max", 4, "max">,
  I32EnumAttrCase<"Mean", 5, "mean">,
  I32EnumAttrCase<"Min", 6, "min">,
  I32EnumAttrCase<"Prod", 7, "prod">,
  I32EnumAttrCase<"Sum", 8, "sum">,
  I32EnumAttrCase<"SumSquare", 9, "sum_square">]>;
def ONNX_ReduceFnAttr : ONNX_EnumAttr<ONNX_ReduceFn>;

def ONNX_ScatterReduction : ONNX_Enum<"ScatterReduction", "reduction", "how an update meets what is there", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Add", 1, "add">,
  I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"Max", 4, "max">]>;
def ONNX_ScatterReductionAttr : ONNX_EnumAttr<ONNX_ScatterReduction>;

def ONNX_PadMode : ONNX_Enum<"PadMode", "pad_mode", "what fills a border", [
  I32EnumAttrCase<"Constant", 0, "constant">,
  I32EnumAttrCase<"Reflect", 1, "reflect">,
  I32EnumAttrCase<"Edge", 2, "edge">,
  I32EnumAttrCase<"Wrap", 3, "wrap">]>;
def ONNX_PadModeAttr : ONNX_EnumAttr<ONNX_PadMode>;

def ONNX_ExpertActivation : ONNX_Enum<"ExpertActivation", "expert_activation", "activation_type of contrib MoE", [
  I32EnumAttrCase<"Relu", 0, "relu">,
  I32EnumAttrCase<"Gelu", 1, "gelu">,
  I32EnumAttrCase<"Silu", 2, "silu">,
  I32EnumAttrCase<"Swiglu", 3, "swiglu">,
  I32EnumAttrCase<"Identity", 4, "identity">]>;
def ONNX_ExpertActivationAttr : ONNX_EnumAttr<ONNX_ExpertActivation>;

#endif // MOEC_DIALECTS_ONNX_IR_ONNXATTRS
