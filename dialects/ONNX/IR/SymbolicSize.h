//===- SymbolicSize.h - Polynomials over unknown sizes ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integers that are not known before run time but related to each other: sizes
// of dynamic dimensions and what a graph computes from them. A Size is a
// polynomial with integer coefficients over symbols; a SizeTable owns the
// symbols. What polynomials cannot express (a quotient with a remainder, a
// minimum) becomes a symbol of its own, and equal expressions get the same one,
// so that equality of Sizes is equality of polynomials.
//
// Sizes are values and may be copied freely; they mean something only to the
// table that made them. Neither class is thread-safe.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_SYMBOLICSIZE_H
#define MOEC_DIALECTS_ONNX_IR_SYMBOLICSIZE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace moec::onnx {

/// A coefficient, never zero, times a product of symbols in ascending order.
struct SizeTerm {
  llvm::SmallVector<unsigned, 2> symbols;
  int64_t coefficient = 0;
  bool operator==(const SizeTerm &other) const {
    return coefficient == other.coefficient && symbols == other.symbols;
  }
};

/// A polynomial: terms in ascending order of their symbols, no two alike.
class Size {
public:
  Size(int64_t constant = 0) {
    if (constant != 0)
      terms.push_back({{}, constant});
  }

  /// The value, if no symbol occurs.
  std::optional<int64_t> getConstant() const {
    if (terms.empty())
      return 0;
    if (terms.size() == 1 && terms[0].symbols.empty())
      return terms[0].coefficient;
    return std::nullopt;
  }
  bool isConstant(int64_t value) const { return getConstant() == value; }

  /// The symbol, if the value is one and nothing else.
  std::optional<unsigned> getSymbol() const {
    if (terms.size() == 1 && terms[0].symbols.size() == 1 && terms[0].coefficient == 1)
      return terms[0].symbols[0];
    return std::nullopt;
  }

  llvm::ArrayRef<SizeTerm> getTerms() const { return terms; }
  bool operator==(const Size &other) const { return terms == other.terms; }
  bool operator!=(const Size &other) const { return !(*this == other); }
  bool operator<(const Size &other) const;

private:
  friend class SizeTable;
  static Size ofSymbol(unsigned symbol);
  llvm::SmallVector<SizeTerm, 1> terms;
};

/// Functions of two sizes that stay opaque where they cannot be resolved.
enum class SizeFn { Mul, FloorDiv, TruncDiv, FloorMod, TruncMod, Min, Max, Broadcast };

class SizeTable {
public:
  /// The symbol of a name, the same for every call; at least `lowerBound`.
  Size named(llvm::StringRef name, int64_t lowerBound = 0);
  /// A symbol equal to nothing else, at least `lowerBound` (absent: any value).
  Size fresh(std::optional<int64_t> lowerBound = 0);

  // Arithmetic; a value that does not fit into 64 bits, or a polynomial of more
  // than 32 terms, becomes a symbol.
  Size add(const Size &a, const Size &b);
  Size sub(const Size &a, const Size &b);
  Size mul(const Size &a, const Size &b);
  /// Division and remainder; of a zero divisor, an unknown value.
  Size apply(SizeFn fn, const Size &a, const Size &b);
  /// The quotient, if it is a polynomial and leaves no remainder.
  std::optional<Size> divideExactly(const Size &a, const Size &b);

  /// The size of an axis where two shapes broadcast; absent if they cannot.
  std::optional<Size> broadcast(const Size &a, const Size &b);

  /// The largest number that the value is known not to be below.
  std::optional<int64_t> getLowerBound(const Size &size) const;
  /// a < b and a == b where that is the same for all values of the symbols.
  std::optional<bool> isLess(const Size &a, const Size &b);
  std::optional<bool> isEqual(const Size &a, const Size &b);

  /// The function of two sizes that a symbol stands for, if it is one.
  std::optional<std::tuple<SizeFn, Size, Size>> getExpression(unsigned symbol) const;

  void print(const Size &size, llvm::raw_ostream &os) const;

private:
  struct SymbolInfo {
    std::string name;
    std::optional<int64_t> lowerBound;
  };
  std::optional<Size> tryAdd(const Size &a, const Size &b, int64_t factor) const;
  std::optional<Size> tryMul(const Size &a, const Size &b) const;
  Size opaque(SizeFn fn, const Size &a, const Size &b, std::optional<int64_t> lowerBound);

  std::vector<SymbolInfo> symbols;
  llvm::StringMap<unsigned> byName;
  std::map<std::tuple<SizeFn, Size, Size>, unsigned> byExpression;
  std::map<unsigned, std::tuple<SizeFn, Size, Size>> expressions;
};

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_IR_SYMBOLICSIZE_H
