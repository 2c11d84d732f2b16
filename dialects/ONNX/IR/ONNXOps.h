//===- ONNXOps.h - Parsing of function names in op syntax -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to the shards of generated op definitions: `onnx.unary exp %x` rather
// than `onnx.unary <exp> %x`.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXOPS_H
#define MOEC_DIALECTS_ONNX_IR_ONNXOPS_H

#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/IR/DialectImplementation.h"

namespace moec::onnx {

template <typename Attr, typename Enum>
mlir::ParseResult parseKeyword(mlir::OpAsmParser &parser, Attr &attr,
                               std::optional<Enum> (*symbolize)(llvm::StringRef)) {
  llvm::StringRef keyword;
  llvm::SMLoc location = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return mlir::failure();
  std::optional<Enum> value = symbolize(keyword);
  if (!value)
    return parser.emitError(location) << "unknown function '" << keyword << "'";
  attr = Attr::get(parser.getContext(), *value);
  return mlir::success();
}

#define MOEC_ONNX_KEYWORD(NAME)                                                                    \
  [[maybe_unused]] static mlir::ParseResult parse##NAME##Keyword(mlir::OpAsmParser &parser,        \
                                                                 NAME##FnAttr &attr) {             \
    return parseKeyword<NAME##FnAttr, NAME##Fn>(parser, attr, symbolize##NAME##Fn);                \
  }                                                                                                \
  [[maybe_unused]] static void print##NAME##Keyword(mlir::OpAsmPrinter &printer,                   \
                                                    mlir::Operation *, NAME##FnAttr attr) {        \
    printer << stringify##NAME##Fn(attr.getValue());                                               \
  }
MOEC_ONNX_KEYWORD(Unary)
MOEC_ONNX_KEYWORD(Binary)
MOEC_ONNX_KEYWORD(Compare)
MOEC_ONNX_KEYWORD(Reduce)
#undef MOEC_ONNX_KEYWORD

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_IR_ONNXOPS_H
