//===- SmallSizes.cpp - Small numbers for symbolic sizes --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/SmallSizes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <set>

using namespace moec;
using namespace moec::recognise;
using onnx::Size;
using onnx::SizeFn;

namespace {

class Chooser {
public:
  Chooser(const onnx::SizeTable &table, const Size &tokens, llvm::ArrayRef<Size> shapes,
          llvm::ArrayRef<Size> others)
      : table(table), tokens(tokens), shapes(shapes), others(others) {
    addSymbols(tokens);
    for (const Size &size : llvm::concat<const Size>(shapes, others))
      addSymbols(size);
  }

  std::optional<std::vector<SmallSizes>> choose() {
    constexpr size_t maxSymbols = 4;
    if (symbols.size() > maxSymbols)
      return std::nullopt;
    if (!tryAll(std::vector<unsigned>(symbols.begin(), symbols.end())))
      return std::nullopt;
    std::vector<SmallSizes> result;
    for (auto &[tokens, choice] : best)
      if (result.size() < largest)
        result.push_back({tokens, std::move(choice.values)});
    return result;
  }

private:
  static constexpr int64_t largest = 7;

  struct Choice {
    int64_t maximum;
    std::vector<int64_t> values;
  };

  void addSymbols(const Size &size) {
    for (const onnx::SizeTerm &term : size.getTerms())
      for (unsigned symbol : term.symbols) {
        // Expressions share their operands; each is followed once.
        if (!seen.insert(symbol).second)
          continue;
        if (auto expression = table.getExpression(symbol)) {
          addSymbols(std::get<1>(*expression));
          addSymbols(std::get<2>(*expression));
        } else {
          symbols.insert(symbol);
        }
      }
  }

  /// Whether the sizes have values for one choice at least.
  bool tryAll(llvm::ArrayRef<unsigned> order) {
    if (order.empty())
      return tryOne();
    bool isKnown = false;
    for (int64_t value = 1; value <= largest; ++value) {
      chosen[order.front()] = value;
      isKnown |= tryAll(order.drop_front());
    }
    return isKnown;
  }

  bool tryOne() {
    Choice choice{0, {}};
    for (auto [symbol, value] : chosen)
      choice.maximum = std::max(choice.maximum, value);
    values.clear();
    std::optional<int64_t> count = evaluate(tokens);
    if (!count)
      return false;
    bool isPossible = *count >= 1 && *count <= maxSmallTokens;
    for (const Size &size : llvm::concat<const Size>(shapes, others)) {
      std::optional<int64_t> value = evaluate(size);
      if (!value)
        return false;
      choice.values.push_back(*value);
    }
    for (int64_t size : llvm::ArrayRef(choice.values).take_front(shapes.size()))
      isPossible &= size >= 1;
    if (!isPossible)
      return true;
    auto [place, isNew] = best.try_emplace(*count, choice);
    if (!isNew && choice.maximum < place->second.maximum)
      place->second = std::move(choice);
    return true;
  }

  std::optional<int64_t> evaluate(const Size &size) {
    int64_t sum = 0;
    for (const onnx::SizeTerm &term : size.getTerms()) {
      int64_t value = term.coefficient;
      for (unsigned symbol : term.symbols) {
        std::optional<int64_t> factor = evaluate(symbol);
        if (!factor || llvm::MulOverflow(value, *factor, value))
          return std::nullopt;
      }
      if (llvm::AddOverflow(sum, value, sum))
        return std::nullopt;
    }
    return sum;
  }

  std::optional<int64_t> evaluate(unsigned symbol) {
    auto expression = table.getExpression(symbol);
    if (!expression)
      return chosen.at(symbol);
    if (auto it = values.find(symbol); it != values.end())
      return it->second;
    std::optional<int64_t> value = evaluate(*expression);
    values[symbol] = value;
    return value;
  }

  std::optional<int64_t> evaluate(const std::tuple<SizeFn, Size, Size> &expression) {
    std::optional<int64_t> a = evaluate(std::get<1>(expression));
    std::optional<int64_t> b = evaluate(std::get<2>(expression));
    if (!a || !b)
      return std::nullopt;
    switch (std::get<0>(expression)) {
    case SizeFn::Mul: {
      int64_t value;
      return llvm::MulOverflow(*a, *b, value) ? std::nullopt : std::optional(value);
    }
    case SizeFn::Min:
      return std::min(*a, *b);
    case SizeFn::Max:
      return std::max(*a, *b);
    case SizeFn::Broadcast:
      if (*a != *b && *a != 1 && *b != 1)
        return std::nullopt;
      return *a == 1 ? *b : *a;
    case SizeFn::FloorDiv:
    case SizeFn::TruncDiv:
    case SizeFn::FloorMod:
    case SizeFn::TruncMod:
      return divide(std::get<0>(expression), *a, *b);
    }
    llvm_unreachable("all functions are listed");
  }

  static std::optional<int64_t> divide(SizeFn fn, int64_t a, int64_t b) {
    // The only quotient that overflows is that by -1.
    if (b == 0 || b == -1)
      return std::nullopt;
    int64_t quotient = a / b, rest = a % b;
    bool isBelow = rest != 0 && (rest < 0) != (b < 0);
    if (fn == SizeFn::FloorDiv)
      return quotient - isBelow;
    if (fn == SizeFn::FloorMod)
      return isBelow ? rest + b : rest;
    return fn == SizeFn::TruncDiv ? quotient : rest;
  }

  const onnx::SizeTable &table;
  const Size &tokens;
  llvm::ArrayRef<Size> shapes, others;
  std::set<unsigned> symbols, seen;
  std::map<unsigned, int64_t> chosen;
  /// Of expressions, for what is chosen.
  std::map<unsigned, std::optional<int64_t>> values;
  /// By number of tokens.
  std::map<int64_t, Choice> best;
};

} // namespace

std::optional<std::vector<SmallSizes>>
moec::recognise::findSmallSizes(const onnx::SizeTable &table, const Size &tokens,
                                llvm::ArrayRef<Size> shapes, llvm::ArrayRef<Size> others) {
  return Chooser(table, tokens, shapes, others).choose();
}
