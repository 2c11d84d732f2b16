//===- RowEmitter.h - Loops of one linalg op ------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ROWEMITTER_H
#define MOEC_LIB_CODEGEN_ROWEMITTER_H

#include "lib/CodeGen/RowOperands.h"
#include "lib/CodeGen/RowTeam.h"
#include "lib/CodeGen/VectorBody.h"

#include "llvm/ADT/DenseSet.h"

namespace moec::codegen {

/// Writes one structured linalg op on memrefs out as loops, before it.
///
/// One loop is the lane dimension and is innermost but for reductions in columns:
///
///   rows:     for parallel.. { for outer reductions.. { 16 partials over lanes } }
///   columns:  for parallel.. { over lanes { for reductions.. { body } } }
///
/// Without a lane dimension, where the body cannot be vectorised, the second
/// form runs on scalars.
///
/// On a device each thread of the row's team takes its share of the lanes
/// (RowTeam.h); what has no lanes is done by the first.
class RowEmitter {
public:
  /// `team` is null on the host. Its values need not be there before `emit`.
  explicit RowEmitter(mlir::linalg::LinalgOp op, const RowTeam *team = nullptr);

  void emit();
  bool isVectorised() const { return laneDim >= 0; }
  /// The loop that is spread over lanes; -1 if there is none.
  int64_t getLaneDim() const { return laneDim; }
  /// Whether partial results of lanes are combined.
  bool reducesLanes() const { return !reductions.empty(); }

private:
  using Values = mlir::SmallVector<mlir::Value>;

  /// How one output is reduced along the lane dimension.
  struct Reduction {
    mlir::Operation *combiner;
    mlir::Value term;         // in the body: what the combiner adds
    mlir::TypedAttr identity; // f32 for narrow floats, which are reduced in f32
  };

  int64_t chooseLaneDim();
  /// Whether threads can take elements of the lane dimension one by one.
  bool canSpread();
  /// Finds what varies between lanes; whether the body can run on vectors.
  bool analyseBody();
  bool matchReductions();
  bool isReduction(int64_t dim);
  /// Whether `load`, in the body, reads consecutive elements in consecutive lanes.
  bool isContiguous(mlir::memref::LoadOp load) const;

  mlir::Value index(int64_t value);
  mlir::Value getExtent(int64_t dim);
  Values loop(mlir::Value from, mlir::Value to, mlir::Value step, mlir::ValueRange init,
              mlir::function_ref<Values(mlir::Value, mlir::ValueRange)> body);
  Values overDims(mlir::ArrayRef<unsigned> dims, mlir::ValueRange init,
                  mlir::function_ref<Values(mlir::ValueRange)> body);
  Values overLanes(mlir::ValueRange init,
                   mlir::function_ref<Values(const RowStep &, mlir::ValueRange)> body);

  Values overTeam(mlir::ValueRange init,
                  mlir::function_ref<Values(const RowStep &, mlir::ValueRange)> body);
  /// `if` the thread is the first of its team; on the host just `body`.
  void onFirst(mlir::function_ref<void()> body);

  void emitRows();
  /// The same with the sums of a team; nobody but its first thread reads or writes outputs.
  void emitTeamRows();
  Values makePartials();
  void emitColumns();
  void emitColumn(const RowStep &step);
  /// Loads and computes, before the lane loop, what is the same in all lanes.
  void emitUniform();
  /// Emits the body for one step; `outs` replace the output arguments (null
  /// where the body does not read them).
  void emitBody(VectorBody &body, const RowStep &step, mlir::ValueRange outs);
  void emitBodyOp(VectorBody &body, mlir::Operation &op, const RowStep &step);
  void emitLoad(VectorBody &body, mlir::memref::LoadOp load, const RowStep &step);

  Values emitTerms(const RowStep &step, mlir::ValueRange partials);
  /// Narrow floats to f32 and back; other values as they are.
  mlir::Value widen(mlir::Value value);
  mlir::Value narrow(mlir::Value value, mlir::Type element);
  mlir::Value combine(const Reduction &reduction, mlir::Value acc, mlir::Value term);
  /// The same for partial results.
  mlir::Value combineRow(const Reduction &reduction, mlir::Value acc, mlir::Value term);
  mlir::Value combinePartials(const Reduction &reduction, mlir::Value partials);

  mlir::linalg::LinalgOp op;
  mlir::ImplicitLocOpBuilder b;
  mlir::Block &block;
  mlir::SmallVector<unsigned> parallelDims, reductionDims; // without the lane dimension
  const RowTeam *team;
  int64_t laneDim = -1;
  int64_t width; // elements of a vector
  RowOperands operands;
  mlir::SmallVector<Reduction> reductions; // of rows; one per output
  mlir::DenseSet<mlir::Value> varying;     // values of the body that differ between lanes
  bool isOpaque = false;                   // scalars only: nothing is known to be the same in lanes
  bool scalarTail = false;                 // the rest of a row is handled element by element
  Values ivs, extents;
  mlir::SmallVector<std::pair<mlir::Value, mlir::Value>> uniform;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ROWEMITTER_H
