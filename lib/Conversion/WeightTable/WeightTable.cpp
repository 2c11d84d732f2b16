//===- WeightTable.cpp - Symbols of weights that lowerings make -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/WeightTable/WeightTable.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace moec {

WeightTable::WeightTable(ModuleOp module) : module(module), symbols(module) {
  for (auto weight : module.getOps<rt::WeightOp>())
    names.try_emplace({Attribute(weight.getValue()), weight.getType()}, weight.getSymNameAttr());
}

rt::WeightExprInterface WeightTable::findSource(Value value) {
  if (auto weight = value.getDefiningOp<rt::GetWeightOp>()) {
    auto symbol = symbols.lookup<rt::WeightOp>(weight.getWeight());
    return symbol && isa<RankedTensorType>(symbol.getType()) ? symbol.getValue()
                                                             : rt::WeightExprInterface();
  }
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)))
    return dyn_cast<rt::WeightExprInterface>(constant);
  return {};
}

rt::WeightExprInterface WeightTable::getExpression(Operation *user, StringRef what, Value value) {
  if (rt::WeightExprInterface expression = find(value))
    return expression;
  user->emitOpError() << what
                      << " is computed at run time; only weights (rt.get_weight) and constants can "
                         "be packed";
  return {};
}

Value WeightTable::get(ImplicitLocOpBuilder &b, Attribute expression, Type type, StringRef name) {
  auto [known, isNew] = names.try_emplace({expression, type}, StringAttr());
  if (isNew) {
    OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
    auto weight = rt::WeightOp::create(atStart, b.getLoc(), name, type,
                                       cast<rt::WeightExprInterface>(expression),
                                       /*exchange=*/FlatSymbolRefAttr());
    known->second = symbols.insert(weight);
  } else {
    // Whoever reads it, too, may read any slab.
    symbols.lookup<rt::WeightOp>(known->second).removeExchangeAttr();
  }
  return rt::GetWeightOp::create(b, type, FlatSymbolRefAttr::get(known->second));
}

} // namespace moec
