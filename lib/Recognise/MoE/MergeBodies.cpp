//===- MergeBodies.cpp - One expression for all experts ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Anti-unification of the bodies of experts: equal nodes stay, matrices of
// products and vectors of constants at equal positions become families over
// the experts, and anything else that differs is a failure.
//
// Operands of commutative functions may come in another order in every body.
// They are brought into the order of colours: numbers that are equal for nodes
// that are equal but for weights, then for those that are also used alike.
// What still ties is symmetric in every body, so that any order is right.
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/RowExpr.h"

#include "dialects/RT/IR/RT.h"

#include <map>

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

class RowBuilder::Merger {
public:
  Merger(RowBuilder &builder, ArrayRef<Row> bodies) : builder(builder), bodies(bodies) {
    for (Row body : bodies)
      colours.emplace_back(numbers).addBody(builder, body);
  }

  Row merge(const SmallVector<Row> &rows) {
    if (auto it = done.find(rows); it != done.end())
      return it->second;
    Row result = mergeNew(rows);
    done[rows] = result;
    return result;
  }

private:
  using Key = std::vector<uintptr_t>;
  using Numbers = std::map<Key, unsigned>;

  /// Colours of the nodes of one body.
  class Colours {
  public:
    explicit Colours(Numbers &numbers) : numbers(numbers) {}

    void addBody(RowBuilder &builder, Row body) {
      this->builder = &builder;
      shape(body);
      for (auto &[row, users] : users) {
        llvm::sort(users);
        Key key{1, shapes.at(row)};
        key.insert(key.end(), users.begin(), users.end());
        uses[row] = number(key);
      }
    }

    std::pair<unsigned, unsigned> get(Row row) const { return {shapes.at(row), uses.at(row)}; }

  private:
    unsigned number(const Key &key) {
      return numbers.try_emplace(key, numbers.size()).first->second;
    }

    unsigned shape(Row row) {
      if (auto it = shapes.find(row); it != shapes.end())
        return it->second;
      Key operands;
      for (Row operand : row->operands)
        operands.push_back(shape(operand));
      if (isCommutative(row))
        llvm::sort(operands);
      bool isLeaf = row->kind == RowExpr::Kind::Leaf;
      Key key{0,
              static_cast<uintptr_t>(row->kind),
              address(row->elementType.getAsOpaquePointer()),
              address(isLeaf && builder->isVector(row) ? nullptr : row->leaf),
              static_cast<uintptr_t>(llvm::bit_cast<uint64_t>(row->number)),
              address(row->column),
              address(row->bound)};
      if (row->kind == RowExpr::Kind::Apply) {
        key.push_back(address(row->op->getName().getAsOpaquePointer()));
        key.push_back(address(row->op->getAttrDictionary().getAsOpaquePointer()));
      }
      key.insert(key.end(), operands.begin(), operands.end());
      unsigned colour = number(key);
      shapes[row] = colour;
      users.try_emplace(row);
      for (Row operand : row->operands)
        users[operand].push_back(colour);
      return colour;
    }

    static uintptr_t address(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer); }

    Numbers &numbers;
    RowBuilder *builder = nullptr;
    DenseMap<Row, unsigned> shapes, uses;
    DenseMap<Row, SmallVector<unsigned>> users;
  };

  Row mergeNew(const SmallVector<Row> &rows) {
    if (llvm::all_equal(rows))
      return rows.front();
    Row first = rows.front();
    for (auto [e, row] : llvm::enumerate(rows))
      if (colours[e].get(row).first != colours[0].get(first).first)
        return builder.fail(row->op, "same-body",
                            "expert " + Twine(e) + " computes something else than expert 0");
    RowExpr node = *first;
    node.hasProduct = false;
    if (first->kind == RowExpr::Kind::Leaf) {
      node.leaf = nullptr;
      for (Row row : rows)
        node.vectors.push_back(row->leaf);
      return builder.intern(std::move(node));
    }
    if (first->kind == RowExpr::Kind::Product) {
      SmallVector<Index> matrices;
      for (Row row : rows)
        matrices.push_back(row->matrices.formulas.front());
      if (!builder.setMatrices(node, matrices))
        return nullptr;
    }
    node.operands.clear();
    SmallVector<SmallVector<Row, 2>> operands;
    for (auto [e, row] : llvm::enumerate(rows)) {
      operands.push_back(row->operands);
      if (isCommutative(row))
        llvm::stable_sort(operands.back(),
                          [&own = colours[e]](Row a, Row b) { return own.get(a) < own.get(b); });
    }
    for (size_t i = 0; i < first->operands.size(); ++i) {
      SmallVector<Row> each;
      for (const SmallVector<Row, 2> &own : operands)
        each.push_back(own[i]);
      Row operand = merge(each);
      if (!operand)
        return nullptr;
      node.operands.push_back(operand);
    }
    if (isCommutative(first) && node.operands[1]->id < node.operands[0]->id)
      std::swap(node.operands[0], node.operands[1]);
    return builder.intern(std::move(node));
  }

  RowBuilder &builder;
  ArrayRef<Row> bodies;
  Numbers numbers;
  std::vector<Colours> colours;
  std::map<SmallVector<Row>, Row> done;
};

bool RowBuilder::isVector(Row row) {
  if (row->kind != RowExpr::Kind::Leaf || !row->leaf || !row->leaf->isRead())
    return false;
  return isa_and_nonnull<onnx::ConstantOp, rt::GetWeightOp>(row->leaf->base.getDefiningOp());
}

Row RowBuilder::merge(ArrayRef<Row> bodies) {
  return Merger(*this, bodies).merge(SmallVector<Row>(bodies));
}
