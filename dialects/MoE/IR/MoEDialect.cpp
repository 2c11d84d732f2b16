//===- MoEDialect.cpp - Registration and attributes -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/IR/MoESharding.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec::moe;

#include "dialects/MoE/IR/MoEDialect.cpp.inc"
#include "dialects/MoE/IR/MoEEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/MoE/IR/MoEAttrs.cpp.inc"

FailureOr<APFloat> moec::moe::parseReal(AsmParser &parser) {
  double value;
  if (parser.parseFloat(value))
    return failure();
  return APFloat(value);
}

void MoEDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/MoE/IR/MoEAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/MoE/IR/MoEOps.cpp.inc"
      >();
  attachShardingInterfaces(getContext());
}

LogicalResult GroupsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t n,
                                 int64_t keep, GroupReduce reduce, GroupFill fill, int64_t each) {
  if (n < 1)
    return emitError() << "expects at least one group, got n = " << n;
  if (keep < 1 || keep > n)
    return emitError() << "expects 1 <= keep <= n, got keep = " << keep << " of n = " << n;
  if (each < 0)
    return emitError() << "expects each >= 0, got " << each;
  return success();
}

LogicalResult RenormAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t p,
                                 EpsMode mode, APFloat eps, bool multipleOnly) {
  if (p < 1)
    return emitError() << "expects a norm with p >= 1, got " << p;
  double value = eps.convertToDouble();
  if (!(value >= 0))
    return emitError() << "expects eps >= 0, got " << value;
  if (mode == EpsMode::None && value != 0)
    return emitError() << "eps = " << value << " has no effect without mode = add or clamp";
  return success();
}

LogicalResult CapacityAttr::verify(function_ref<InFlightDiagnostic()> emitError, CapacityKind kind,
                                   APFloat factor, Rounding round, int64_t min, int64_t multiple,
                                   bool timesK, bool outerK, bool ceilInner, bool clampTokens,
                                   bool zeroMin, bool even, bool f32) {
  if (!(factor.convertToDouble() > 0))
    return emitError() << "expects a positive factor, got " << factor.convertToDouble();
  if (min < 0)
    return emitError() << "expects min >= 0, got " << min;
  if (multiple < 1)
    return emitError() << "expects multiple >= 1, got " << multiple;
  if (timesK && outerK)
    return emitError()
           << "expects k to multiply once: times_k (before rounding) or outer_k (after)";
  return success();
}
