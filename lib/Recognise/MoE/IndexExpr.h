//===- IndexExpr.h - Integer functions of an element's index ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The language of views and of facts on integer tensors. An Index is an integer
// that depends on index variables:
//
//   sum of  coefficient * atom  + constant      coefficients and constant are Sizes
//
//   atom  var(p, n)         the variable at position p, in [0, n)
//         read(V, i...)     the element of tensor V at indices i...
//         floorDiv(a, n), mod(a, n)   with n a positive Size
//         table(a, [...])   a function of a in [0, number of entries)
//         equal(a, b)       1 where a = b, otherwise 0
//
// Expressions are normalised as they are made and unique in their table, so
// that equal pointers mean equal values; the reverse holds as far as the rules
// reach. A tensor of any element type has a view: an expression of kind Read
// over one variable per axis that says which element of which other tensor an
// element is.
//
// Quotients and remainders by a size that may be zero are used only for indices
// into tensors that then have no elements, where every claim holds.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_INDEXEXPR_H
#define MOEC_LIB_RECOGNISE_MOE_INDEXEXPR_H

#include "dialects/ONNX/IR/SymbolicSize.h"

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/FoldingSet.h"

#include <memory>
#include <vector>

namespace moec::recognise {

class IndexExpr;
using Index = const IndexExpr *;

struct IndexTerm {
  Index atom;
  onnx::Size coefficient;
};

/// A node; made by an IndexTable, which owns it.
class IndexExpr : public llvm::FoldingSetNode {
public:
  enum class Kind { Linear, Var, Read, FloorDiv, Mod, Table, Equal };

  Kind kind = Kind::Linear;
  /// In the order of creation.
  unsigned id = 0;
  /// Linear: at least two summands, or one with a coefficient other than 1, or none; by id.
  llvm::SmallVector<IndexTerm, 2> terms;
  /// Linear: the constant. Var: its extent. FloorDiv, Mod: the divisor.
  onnx::Size size;
  /// Var.
  unsigned position = 0;
  /// Read.
  mlir::Value base;
  /// Read: the indices. FloorDiv, Mod, Table: the argument. Equal: both sides.
  llvm::SmallVector<Index, 4> args;
  /// Table.
  llvm::SmallVector<int64_t, 0> entries;

  bool isRead() const { return kind == Kind::Read; }
  bool isVar() const { return kind == Kind::Var; }
  bool isConstant() const { return kind == Kind::Linear && terms.empty(); }
  /// The value, if it is a known number.
  std::optional<int64_t> getConstant() const {
    return isConstant() ? size.getConstant() : std::nullopt;
  }
  void Profile(llvm::FoldingSetNodeID &node) const;
};

/// Values of an expression: [low, high), each known or not.
struct IndexRange {
  std::optional<onnx::Size> low, high;
};

class IndexTable {
public:
  explicit IndexTable(onnx::SizeTable &sizes) : sizes(sizes) {}
  IndexTable(const IndexTable &) = delete;
  IndexTable &operator=(const IndexTable &) = delete;

  Index constant(const onnx::Size &value);
  /// 0 where the extent is 1.
  Index var(unsigned position, const onnx::Size &extent);
  Index read(mlir::Value base, llvm::ArrayRef<Index> args);
  Index add(Index a, Index b);
  Index sub(Index a, Index b) { return add(a, scale(b, -1)); }
  Index scale(Index a, const onnx::Size &factor);
  /// Absent unless one factor is a constant.
  Index mul(Index a, Index b);
  Index floorDiv(Index a, const onnx::Size &divisor);
  Index mod(Index a, const onnx::Size &divisor);
  /// `entries[a]`; the identity and constant functions are recognised.
  Index table(Index a, llvm::ArrayRef<int64_t> entries);
  Index equal(Index a, Index b);

  /// Variables at positions below `args.size()` replaced, all at once.
  Index substitute(Index a, llvm::ArrayRef<Index> args);
  /// The variable at one position replaced.
  Index substitute(Index a, unsigned position, Index value);

  /// One variable per axis of a shape, positions from `first` on.
  llvm::SmallVector<Index, 4> variables(llvm::ArrayRef<onnx::Size> shape, unsigned first = 0);
  /// The place of `indices` in row-major order of `shape`.
  Index linearise(llvm::ArrayRef<Index> indices, llvm::ArrayRef<onnx::Size> shape);
  /// The indices of a place in row-major order of `shape`.
  llvm::SmallVector<Index, 4> delinearise(Index place, llvm::ArrayRef<onnx::Size> shape);

  IndexRange range(Index a);
  /// Whether 0 <= a < bound is known.
  bool isWithin(Index a, const onnx::Size &bound);
  /// Whether a variable at the position occurs.
  bool dependsOn(Index a, unsigned position);
  /// Whether an element of the tensor is read.
  bool reads(Index a, mlir::Value base);

  // -- Rules on tensors ----------------------------------------------------------------------

  /// All elements of an integer tensor lie in [low, high).
  void setRange(mlir::Value base, IndexRange range) { ranges[base] = std::move(range); }
  /// Two permutations of [0, n), one the inverse of the other.
  void setInverse(mlir::Value a, mlir::Value b) {
    inverses[a] = b;
    inverses[b] = a;
  }

  /// The element of a matrix at row i and a variable is `rows[i]`: what is known of one column.
  /// Applies to expressions that are made from now on.
  void setColumn(mlir::Value base, Index variable, llvm::ArrayRef<Index> rows) {
    columns[{base, variable}].assign(rows.begin(), rows.end());
  }

  void print(Index a, llvm::raw_ostream &os) const;

private:
  Index intern(IndexExpr node);
  Index linear(llvm::SmallVector<IndexTerm, 2> terms, onnx::Size constant);
  llvm::ArrayRef<IndexTerm> termsOf(Index a, llvm::SmallVector<IndexTerm, 1> &storage) const;
  /// a = divisor * quotient + rest, with as much as possible in the quotient.
  std::pair<Index, Index> divide(Index a, const onnx::Size &divisor);
  Index rebuild(Index a, llvm::function_ref<Index(Index)> onVar,
                llvm::DenseMap<Index, Index> &done);
  bool any(Index a, llvm::function_ref<bool(Index)> test);

  onnx::SizeTable &sizes;
  llvm::FoldingSet<IndexExpr> unique;
  std::vector<std::unique_ptr<IndexExpr>> nodes;
  llvm::DenseMap<mlir::Value, IndexRange> ranges;
  llvm::DenseMap<mlir::Value, mlir::Value> inverses;
  llvm::DenseMap<std::pair<mlir::Value, Index>, llvm::SmallVector<Index, 3>> columns;
  llvm::DenseMap<Index, IndexRange> knownRanges;
};

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_INDEXEXPR_H
