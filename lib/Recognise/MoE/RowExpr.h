//===- RowExpr.h - One element of a layer as an expression ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The element of a tensor at given indices, unfolded through views and through
// the ops that depend on a choice of experts, down to tensors that do not.
// Nodes are unique in their builder, with operands of commutative functions in
// a fixed order: equal pointers mean equal values.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_ROWEXPR_H
#define MOEC_LIB_RECOGNISE_MOE_ROWEXPR_H

#include "lib/Recognise/MoE/Facts.h"

namespace moec::recognise {

struct RowExpr;
using Row = const RowExpr *;

/// The matrices of a product, one per expert.
struct ExpertMatrices {
  /// Formulas over the variables `input`, `output` and `expert`: one that reads a stack, or one per
  /// expert in order. For the body of one expert, its matrix.
  llvm::SmallVector<Index> formulas;
  static constexpr unsigned input = 0, output = 1, expert = 2;
  bool isStack() const { return formulas.size() == 1; }
  bool operator==(const ExpertMatrices &other) const { return formulas == other.formulas; }
};

struct RowExpr : llvm::FoldingSetNode {
  enum class Kind {
    Leaf,    ///< an element of a tensor that does not depend on the choice: `leaf`
    Number,  ///< `number`
    Apply,   ///< the function of `op` of `operands`
    Product, ///< sum over `bound` of operands[0] * matrices at (bound, column)
    Sum,     ///< sum over `bound` of operands[0]
    Softmax, ///< softmax over `bound` of operands[0], at `column`
  };
  Kind kind = Kind::Leaf;
  unsigned id = 0;
  mlir::Type elementType;
  Index leaf = nullptr;
  /// A leaf that is another vector for each expert: its formulas, as `leaf` is one; `leaf` is null.
  llvm::SmallVector<Index> vectors;
  double number = 0;
  /// The first op seen that is this node: its location names an ONNX node.
  mlir::Operation *op = nullptr;
  llvm::SmallVector<Row, 2> operands;
  ExpertMatrices matrices;
  Index column = nullptr;
  /// The variable that is summed over; null where its extent is 1.
  Index bound = nullptr;
  onnx::Size extent;
  bool hasProduct = false;

  bool isUnary(onnx::UnaryFn fn) const;
  bool isBinary(onnx::BinaryFn fn) const;
  bool isCast() const { return kind == Kind::Apply && llvm::isa<onnx::CastOp>(op); }
  void Profile(llvm::FoldingSetNodeID &node) const;
};

/// Whether the order of a node's operands does not matter.
bool isCommutative(Row row);

class RowBuilder {
public:
  /// Unfolds what depends on `choice`, with expert numbers written as `expert`. Null for the body
  /// of one expert, whose weights are constants.
  RowBuilder(Facts &facts, mlir::Operation *choice, Index expert)
      : facts(facts), table(facts.indices()), choice(choice), expert(expert) {}

  /// The node of an element; null where the expression is larger than `maxNodes` or broadcasts in
  /// an unknown way.
  Row get(Index element) { return get(element, 0); }

  /// One expression for the bodies of experts 0, 1, ...: they are equal but for matrices and
  /// vectors, which become those of all experts. Null, after a failure, if they differ otherwise.
  Row merge(llvm::ArrayRef<Row> bodies);

  static constexpr size_t maxNodes = 1 << 16;

  /// What the first failure was, if `get` gave null.
  const Facts::Failure &failure() const { return why; }
  mlir::Location failedAt() const { return where ? where->getLoc() : choice->getLoc(); }

private:
  class Merger;
  Row get(Index element, unsigned depth);
  Row unfold(Index element, unsigned depth);
  Row operand(mlir::Operation *op, mlir::Value value, llvm::ArrayRef<Index> args, unsigned depth);
  Row apply(mlir::Operation *op, llvm::ArrayRef<Index> args, unsigned depth);
  Row matmul(onnx::MatMulOp op, llvm::ArrayRef<Index> args, unsigned depth);
  Row grouped(const RaggedProduct &product, mlir::Operation *op, llvm::ArrayRef<Index> args,
              unsigned depth);
  Row gemm(onnx::GemmOp op, llvm::ArrayRef<Index> args, unsigned depth);
  bool isWeight(Index element, Index bound);
  /// Whether a leaf is an element of a constant.
  static bool isVector(Row row);
  Row product(mlir::Operation *op, Index row, Index weight, const onnx::Size &extent,
              unsigned depth);
  bool setMatrices(RowExpr &node, llvm::ArrayRef<Index> weights);
  Row reduce(onnx::ReduceOp op, llvm::ArrayRef<Index> args, unsigned depth);
  Row softmax(onnx::SoftmaxOp op, llvm::ArrayRef<Index> args, unsigned depth);
  Row leaf(Index element);
  Row intern(RowExpr node);
  Row fail(mlir::Operation *op, llvm::StringRef obligation, const llvm::Twine &detail);

  Facts &facts;
  IndexTable &table;
  mlir::Operation *choice;
  Index expert;
  llvm::FoldingSet<RowExpr> unique;
  std::vector<std::unique_ptr<RowExpr>> nodes;
  llvm::DenseMap<std::pair<Index, unsigned>, Row> done;
  Facts::Failure why;
  mlir::Operation *where = nullptr;
};

/// Positions of variables in expressions: the token, the choice and the output column of a layer,
/// the member of an expert, then one per depth of products and sums.
inline constexpr unsigned tokenPosition = 300, choicePosition = 301, columnPosition = 302,
                          memberPosition = 303, boundPosition = 400;

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_ROWEXPR_H
