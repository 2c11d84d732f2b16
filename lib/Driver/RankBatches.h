//===- RankBatches.h - A batch over ranks and back --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_RANKBATCHES_H
#define MOEC_LIB_DRIVER_RANKBATCHES_H

#include "lib/Interpret/Tensor.h"

#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"

namespace moec {

/// The inputs of each rank. The batch is dimension 0 of the first input and of every input whose
/// dimension 0 is dynamic and of the same size; ranks get consecutive parts of it, the first ones
/// an entry more where it does not divide evenly, the last ones none where there are too few. Other
/// inputs are the same on every rank, as all are if there are none. `types` are those of the
/// inputs; an error says that the first has no batch that could be split.
llvm::Expected<mlir::SmallVector<mlir::SmallVector<Tensor>>>
splitBatch(mlir::ArrayRef<Tensor> inputs, mlir::TypeRange types, int64_t ranks);

/// The results of all ranks as one. What has one row for each entry of a rank's batch,
/// `batches[rank]`, is put together in the order of ranks. Of the rest, what is the same on every
/// rank is taken once, and what has a fixed number of rows for each entry is put together, too;
/// anything else is an error, as is what has several rows for each entry and is the same everywhere.
llvm::Expected<mlir::SmallVector<Tensor>>
joinBatches(mlir::ArrayRef<mlir::SmallVector<Tensor>> results, mlir::ArrayRef<int64_t> batches,
            mlir::TypeRange types);

} // namespace moec

#endif // MOEC_LIB_DRIVER_RANKBATCHES_H
