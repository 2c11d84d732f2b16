//===- MoESharding.h - How ops of moe split over a grid ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOESHARDING_H
#define MOEC_DIALECTS_MOE_IR_MOESHARDING_H

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace moec::moe {

/// Gives experts, products, dispatches and combines the ShardingInterface of the shard dialect, so
/// that its passes carry placements through layers.
void attachShardingInterfaces(mlir::MLIRContext *context);

} // namespace moec::moe

#endif // MOEC_DIALECTS_MOE_IR_MOESHARDING_H
