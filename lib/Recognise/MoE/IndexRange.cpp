//===- IndexRange.cpp - What index functions depend on --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/IndexExpr.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moec::recognise;
using moec::onnx::Size;

IndexRange IndexTable::range(Index a) {
  if (auto it = knownRanges.find(a); it != knownRanges.end())
    return it->second;
  IndexRange result;
  switch (a->kind) {
  case IndexExpr::Kind::Var:
    result = {Size(0), a->size};
    break;
  case IndexExpr::Kind::Read:
    // Not remembered: the tensor's range may be set later.
    if (auto it = ranges.find(a->base); it != ranges.end())
      return it->second;
    return {};
  case IndexExpr::Kind::Mod:
    result = {Size(0), a->size};
    break;
  case IndexExpr::Kind::FloorDiv: {
    IndexRange argument = range(a->args[0]);
    if (argument.low && sizes.isLess(*argument.low, 0) == false)
      result.low = Size(0);
    // ceil(high / divisor)
    if (argument.high) {
      if (std::optional<Size> exact = sizes.divideExactly(*argument.high, a->size))
        result.high = *exact;
      else if (std::optional<int64_t> high = argument.high->getConstant(),
               divisor = a->size.getConstant();
               high && divisor && *high > 0 && *divisor > 0)
        result.high = (*high - 1) / *divisor + 1;
    }
    break;
  }
  case IndexExpr::Kind::Table:
    if (!a->entries.empty())
      result = {Size(*min_element(a->entries)), Size(*max_element(a->entries) + 1)};
    break;
  case IndexExpr::Kind::Equal:
    result = {Size(0), Size(2)};
    break;
  case IndexExpr::Kind::Linear:
    result = {a->size, sizes.add(a->size, 1)};
    for (const IndexTerm &term : a->terms) {
      IndexRange atom = range(term.atom);
      if (sizes.isLess(term.coefficient, 0) == true)
        std::swap(atom.low, atom.high);
      else if (sizes.isLess(term.coefficient, 0) != false)
        atom = {};
      bool flipped = sizes.isLess(term.coefficient, 0) == true;
      // Ends are inclusive while they are scaled.
      auto inclusive = [&](const std::optional<Size> &end, bool isHigh) -> std::optional<Size> {
        if (!end)
          return std::nullopt;
        return sizes.mul(isHigh ? sizes.sub(*end, 1) : *end, term.coefficient);
      };
      std::optional<Size> low = inclusive(atom.low, flipped);
      std::optional<Size> high = inclusive(atom.high, !flipped);
      result.low = result.low && low ? std::optional(sizes.add(*result.low, *low)) : std::nullopt;
      result.high =
          result.high && high ? std::optional(sizes.add(*result.high, *high)) : std::nullopt;
    }
    if (any(a, [](Index atom) { return atom->isRead(); }))
      return result;
    break;
  }
  knownRanges[a] = result;
  return result;
}

bool IndexTable::isWithin(Index a, const Size &bound) {
  IndexRange bounds = range(a);
  return bounds.low && bounds.high && sizes.isLess(*bounds.low, 0) == false &&
         sizes.isLess(bound, *bounds.high) == false;
}

bool IndexTable::any(Index a, function_ref<bool(Index)> test) {
  SmallVector<Index> open{a};
  SmallPtrSet<Index, 16> seen;
  while (!open.empty()) {
    Index next = open.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    if (test(next))
      return true;
    for (const IndexTerm &term : next->terms)
      open.push_back(term.atom);
    open.append(next->args.begin(), next->args.end());
  }
  return false;
}

bool IndexTable::dependsOn(Index a, unsigned position) {
  return any(a, [&](Index b) { return b->isVar() && b->position == position; });
}

bool IndexTable::reads(Index a, mlir::Value base) {
  return any(a, [&](Index b) { return b->isRead() && b->base == base; });
}

void IndexTable::print(Index a, raw_ostream &os) const {
  auto list = [&](ArrayRef<Index> args) {
    interleaveComma(args, os, [&](Index arg) { print(arg, os); });
  };
  switch (a->kind) {
  case IndexExpr::Kind::Linear:
    for (const IndexTerm &term : a->terms) {
      if (!term.coefficient.isConstant(1)) {
        os << '(';
        sizes.print(term.coefficient, os);
        os << ")*";
      }
      print(term.atom, os);
      os << " + ";
    }
    sizes.print(a->size, os);
    return;
  case IndexExpr::Kind::Var:
    os << 'i' << a->position;
    return;
  case IndexExpr::Kind::Read:
    os << 'T'
       << (a->base.getDefiningOp() ? a->base.getDefiningOp()->getName().getStringRef()
                                   : StringRef("argument"))
       << '[';
    list(a->args);
    os << ']';
    return;
  case IndexExpr::Kind::FloorDiv:
  case IndexExpr::Kind::Mod:
    os << (a->kind == IndexExpr::Kind::Mod ? "mod(" : "div(");
    print(a->args[0], os);
    os << ", ";
    sizes.print(a->size, os);
    os << ')';
    return;
  case IndexExpr::Kind::Table:
    os << "table(";
    list(a->args);
    os << ')';
    return;
  case IndexExpr::Kind::Equal:
    os << "equal(";
    list(a->args);
    os << ')';
    return;
  }
}
