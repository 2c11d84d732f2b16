//===- SymbolicSize.cpp - Polynomials over unknown sizes --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/SymbolicSize.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace moec::onnx;
using llvm::SmallVector;

/// Beyond it, expressions are opaque: nothing in a graph needs more, and time stays linear.
static constexpr size_t maxTerms = 32;

/// By degree, then by symbols: an order that multiplication keeps, which division relies on.
static bool lessSymbols(llvm::ArrayRef<unsigned> a, llvm::ArrayRef<unsigned> b) {
  if (a.size() != b.size())
    return a.size() < b.size();
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

bool Size::operator<(const Size &other) const {
  return std::lexicographical_compare(terms.begin(), terms.end(), other.terms.begin(),
                                      other.terms.end(), [](const SizeTerm &a, const SizeTerm &b) {
                                        if (a.symbols != b.symbols)
                                          return lessSymbols(a.symbols, b.symbols);
                                        return a.coefficient < b.coefficient;
                                      });
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

Size Size::ofSymbol(unsigned symbol) {
  Size result;
  result.terms.push_back({{symbol}, 1});
  return result;
}

Size SizeTable::named(llvm::StringRef name, int64_t lowerBound) {
  auto [it, isNew] = byName.try_emplace(name, symbols.size());
  if (isNew)
    symbols.push_back({name.str(), lowerBound});
  return Size::ofSymbol(it->second);
}

Size SizeTable::fresh(std::optional<int64_t> lowerBound) {
  symbols.push_back({"?" + std::to_string(symbols.size()), lowerBound});
  return Size::ofSymbol(symbols.size() - 1);
}

Size SizeTable::opaque(SizeFn fn, const Size &a, const Size &b, std::optional<int64_t> lowerBound) {
  bool commutes =
      fn == SizeFn::Mul || fn == SizeFn::Min || fn == SizeFn::Max || fn == SizeFn::Broadcast;
  auto key = commutes && b < a ? std::make_tuple(fn, b, a) : std::make_tuple(fn, a, b);
  auto it = byExpression.find(key);
  if (it == byExpression.end()) {
    Size symbol = fresh(lowerBound);
    expressions.emplace(*symbol.getSymbol(), key);
    it = byExpression.emplace(std::move(key), *symbol.getSymbol()).first;
  }
  return Size::ofSymbol(it->second);
}

std::optional<std::tuple<SizeFn, Size, Size>> SizeTable::getExpression(unsigned symbol) const {
  auto it = expressions.find(symbol);
  if (it == expressions.end())
    return std::nullopt;
  return it->second;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// a + factor * b, unless it overflows or grows too long.
std::optional<Size> SizeTable::tryAdd(const Size &a, const Size &b, int64_t factor) const {
  Size result;
  auto left = a.terms.begin(), right = b.terms.begin();
  while (left != a.terms.end() || right != b.terms.end()) {
    SizeTerm term;
    bool takeLeft = right == b.terms.end() ||
                    (left != a.terms.end() && !lessSymbols(right->symbols, left->symbols));
    bool takeRight = left == a.terms.end() ||
                     (right != b.terms.end() && !lessSymbols(left->symbols, right->symbols));
    if (takeLeft) {
      term = *left++;
    }
    if (takeRight) {
      int64_t scaled;
      term.symbols = right->symbols;
      if (llvm::MulOverflow(right->coefficient, factor, scaled) ||
          llvm::AddOverflow(term.coefficient, scaled, term.coefficient))
        return std::nullopt;
      ++right;
    }
    if (term.coefficient != 0)
      result.terms.push_back(std::move(term));
  }
  if (result.terms.size() > maxTerms)
    return std::nullopt;
  return result;
}

std::optional<Size> SizeTable::tryMul(const Size &a, const Size &b) const {
  Size result;
  for (const SizeTerm &x : a.terms)
    for (const SizeTerm &y : b.terms) {
      Size product;
      SizeTerm term;
      if (llvm::MulOverflow(x.coefficient, y.coefficient, term.coefficient))
        return std::nullopt;
      term.symbols.resize(x.symbols.size() + y.symbols.size());
      std::merge(x.symbols.begin(), x.symbols.end(), y.symbols.begin(), y.symbols.end(),
                 term.symbols.begin());
      if (term.symbols.size() > maxTerms)
        return std::nullopt;
      product.terms.push_back(std::move(term));
      std::optional<Size> sum = tryAdd(result, product, 1);
      if (!sum)
        return std::nullopt;
      result = std::move(*sum);
    }
  return result;
}

Size SizeTable::add(const Size &a, const Size &b) {
  std::optional<Size> sum = tryAdd(a, b, 1);
  return sum ? *sum : fresh(std::nullopt);
}

Size SizeTable::sub(const Size &a, const Size &b) {
  std::optional<Size> difference = tryAdd(a, b, -1);
  return difference ? *difference : fresh(std::nullopt);
}

Size SizeTable::mul(const Size &a, const Size &b) {
  std::optional<Size> product = tryMul(a, b);
  return product ? *product : opaque(SizeFn::Mul, a, b, std::nullopt);
}

std::optional<Size> SizeTable::divideExactly(const Size &a, const Size &b) {
  if (b.terms.empty())
    return std::nullopt;
  // Schoolbook division by the leading term, the last in the order of symbols.
  const SizeTerm &divisor = b.terms.back();
  Size rest = a, quotient;
  for (size_t step = 0; step < maxTerms && !rest.terms.empty(); ++step) {
    const SizeTerm &lead = rest.terms.back();
    SizeTerm term;
    if (!std::includes(lead.symbols.begin(), lead.symbols.end(), divisor.symbols.begin(),
                       divisor.symbols.end()) ||
        (lead.coefficient == INT64_MIN && divisor.coefficient == -1) ||
        lead.coefficient % divisor.coefficient != 0)
      return std::nullopt;
    term.coefficient = lead.coefficient / divisor.coefficient;
    std::set_difference(lead.symbols.begin(), lead.symbols.end(), divisor.symbols.begin(),
                        divisor.symbols.end(), std::back_inserter(term.symbols));
    Size factor;
    factor.terms.push_back(std::move(term));
    std::optional<Size> product = tryMul(factor, b);
    std::optional<Size> next = product ? tryAdd(rest, *product, -1) : std::nullopt;
    std::optional<Size> sum = tryAdd(quotient, factor, 1);
    if (!next || !sum)
      return std::nullopt;
    rest = std::move(*next);
    quotient = std::move(*sum);
  }
  if (!rest.terms.empty())
    return std::nullopt;
  return quotient;
}

static std::optional<int64_t> evaluate(SizeFn fn, int64_t a, int64_t b) {
  switch (fn) {
  case SizeFn::Min:
    return std::min(a, b);
  case SizeFn::Max:
    return std::max(a, b);
  case SizeFn::Mul:
  case SizeFn::Broadcast:
    return std::nullopt;
  case SizeFn::FloorDiv:
  case SizeFn::TruncDiv:
  case SizeFn::FloorMod:
  case SizeFn::TruncMod:
    break;
  }
  if (b == 0 || (a == INT64_MIN && b == -1))
    return std::nullopt;
  int64_t quotient = a / b, remainder = a % b;
  bool adjust = remainder != 0 && (remainder < 0) != (b < 0);
  if (fn == SizeFn::TruncDiv)
    return quotient;
  if (fn == SizeFn::TruncMod)
    return remainder;
  return fn == SizeFn::FloorDiv ? quotient - adjust : (adjust ? remainder + b : remainder);
}

Size SizeTable::apply(SizeFn fn, const Size &a, const Size &b) {
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (x && y)
    if (std::optional<int64_t> value = evaluate(fn, *x, *y))
      return *value;
  std::optional<int64_t> lowA = getLowerBound(a), lowB = getLowerBound(b);
  switch (fn) {
  case SizeFn::Mul:
    return mul(a, b);
  case SizeFn::Broadcast:
    if (std::optional<Size> size = broadcast(a, b))
      return *size;
    return fresh();
  case SizeFn::Min:
  case SizeFn::Max: {
    bool isMin = fn == SizeFn::Min;
    if (a == b)
      return a;
    if (std::optional<bool> less = isLess(a, b))
      return *less == isMin ? a : b;
    if (std::optional<bool> less = isLess(b, a))
      return *less == isMin ? b : a;
    std::optional<int64_t> bound;
    if (lowA && lowB)
      bound = isMin ? std::min(*lowA, *lowB) : std::max(*lowA, *lowB);
    else if (!isMin)
      bound = lowA ? lowA : lowB;
    return opaque(fn, a, b, bound);
  }
  case SizeFn::FloorDiv:
  case SizeFn::TruncDiv:
  case SizeFn::FloorMod:
  case SizeFn::TruncMod: {
    bool isMod = fn == SizeFn::FloorMod || fn == SizeFn::TruncMod;
    if (std::optional<Size> quotient = divideExactly(a, b))
      return isMod ? Size(0) : *quotient;
    bool nonNegative = lowA && *lowA >= 0 && lowB && *lowB > 0;
    // Both roundings agree on non-negative values and should then be equal.
    if (nonNegative && fn == SizeFn::TruncDiv)
      fn = SizeFn::FloorDiv;
    if (nonNegative && fn == SizeFn::TruncMod)
      fn = SizeFn::FloorMod;
    bool floorMod = fn == SizeFn::FloorMod && lowB && *lowB > 0;
    return opaque(fn, a, b, nonNegative || floorMod ? std::optional<int64_t>(0) : std::nullopt);
  }
  }
  return fresh(std::nullopt);
}

std::optional<Size> SizeTable::broadcast(const Size &a, const Size &b) {
  if (a == b || b.isConstant(1))
    return a;
  if (a.isConstant(1))
    return b;
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (x && y)
    return std::nullopt;
  if (x)
    return a;
  if (y)
    return b;
  return opaque(SizeFn::Broadcast, a, b, 0);
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

std::optional<int64_t> SizeTable::getLowerBound(const Size &size) const {
  int64_t bound = 0;
  for (const SizeTerm &term : size.terms) {
    int64_t value = term.coefficient;
    if (!term.symbols.empty() && value < 0)
      return std::nullopt;
    for (unsigned symbol : term.symbols) {
      std::optional<int64_t> low = symbols[symbol].lowerBound;
      if (!low || *low < 0 || llvm::MulOverflow(value, *low, value))
        return std::nullopt;
    }
    if (llvm::AddOverflow(bound, value, bound))
      return std::nullopt;
  }
  return bound;
}

std::optional<bool> SizeTable::isLess(const Size &a, const Size &b) {
  std::optional<int64_t> low;
  if (std::optional<Size> difference = tryAdd(b, a, -1))
    if ((low = getLowerBound(*difference)) && *low > 0)
      return true;
  if (std::optional<Size> difference = tryAdd(a, b, -1))
    if ((low = getLowerBound(*difference)) && *low >= 0)
      return false;
  return std::nullopt;
}

std::optional<bool> SizeTable::isEqual(const Size &a, const Size &b) {
  if (a == b)
    return true;
  if (isLess(a, b) == true || isLess(b, a) == true)
    return false;
  return std::nullopt;
}

void SizeTable::print(const Size &size, llvm::raw_ostream &os) const {
  if (size.terms.empty())
    os << 0;
  llvm::interleave(
      size.terms, os,
      [&](const SizeTerm &term) {
        if (term.symbols.empty() || term.coefficient != 1)
          os << term.coefficient << (term.symbols.empty() ? "" : "*");
        llvm::interleave(
            term.symbols, os, [&](unsigned symbol) { os << symbols[symbol].name; }, "*");
      },
      " + ");
}
