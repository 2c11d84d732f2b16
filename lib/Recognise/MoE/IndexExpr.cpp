//===- IndexExpr.cpp - Integer functions of an element's index --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/IndexExpr.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moec::recognise;
using moec::onnx::Size;
using moec::onnx::SizeTerm;

static void profile(FoldingSetNodeID &node, const Size &size) {
  node.AddInteger(size.getTerms().size());
  for (const SizeTerm &term : size.getTerms()) {
    node.AddInteger(term.coefficient);
    node.AddInteger(term.symbols.size());
    for (unsigned symbol : term.symbols)
      node.AddInteger(symbol);
  }
}

void IndexExpr::Profile(FoldingSetNodeID &node) const {
  node.AddInteger(static_cast<unsigned>(kind));
  node.AddInteger(terms.size());
  for (const IndexTerm &term : terms) {
    node.AddPointer(term.atom);
    profile(node, term.coefficient);
  }
  profile(node, size);
  node.AddInteger(position);
  node.AddPointer(base.getAsOpaquePointer());
  node.AddInteger(args.size());
  for (Index arg : args)
    node.AddPointer(arg);
  for (int64_t entry : entries)
    node.AddInteger(entry);
}

Index IndexTable::intern(IndexExpr node) {
  FoldingSetNodeID key;
  node.Profile(key);
  void *place;
  if (IndexExpr *known = unique.FindNodeOrInsertPos(key, place))
    return known;
  node.id = nodes.size();
  nodes.push_back(std::make_unique<IndexExpr>(std::move(node)));
  unique.InsertNode(nodes.back().get(), place);
  return nodes.back().get();
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

ArrayRef<IndexTerm> IndexTable::termsOf(Index a, SmallVector<IndexTerm, 1> &storage) const {
  if (a->kind == IndexExpr::Kind::Linear)
    return a->terms;
  storage.push_back({a, Size(1)});
  return storage;
}

/// Replaces n * floorDiv(x, n) * c + mod(x, n) * c by c * x where it finds both.
static bool joinQuotients(SmallVectorImpl<IndexTerm> &terms, moec::onnx::SizeTable &sizes,
                          Index &joined, Size &factor) {
  for (const IndexTerm &rest : terms) {
    if (rest.atom->kind != IndexExpr::Kind::Mod)
      continue;
    for (const IndexTerm &quotient : terms) {
      if (quotient.atom->kind != IndexExpr::Kind::FloorDiv ||
          quotient.atom->args[0] != rest.atom->args[0] || quotient.atom->size != rest.atom->size ||
          quotient.coefficient != sizes.mul(rest.coefficient, rest.atom->size))
        continue;
      joined = rest.atom->args[0];
      factor = rest.coefficient;
      Index a = rest.atom, b = quotient.atom;
      erase_if(terms, [&](const IndexTerm &term) { return term.atom == a || term.atom == b; });
      return true;
    }
  }
  return false;
}

Index IndexTable::linear(SmallVector<IndexTerm, 2> terms, Size constant) {
  erase_if(terms, [](const IndexTerm &term) { return term.coefficient.isConstant(0); });
  Index joined;
  Size factor;
  if (terms.size() > 1 && joinQuotients(terms, sizes, joined, factor))
    return add(linear(std::move(terms), std::move(constant)), scale(joined, factor));
  if (terms.size() == 1 && terms[0].coefficient.isConstant(1) && constant.isConstant(0))
    return terms[0].atom;
  IndexExpr node;
  node.terms = std::move(terms);
  node.size = std::move(constant);
  return intern(std::move(node));
}

Index IndexTable::constant(const Size &value) { return linear({}, value); }

Index IndexTable::add(Index a, Index b) {
  SmallVector<IndexTerm, 1> storageA, storageB;
  ArrayRef<IndexTerm> left = termsOf(a, storageA), right = termsOf(b, storageB);
  SmallVector<IndexTerm, 2> terms;
  while (!left.empty() || !right.empty()) {
    if (right.empty() || (!left.empty() && left[0].atom->id < right[0].atom->id)) {
      terms.push_back(left[0]);
      left = left.drop_front();
    } else if (left.empty() || right[0].atom->id < left[0].atom->id) {
      terms.push_back(right[0]);
      right = right.drop_front();
    } else {
      terms.push_back({left[0].atom, sizes.add(left[0].coefficient, right[0].coefficient)});
      left = left.drop_front();
      right = right.drop_front();
    }
  }
  Size zero;
  const Size &x = a->kind == IndexExpr::Kind::Linear ? a->size : zero;
  const Size &y = b->kind == IndexExpr::Kind::Linear ? b->size : zero;
  return linear(std::move(terms), sizes.add(x, y));
}

Index IndexTable::scale(Index a, const Size &factor) {
  SmallVector<IndexTerm, 1> storage;
  SmallVector<IndexTerm, 2> terms;
  for (const IndexTerm &term : termsOf(a, storage))
    terms.push_back({term.atom, sizes.mul(term.coefficient, factor)});
  Size constant = a->kind == IndexExpr::Kind::Linear ? sizes.mul(a->size, factor) : Size(0);
  return linear(std::move(terms), std::move(constant));
}

Index IndexTable::mul(Index a, Index b) {
  if (a->isConstant())
    return scale(b, a->size);
  return b->isConstant() ? scale(a, b->size) : nullptr;
}

//===----------------------------------------------------------------------===//
// Atoms
//===----------------------------------------------------------------------===//

Index IndexTable::var(unsigned position, const Size &extent) {
  if (extent.isConstant(1))
    return constant(0);
  IndexExpr node;
  node.kind = IndexExpr::Kind::Var;
  node.position = position;
  node.size = extent;
  return intern(std::move(node));
}

Index IndexTable::read(mlir::Value base, ArrayRef<Index> args) {
  // p[q[i]] where p and q are inverse to each other.
  if (args.size() == 1 && args[0]->isRead() && args[0]->args.size() == 1)
    if (auto it = inverses.find(base); it != inverses.end() && it->second == args[0]->base)
      return args[0]->args[0];
  if (args.size() == 2 && args[1]->isVar())
    if (auto it = columns.find({base, args[1]}); it != columns.end())
      if (std::optional<int64_t> row = args[0]->getConstant();
          row && *row >= 0 && *row < static_cast<int64_t>(it->second.size()))
        return it->second[*row];
  IndexExpr node;
  node.kind = IndexExpr::Kind::Read;
  node.base = base;
  node.args.assign(args.begin(), args.end());
  return intern(std::move(node));
}

std::pair<Index, Index> IndexTable::divide(Index a, const Size &divisor) {
  SmallVector<IndexTerm, 1> storage;
  SmallVector<IndexTerm, 2> quotient, rest;
  for (const IndexTerm &term : termsOf(a, storage)) {
    if (std::optional<Size> exact = sizes.divideExactly(term.coefficient, divisor))
      quotient.push_back({term.atom, *exact});
    else
      rest.push_back(term);
  }
  Size quotientConstant, restConstant;
  if (a->kind == IndexExpr::Kind::Linear) {
    std::optional<int64_t> c = a->size.getConstant(), d = divisor.getConstant();
    if (std::optional<Size> exact = sizes.divideExactly(a->size, divisor)) {
      quotientConstant = *exact;
    } else if (c && d && *d > 0 && *c >= 0) {
      quotientConstant = *c / *d;
      restConstant = *c % *d;
    } else {
      restConstant = a->size;
    }
  }
  return {linear(std::move(quotient), quotientConstant), linear(std::move(rest), restConstant)};
}

Index IndexTable::floorDiv(Index a, const Size &divisor) {
  if (divisor.isConstant(1))
    return a;
  auto [quotient, rest] = divide(a, divisor);
  if (isWithin(rest, divisor))
    return quotient;
  IndexExpr node;
  node.kind = IndexExpr::Kind::FloorDiv;
  node.args.push_back(rest);
  node.size = divisor;
  return add(quotient, intern(std::move(node)));
}

Index IndexTable::mod(Index a, const Size &divisor) {
  if (divisor.isConstant(1))
    return constant(0);
  Index rest = divide(a, divisor).second;
  if (isWithin(rest, divisor))
    return rest;
  IndexExpr node;
  node.kind = IndexExpr::Kind::Mod;
  node.args.push_back(rest);
  node.size = divisor;
  return intern(std::move(node));
}

Index IndexTable::table(Index a, ArrayRef<int64_t> entries) {
  if (std::optional<int64_t> known = a->getConstant())
    if (*known >= 0 && *known < static_cast<int64_t>(entries.size()))
      return constant(entries[*known]);
  if (llvm::equal(entries, seq<int64_t>(0, entries.size())))
    return a;
  if (!entries.empty() && all_equal(entries))
    return constant(entries[0]);
  IndexExpr node;
  node.kind = IndexExpr::Kind::Table;
  node.args.push_back(a);
  node.entries.assign(entries.begin(), entries.end());
  return intern(std::move(node));
}

Index IndexTable::equal(Index a, Index b) {
  Index difference = sub(a, b);
  if (difference->isConstant()) {
    if (std::optional<bool> known = sizes.isEqual(difference->size, 0))
      return constant(*known);
  } else if (IndexRange bounds = range(difference);
             (bounds.low && sizes.isLess(0, *bounds.low) == true) ||
             (bounds.high && sizes.isLess(0, *bounds.high) == false)) {
    return constant(0);
  }
  if (b->id < a->id)
    std::swap(a, b);
  IndexExpr node;
  node.kind = IndexExpr::Kind::Equal;
  node.args = {a, b};
  return intern(std::move(node));
}

//===----------------------------------------------------------------------===//
// Substitution
//===----------------------------------------------------------------------===//

Index IndexTable::rebuild(Index a, function_ref<Index(Index)> onVar, DenseMap<Index, Index> &done) {
  if (auto it = done.find(a); it != done.end())
    return it->second;
  auto again = [&](Index b) { return rebuild(b, onVar, done); };
  Index result = a;
  switch (a->kind) {
  case IndexExpr::Kind::Linear:
    result = constant(a->size);
    for (const IndexTerm &term : a->terms)
      result = add(result, scale(again(term.atom), term.coefficient));
    break;
  case IndexExpr::Kind::Var:
    result = onVar(a);
    break;
  case IndexExpr::Kind::Read: {
    SmallVector<Index, 4> args = map_to_vector<4>(a->args, again);
    result = read(a->base, args);
    break;
  }
  case IndexExpr::Kind::FloorDiv:
    result = floorDiv(again(a->args[0]), a->size);
    break;
  case IndexExpr::Kind::Mod:
    result = mod(again(a->args[0]), a->size);
    break;
  case IndexExpr::Kind::Table:
    result = table(again(a->args[0]), a->entries);
    break;
  case IndexExpr::Kind::Equal:
    result = equal(again(a->args[0]), again(a->args[1]));
    break;
  }
  done[a] = result;
  return result;
}

Index IndexTable::substitute(Index a, ArrayRef<Index> args) {
  DenseMap<Index, Index> done;
  return rebuild(
      a, [&](Index v) { return v->position < args.size() ? args[v->position] : v; }, done);
}

Index IndexTable::substitute(Index a, unsigned position, Index value) {
  DenseMap<Index, Index> done;
  return rebuild(a, [&](Index v) { return v->position == position ? value : v; }, done);
}

SmallVector<Index, 4> IndexTable::variables(ArrayRef<Size> shape, unsigned first) {
  SmallVector<Index, 4> result;
  for (const Size &size : shape)
    result.push_back(var(first + result.size(), size));
  return result;
}

Index IndexTable::linearise(ArrayRef<Index> indices, ArrayRef<Size> shape) {
  Index place = constant(0);
  for (auto [index, size] : zip_equal(indices, shape))
    place = add(scale(place, size), index);
  return place;
}

SmallVector<Index, 4> IndexTable::delinearise(Index place, ArrayRef<Size> shape) {
  SmallVector<Index, 4> result(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    // The first axis takes all that is left.
    result[axis] = axis == 0 ? place : mod(place, shape[axis]);
    if (shape[axis].isConstant(1))
      result[axis] = constant(0);
    place = floorDiv(place, shape[axis]);
  }
  return result;
}
