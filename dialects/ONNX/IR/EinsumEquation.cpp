//===- EinsumEquation.cpp - Terms of an einsum -------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/EinsumEquation.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace llvm;
using namespace moec::onnx;

static Expected<EinsumTerm> parseTerm(StringRef text) {
  EinsumTerm term;
  for (; !text.empty(); text = text.drop_front()) {
    if (text.starts_with("...")) {
      if (term.ellipsis)
        return createStringError("expects at most one ellipsis per term");
      term.ellipsis = term.names.size();
      text = text.drop_front(2);
    } else if (isAlpha(text.front())) {
      term.names.push_back(text.front());
    } else {
      return createStringError("unexpected '" + text.take_front(1) + "' in the equation");
    }
  }
  return term;
}

Expected<EinsumEquation> moec::onnx::parseEinsum(StringRef equation, size_t numInputs) {
  std::string dense = equation.str();
  llvm::erase(dense, ' ');
  auto [inputText, outputText] = StringRef(dense).split("->");
  SmallVector<StringRef> terms;
  inputText.split(terms, ',');
  if (terms.size() != numInputs)
    return createStringError("expects one term per input, got " + Twine(terms.size()) +
                             " terms for " + Twine(numInputs) + " inputs");
  EinsumEquation result;
  std::map<char, unsigned> occurrences;
  bool hasEllipsis = false;
  for (StringRef text : terms) {
    Expected<EinsumTerm> term = parseTerm(text);
    if (!term)
      return term.takeError();
    hasEllipsis |= term->ellipsis.has_value();
    for (char name : term->names)
      ++occurrences[name];
    result.inputs.push_back(std::move(*term));
  }
  if (!StringRef(dense).contains("->")) {
    if (hasEllipsis)
      result.output.ellipsis = 0;
    for (auto [name, count] : occurrences)
      if (count == 1)
        result.output.names.push_back(name);
    return result;
  }
  Expected<EinsumTerm> output = parseTerm(outputText);
  if (!output)
    return output.takeError();
  result.output = std::move(*output);
  if (result.output.ellipsis && !hasEllipsis)
    return createStringError("the output has an ellipsis that no input has");
  for (char name : result.output.names)
    if (!occurrences.count(name) || StringRef(result.output.names).count(name) > 1)
      return createStringError("expects axis '" + Twine(name) +
                               "' of the output to occur in an input, and once in the output");
  return result;
}
