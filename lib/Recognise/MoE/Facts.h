//===- Facts.h - What is known of the values of a function ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One walk over a function, in order, records for every value
//
//   shape     as shape inference does, a polynomial per axis
//   element   which element of which other tensor an element is, or, for
//             integers, a formula for it (IndexExpr.h)
//   table     functions of an integer in [0, n), tabulated (FiniteDomain.h)
//
// and for some integer tensors what they stand for: a full sort, counts of
// values, running sums of counts, intervals of data-dependent length. Each op
// costs time that depends on its own operands only. Values that no rule knows
// are elements of themselves, so that every view ends at a base.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_FACTS_H
#define MOEC_LIB_RECOGNISE_MOE_FACTS_H

#include "dialects/ONNX/IR/ONNX.h"
#include "lib/Recognise/MoE/FiniteDomain.h"
#include "lib/Recognise/MoE/IndexExpr.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace moec::recognise {

/// A TopK that returns everything: `permutation` sorts a vector of `size` elements.
struct SortFact {
  /// The element at variable 0 of what is sorted.
  Index source = nullptr;
  onnx::Size size;
  bool ascending = true;
};

/// A vector whose entry e is how many r in [0, size) have `key` = e; `key` depends on variable 0
/// and lies in [0, number of entries).
struct CountFact {
  Index key = nullptr;
  onnx::Size size;
};

/// A vector whose entry e is the sum of entries 0 ... e of counts.
struct PrefixFact {
  CountFact counts;
};

/// A selection of k of the last axis: the anchor of a suspected layer.
struct ChoiceFact {
  onnx::TopKOp op;
  int64_t k = 0;
  int64_t experts = 0;
};

/// An interval of integers whose length depends on data.
struct Interval {
  Index start = nullptr, end = nullptr;
};

/// Rows of a matrix times one matrix per row: result[r, n] = sum over c of rows[r, c] *
/// weights[e][c, n] with e = `expert` at r.
struct RaggedProduct {
  /// Element of the rows over variables 0 (row) and 1 (column).
  Index rows = nullptr;
  /// Over variable 0.
  Index expert = nullptr;
  /// Per expert, the element of its matrix over variables 0 (input) and 1 (output).
  llvm::SmallVector<Index> weights;
  onnx::Size inputs;
};

/// The result of NonZero: a column for each element of a mask that is not zero, in row-major order.
struct MembersFact {
  /// Element of the mask, over one variable per axis of `shape`.
  Index mask = nullptr;
  onnx::Shape shape;
};

/// A sum of matrices of tokens x columns that are zero but for the rows of some experts.
struct ExpertSum {
  /// How many scatters it adds.
  int64_t terms = 0;
  /// Set where the value is a scatter onto zeros or onto another sum.
  mlir::Operation *scatter = nullptr;
  /// The sums that it adds; null where there is none.
  mlir::Value left, right;
};

class Facts {
public:
  explicit Facts(mlir::func::FuncOp function);

  /// Records what one op, whose operands were visited, gives. Fails only where
  /// shape inference does, after its diagnostic.
  llvm::LogicalResult visit(mlir::Operation *op);

  onnx::ShapeContext &shapes() { return context; }
  onnx::SizeTable &sizes() { return context.sizes(); }
  IndexTable &indices() { return table; }

  /// Absent where the rank is unknown.
  const std::optional<onnx::Shape> &shape(mlir::Value value) { return context.get(value).shape; }

  /// The element at variables 0 ... rank - 1; never null for a ranked value.
  Index element(mlir::Value value);
  /// The element at given indices, one per axis.
  Index elementAt(mlir::Value value, llvm::ArrayRef<Index> args);
  /// The element of an operand that broadcasts to `rank` result axes; null if
  /// it is not known which axes broadcast.
  Index broadcastElement(mlir::Value operand, llvm::ArrayRef<onnx::Size> shape,
                         llvm::ArrayRef<Index> args);
  /// A visited value of rank 2 with the given shape whose element is `element`; null if there is
  /// none.
  mlir::Value findMatrix(Index element, const onnx::Size &rows, const onnx::Size &columns);

  /// The value that a value holds, element by element; itself if it is a view of none.
  mlir::Value whole(mlir::Value value);

  /// A number that all elements of a constant or expanded constant have.
  std::optional<double> splat(mlir::Value value);

  // -- What integer tensors stand for, by the tensor that ends their view ---------------------

  const SortFact *sort(mlir::Value permutation) const { return find(sorts, permutation); }
  const CountFact *counts(mlir::Value value) const { return find(countsOf, value); }
  const PrefixFact *prefix(mlir::Value value) const { return find(prefixes, value); }
  /// The interval whose length a size is, if the size is one symbol.
  const Interval *interval(const onnx::Size &size) const;
  const RaggedProduct *ragged(mlir::Value value) const { return find(raggedProducts, value); }
  const MembersFact *members(mlir::Value value) const { return find(membersOf, value); }
  /// The result of NonZero with as many columns, if the size is one symbol; null if there is none.
  mlir::Value membersCounted(const onnx::Size &count) const;
  const ExpertSum *expertSum(mlir::Value value) const { return find(expertSums, value); }

  /// Choices of k of a known number of experts, in order.
  llvm::ArrayRef<ChoiceFact> choices() const { return choiceList; }
  /// The choice whose ids, values or what is computed per expert from them
  /// `value` depends on since the last sum over choices; null if none.
  mlir::Operation *choiceOf(mlir::Value value) const { return anchors.lookup(value); }
  /// Whether products with chosen weights are part of it.
  bool hasExperts(mlir::Value value) const { return expertValues.contains(value); }
  /// A sum over choices ends what depends on them.
  void forget(mlir::Value value);

  /// Why a value that looks like a step of a layer is not known to be one.
  struct Failure {
    std::string obligation, detail;
  };
  const Failure *failure(mlir::Value value) const { return find(failures, value); }
  /// The first value that failed among those that depend on a choice; null if none did.
  mlir::Value firstFailed(mlir::Operation *choice) const { return firstFailures.lookup(choice); }

  // -- For rules, one file per group ------------------------------------------------------------

  void setElement(mlir::Value value, Index element);
  void setTable(mlir::Value value, FiniteFunction function);
  const FiniteFunction *finite(mlir::Value value) const { return find(finiteFunctions, value); }
  /// The integer an element stands for, over `shape`'s variables: the element, or a table as one.
  void setSort(mlir::Value value, SortFact fact) { sorts[value] = std::move(fact); }
  void setCounts(mlir::Value value, CountFact fact) { countsOf[value] = std::move(fact); }
  void setPrefix(mlir::Value value, PrefixFact fact) { prefixes[value] = std::move(fact); }
  void setRagged(mlir::Value value, RaggedProduct fact) { raggedProducts[value] = std::move(fact); }
  /// `count` is a symbol: the number of members.
  void setMembers(mlir::Value value, MembersFact fact, const onnx::Size &count) {
    membersOf[value] = std::move(fact);
    counted[*count.getSymbol()] = value;
  }
  void setExpertSum(mlir::Value value, ExpertSum fact) { expertSums[value] = fact; }
  void setInterval(unsigned symbol, Interval interval) { intervals[symbol] = interval; }
  void addChoice(ChoiceFact choice);
  void setExperts(mlir::Value value) { expertValues.insert(value); }
  void fail(mlir::Value value, llvm::StringRef obligation, const llvm::Twine &detail);

private:
  template <typename T>
  static const T *find(const llvm::DenseMap<mlir::Value, T> &map, mlir::Value value) {
    auto it = map.find(value);
    return it == map.end() ? nullptr : &it->second;
  }
  void propagateAnchors(mlir::Operation *op);

  onnx::ShapeContext context;
  IndexTable table;
  llvm::DenseMap<mlir::Value, Index> elements;
  llvm::DenseMap<Index, llvm::SmallVector<mlir::Value, 1>> matrices;
  llvm::DenseMap<mlir::Value, FiniteFunction> finiteFunctions;
  llvm::DenseMap<mlir::Value, SortFact> sorts;
  llvm::DenseMap<mlir::Value, CountFact> countsOf;
  llvm::DenseMap<mlir::Value, PrefixFact> prefixes;
  llvm::DenseMap<mlir::Value, RaggedProduct> raggedProducts;
  llvm::DenseMap<mlir::Value, MembersFact> membersOf;
  llvm::DenseMap<unsigned, mlir::Value> counted;
  llvm::DenseMap<mlir::Value, ExpertSum> expertSums;
  llvm::DenseMap<unsigned, Interval> intervals;
  llvm::SmallVector<ChoiceFact> choiceList;
  llvm::DenseMap<mlir::Value, mlir::Operation *> anchors;
  llvm::DenseSet<mlir::Value> expertValues;
  llvm::DenseMap<mlir::Value, Failure> failures;
  llvm::DenseMap<mlir::Operation *, mlir::Value> firstFailures;
};

// Rules: what an op's results are elements of. Each returns whether it knew the op; results that it
// did not set are elements of themselves.

/// Reshape, transpose, squeeze, unsqueeze, flatten, expand, tile, slice, split, gathers, cast
/// pairs.
bool applyViewRule(Facts &facts, mlir::Operation *op);
/// Constants, arithmetic, comparisons, casts, ranges.
bool applyIntegerRule(Facts &facts, mlir::Operation *op);
/// Elementwise functions of one integer in a known range.
bool applyFiniteRule(Facts &facts, mlir::Operation *op);
/// Top-k, sorts, inverse permutations, counts, running sums.
bool applySelectionRule(Facts &facts, mlir::Operation *op);
/// A concatenation of products of groups of sorted rows.
bool applyGroupedRule(Facts &facts, mlir::Operation *op);
/// Members of experts, and sums of what is scattered to their rows.
bool applyMembersRule(Facts &facts, mlir::Operation *op);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_FACTS_H
