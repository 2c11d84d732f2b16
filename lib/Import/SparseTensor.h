//===- SparseTensor.h - Sparse tensors made dense ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_SPARSETENSOR_H
#define MOEC_IMPORT_SPARSETENSOR_H

#include "lib/Import/TensorData.h"

namespace moec {

/// The dense equal of a sparse tensor in coordinate form: `values` [NNZ] with `indices` either
/// [NNZ], positions in row-major order, or [NNZ, rank]. Both must ascend. Absent elements are zero.
/// The result has the name of `values` and its data in raw_data. Sub-byte, string and float8e8m0
/// (which has no zero) elements and results above `budget` bytes are Unsupported. The result's
/// bytes are taken from `budget`, since a few bytes of file can ask for any amount.
llvm::Expected<onnxpb::TensorProto> densify(const onnxpb::SparseTensorProto &sparse,
                                            llvm::StringRef owner, uint64_t &budget,
                                            TensorReader &reader, const ImportContext &context);

/// Replaces every sparse_initializer of `graph` by an initializer, every `sparse_value` of a
/// Constant by a `value`, and so on in nested graphs.
llvm::Error densifyGraph(onnxpb::GraphProto &graph, uint64_t &budget, TensorReader &reader,
                         const ImportContext &context);

} // namespace moec

#endif // MOEC_IMPORT_SPARSETENSOR_H
