//===- LayerCases.cpp - Inputs that a layer is tried with -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/LayerCases.h"

#include "lib/Driver/RandomInput.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Support/DebugStringHelper.h"
#include "llvm/ADT/Sequence.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace moec;
using recognise::LayerForms;
using recognise::LayerSizes;

StringRef moec::describe(Routing routing) {
  switch (routing) {
  case Routing::Ordinary:
    return "experts of their own for each token";
  case Routing::Ties:
    return "ties between experts";
  case Routing::AllToOne:
    return "all tokens to the same experts";
  case Routing::IdleExperts:
    return "experts without tokens";
  }
  llvm_unreachable("all routings are listed");
}

namespace {

using Ranks = SmallVector<int64_t, 16>;

class Ranker {
public:
  Ranker(int64_t experts, int64_t k, Routing routing, uint64_t seed)
      : experts(experts), k(k), routing(routing), random(seed), shared(shuffled()) {}

  /// The place of each expert in a token's order; the greatest comes first.
  Ranks next(int64_t token) {
    if (routing == Routing::AllToOne)
      return shared;
    Ranks ranks = shuffled();
    if (routing == Routing::Ties)
      // All alike, or two classes whose members are alike.
      for (int64_t &rank : ranks)
        rank = token % 2 ? rank >= experts / 2 : 0;
    if (routing == Routing::IdleExperts) {
      int64_t idle = std::min(experts / 2, experts - k);
      for (auto [rank, place] : llvm::zip_equal(ranks, shared))
        rank = place < idle ? 0 : rank + 1;
    }
    return ranks;
  }

private:
  Ranks shuffled() {
    Ranks ranks = llvm::to_vector<16>(llvm::seq<int64_t>(0, experts));
    // Fisher and Yates; std::shuffle is another one in every library.
    for (int64_t i = experts - 1; i > 0; --i)
      std::swap(ranks[i], ranks[random() % (i + 1)]);
    return ranks;
  }

  int64_t experts, k;
  Routing routing;
  std::mt19937_64 random;
  Ranks shared;
};

/// Steps between neighbours that 16-bit types hold, with all experts within a few units.
double stepOf(const LayerForms &forms) {
  double levels = std::exp2(std::ceil(std::log2(forms.experts + 2)));
  return forms.areScores ? 1 / levels : std::max(8 / levels, 0.125);
}

} // namespace

llvm::Expected<std::vector<Tensor>>
moec::makeLayerInputs(const LayerForms &forms, const LayerSizes &sizes, Routing routing) {
  auto function = *forms.module.get().getOps<func::FuncOp>().begin();
  uint64_t seed = sizes.tokens * 16 + static_cast<uint64_t>(routing);
  auto failure = [&](unsigned input) {
    return llvm::createStringError("input " + Twine(input) + " of its forms is of type " +
                                   mlir::debugString(function.getArgumentTypes()[input]));
  };
  std::vector<Tensor> inputs;
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
    if (index < 2)
      shape = index == 0 ? sizes.hidden : sizes.logits;
    RankedTensorType fixed = cast<RankedTensorType>(type).clone(shape);
    std::optional<Tensor> tensor = RandomInput(seed).fill(fixed);
    if (!tensor)
      return failure(index);
    inputs.push_back(*tensor);
    if (index == 0)
      continue;
    Tensor &made = inputs.back();
    if (index > 1) {
      for (auto [i, element] : llvm::enumerate(sizes.elements[index - 2]))
        made.setInteger(i, element);
      continue;
    }
    Ranker ranker(forms.experts, forms.k, routing, seed);
    double step = stepOf(forms), first = forms.areScores ? 1 : -double(forms.experts / 2);
    for (int64_t token = 0; token < sizes.tokens; ++token)
      for (auto [expert, rank] : llvm::enumerate(ranker.next(token)))
        made.setReal(token * forms.experts + expert, (first + rank) * step);
  }
  return inputs;
}
