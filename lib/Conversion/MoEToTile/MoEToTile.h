//===- MoEToTile.h - The convert-moe-to-tile pass ----------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_MOETOTILE_MOETOTILE_H
#define MOEC_LIB_CONVERSION_MOETOTILE_MOETOTILE_H

#include "mlir/Pass/Pass.h"

namespace moec {

#define GEN_PASS_DECL
#include "lib/Conversion/MoEToTile/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/Conversion/MoEToTile/Passes.h.inc"

} // namespace moec

#endif // MOEC_LIB_CONVERSION_MOETOTILE_MOETOTILE_H
