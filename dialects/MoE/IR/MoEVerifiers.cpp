//===- MoEVerifiers.cpp - Legality of moe ops -------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/IR/RankGroup.h"
#include "dialects/MoE/IR/SizeChecks.h"

using namespace mlir;
using namespace moec::moe;

//===----------------------------------------------------------------------===//
// Shape checks that several ops share
//===----------------------------------------------------------------------===//

static Type elementType(Value value) { return getElementTypeOrSelf(value.getType()); }

/// Requires `value`, if present, to have the given sizes.
static LogicalResult hasShape(Operation *op, StringRef name, Value value, ArrayRef<int64_t> sizes) {
  if (!value)
    return success();
  for (auto [index, size] : llvm::enumerate(sizes))
    if (failed(sameSize(op, "dimension " + Twine(index) + " of " + name, size, dim(value, index))))
      return failure();
  return success();
}

static LogicalResult checkChoices(Operation *op, int64_t k, int64_t experts) {
  if (k < 1)
    return op->emitOpError("expects k >= 1, got k = ") << k;
  if (!ShapedType::isDynamic(experts) && k > experts)
    return op->emitOpError("expects k <= number of experts, got k = ")
           << k << " of " << experts << " experts";
  return success();
}

static LogicalResult checkExperts(Operation *op, int64_t experts) {
  if (experts < 1)
    return op->emitOpError("expects at least one expert, got experts = ") << experts;
  if (experts > std::numeric_limits<int32_t>::max())
    return op->emitOpError("ids are i32 and cannot name ") << experts << " experts";
  return success();
}

/// offsets has one entry per expert and one more.
static LogicalResult checkOffsets(Operation *op, Value offsets, int64_t experts) {
  return sameSize(op, "the number of offsets (experts + 1)",
                  ShapedType::isDynamic(experts) ? experts : experts + 1, dim(offsets, 0));
}

//===----------------------------------------------------------------------===//
// Router
//===----------------------------------------------------------------------===//

static LogicalResult verifyGroups(RouteOp op, GroupsAttr groups, int64_t experts) {
  if (op.getSelect() != Select::TokenTopK)
    return op.emitOpError("groups limit a top-k selection; they have no meaning with select = ")
           << stringifySelect(op.getSelect());
  int64_t k = op.getK();
  // Comparing both with k first keeps their product from overflowing.
  if (groups.getEach() > 0 &&
      (groups.getEach() > k || groups.getKeep() > k || groups.getEach() * groups.getKeep() != k))
    return op.emitOpError("expects k = keep * each, got k = ")
           << k << ", keep = " << groups.getKeep() << ", each = " << groups.getEach();
  if (ShapedType::isDynamic(experts))
    return success();
  if (experts % groups.getN() != 0)
    return op.emitOpError("expects groups of equal size, got ")
           << experts << " experts in " << groups.getN() << " groups";
  int64_t size = experts / groups.getN();
  if (groups.getReduce() == GroupReduce::Top2Sum && size < 2)
    return op.emitOpError("expects at least 2 experts per group for top2_sum, got ") << size;
  if (groups.getEach() > size)
    return op.emitOpError("expects each <= experts per group, got each = ")
           << groups.getEach() << " of " << size;
  if (groups.getEach() == 0 && groups.getFill() == GroupFill::NegInf && k > size * groups.getKeep())
    return op.emitOpError("expects k <= experts in kept groups, got k = ")
           << k << " of " << size * groups.getKeep();
  return success();
}

/// An operand is present exactly when the setting that reads it is chosen.
static LogicalResult pairs(Operation *op, StringRef operand, Value value, bool needed,
                           const Twine &setting) {
  if (needed && !value)
    return op->emitOpError() << setting << " needs the operand '" << operand << "'";
  if (!needed && value)
    return op->emitOpError() << "operand '" << operand << "' has no effect without " << setting;
  return success();
}

LogicalResult RouteOp::verify() {
  int64_t tokens = dim(getLogits(), 0), experts = getNumExperts();
  int64_t k = getK();
  if (failed(checkChoices(*this, k, experts)) ||
      failed(hasShape(*this, "ids", getIds(), {tokens, k})) ||
      failed(hasShape(*this, "weights", getWeights(), {tokens, k})) ||
      failed(hasShape(*this, "the key operand", getKeyOverride(), {tokens, experts})) ||
      failed(hasShape(*this, "bias", getSelectBias(), {experts})) ||
      failed(hasShape(*this, "noise", getNoise(), {tokens, experts})) ||
      failed(hasShape(*this, "uniform", getUniform(), {tokens, k})) ||
      failed(hasShape(*this, "the weights operand", getExternalWeights(), {tokens, experts})) ||
      failed(hasShape(*this, "the ids operand", getGivenIds(), {tokens, k})) ||
      failed(hasShape(*this, "token_ids", getTokenIds(), {tokens})))
    return failure();
  if (getTable() && failed(sameSize(*this, "dimension 1 of table", k, dim(getTable(), 1))))
    return failure();

  bool isRandom = getPolicy() && getPolicyAttr().getKind() == PolicyKind::Random;
  if (failed(pairs(*this, "uniform", getUniform(), isRandom, "policy random")) ||
      failed(pairs(*this, "weights", getExternalWeights(), getWeight() == WeightSource::External,
                   "weight = external")) ||
      failed(pairs(*this, "ids", getGivenIds(), getSelect() == Select::Given, "select = given")) ||
      failed(pairs(*this, "table", getTable(), getSelect() == Select::Table, "select = table")) ||
      failed(
          pairs(*this, "token_ids", getTokenIds(), getSelect() == Select::Table, "select = table")))
    return failure();
  if (isRandom && !(getPolicyAttr().getTheta().convertToDouble() > 0))
    return emitOpError("policy random divides by theta and expects it to be positive, got ")
           << getPolicyAttr().getTheta().convertToDouble();

  bool noisyKey = getNoise() && getNoiseSite() != NoiseSite::Logits;
  if (getSelect() != Select::TokenTopK && (getSelectBias() || getKeyOverride() || noisyKey))
    return emitOpError("select = ") << stringifySelect(getSelect())
                                    << " ranks nothing; key, bias and noise in the selection have "
                                       "no effect";
  if (getNoiseSite() != NoiseSite::Logits && !getNoise())
    return emitOpError("noise_site = ")
           << stringifyNoiseSite(getNoiseSite()) << " needs the operand 'noise'";
  if (getNoiseSite() == NoiseSite::SelectLater && getGroups())
    return emitOpError("noise_site = select_later has no meaning together with groups");
  if (getScoreAxis() == ScoreAxis::Tokens && getScore() != Score::Softmax)
    return emitOpError("score_axis = tokens has no effect on score = ")
           << stringifyScore(getScore());
  if (getSelect() == Select::Dense && !ShapedType::isDynamic(experts) && k != experts)
    return emitOpError("select = dense expects k = number of experts, got k = ")
           << k << " of " << experts;
  if (getScore() == Score::SparseMixer) {
    if (k != 2)
      return emitOpError("the sparse mixer chooses 2 experts, got k = ") << k;
    if (getSelect() != Select::TokenTopK || getKey() != Key::Score ||
        getWeight() != WeightSource::Score || getSelectBias() || getKeyOverride() || getGroups() ||
        noisyKey)
      return emitOpError(
          "the sparse mixer selects and weighs by itself; key, bias, groups, select, "
          "weight and noise_site must keep their defaults");
    if (!(getMixerEps().convertToDouble() >= 0))
      return emitOpError("expects mixer_eps >= 0");
  }
  if (GroupsAttr groups = getGroupsAttr())
    return verifyGroups(*this, groups, experts);
  return success();
}

LogicalResult RouteExpertsOp::verify() {
  int64_t tokens = dim(getLogits(), 0), experts = dim(getLogits(), 1);
  if (failed(hasShape(*this, "slots", getSlots(), {tokens, experts})) ||
      failed(hasShape(*this, "weights", getWeights(), {tokens, experts})))
    return failure();
  CapacityKind kind = getCapacity().getKind();
  if (kind == CapacityKind::MaxLoad || kind == CapacityKind::BoundedMaxLoad)
    return emitOpError("experts choose tokens: there is no load to bound their capacity by");
  if (getScore() == Score::SparseMixer)
    return emitOpError("the sparse mixer is a choice of tokens, not of experts");
  if (getScoreAxis() == ScoreAxis::Tokens && getScore() != Score::Softmax)
    return emitOpError("score_axis = tokens has no effect on score = ")
           << stringifyScore(getScore());
  return success();
}

LogicalResult AssignOp::verify() {
  int64_t tokens = dim(getIds(), 0), k = dim(getIds(), 1), experts = getExperts();
  if (failed(checkExperts(*this, experts)) ||
      failed(hasShape(*this, "slots", getSlots(), {tokens, k})) ||
      failed(hasShape(*this, "counts", getCounts(), {experts})) ||
      failed(hasShape(*this, "scores", getScores(), {tokens, k})) ||
      failed(hasShape(*this, "mask", getMask(), {tokens})) ||
      failed(hasShape(*this, "uniform", getUniform(), {tokens, k})))
    return failure();
  Priority priority = getPriority();
  // The getter of a signless attribute is unsigned.
  if (int64_t groupSize = getGroupSize(); groupSize < 0)
    return emitOpError("expects group_size >= 0, got ") << groupSize;
  bool byScore = priority == Priority::ScoreSorted || priority == Priority::PerExpertScore;
  if (byScore && !getScores())
    return emitOpError("priority ") << stringifyPriority(priority) << " needs the operand 'scores'";
  if (failed(
          pairs(*this, "uniform", getUniform(), priority == Priority::Random, "priority random")))
    return failure();
  if (!getCapacity()) {
    if (priority != Priority::Any && priority != Priority::TokenMajor)
      return emitOpError("without capacity nothing is dropped and priority must be any, got ")
             << stringifyPriority(priority);
    if (getOverflow() != Overflow::Drop)
      return emitOpError("without capacity nothing overflows");
    return success();
  }
  if (priority == Priority::Any)
    return emitOpError("capacity needs a priority: which choices are dropped depends on it");
  if (getOverflow() == Overflow::RerouteNext && priority != Priority::ChoiceMajor)
    return emitOpError("overflow = reroute_next fills slots in rounds and expects priority "
                       "choice_major, got ")
           << stringifyPriority(priority);
  return success();
}

LogicalResult RenormOp::verify() {
  int64_t tokens = dim(getWeights(), 0), k = dim(getWeights(), 1);
  return hasShape(*this, "slots", getSlots(), {tokens, k});
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

LogicalResult DispatchOp::verify() {
  int64_t tokens = dim(getX(), 0), hidden = dim(getX(), 1), k = dim(getIds(), 1);
  if (failed(checkExperts(*this, getExperts())) ||
      failed(hasShape(*this, "ids", getIds(), {tokens, k})) ||
      failed(hasShape(*this, "slots", getSlots(), {tokens, k})) ||
      failed(hasShape(*this, "scale", getScale(), {tokens, k})) ||
      failed(hasShape(*this, "positions", getPositions(), {tokens, k})) ||
      failed(sameSize(*this, "dimension 1 of rows", hidden, dim(getRows(), 1))) ||
      failed(checkOffsets(*this, getOffsets(), getExperts())))
    return failure();
  if (elementType(getRows()) != elementType(getX()))
    return emitOpError("expects rows of the element type of x, ")
           << elementType(getX()) << ", got " << elementType(getRows());
  return success();
}

/// Requires `columns`, where they are known, to divide into `parts`, and the result to have one.
static LogicalResult checkParts(Operation *op, int64_t columns, int64_t parts, Value result) {
  if (parts > kMaxExperts)
    return op->emitOpError("expects at most ") << kMaxExperts << " parts, got " << parts;
  if (ShapedType::isDynamic(columns))
    return success();
  if (columns % parts != 0)
    return op->emitOpError("has ")
           << columns << " columns, which do not divide into " << parts << " parts";
  return sameSize(op, "dimension 1 of the result", columns / parts, dim(result, 1));
}

/// Ranges of `experts` experts with `parts` each, or ShapedType::kDynamic.
static int64_t countRanges(int64_t experts, int64_t parts) {
  if (ShapedType::isDynamic(experts) || experts > std::numeric_limits<int32_t>::max() ||
      parts > kMaxExperts)
    return ShapedType::kDynamic;
  return experts * parts;
}

LogicalResult GroupedMatmulOp::verify() {
  bool outIn = getLayout() == WeightLayout::OutIn;
  int64_t experts = dim(getWeights(), 0);
  int64_t n = dim(getWeights(), outIn ? 1 : 2), k = dim(getWeights(), outIn ? 2 : 1);
  if (failed(checkOffsets(*this, getOffsets(), countRanges(experts, getParts()))) ||
      failed(hasShape(*this, "rows", getRows(), {dim(getResult(), 0), k})) ||
      failed(checkParts(*this, n, getParts(), getResult())) ||
      failed(hasShape(*this, "bias", getBias(), {experts, n})))
    return failure();
  return success();
}

static int64_t outDim(Value weights, WeightLayout layout) {
  return dim(weights, layout == WeightLayout::OutIn ? 1 : 2);
}
static int64_t inDim(Value weights, WeightLayout layout) {
  return dim(weights, layout == WeightLayout::OutIn ? 2 : 1);
}

/// Rows of W1 that make one column of the inner activation.
template <typename OpTy>
static int64_t rowsPerInner(OpTy op) {
  int64_t rows = op.getActivation() == Activation::SwigluHalf ? 2 : 1;
  return op.getGate() == Gate::None || op.getGate() == Gate::Separate ? rows : rows * 2;
}

int64_t ExpertOp::getInnerSize() { return inDim(getW2(), getLayout2()); }

int64_t ExpertHiddenOp::getInnerSize() {
  if (getW3())
    return outDim(getW3(), getLayout1());
  int64_t rows = outDim(getW1(), getLayout1());
  return ShapedType::isDynamic(rows) ? rows : rows / rowsPerInner(*this);
}

/// What makes the hidden rows of an expert; `innerName` says what their width is, for messages.
template <typename OpTy>
static LogicalResult verifyHidden(OpTy op, int64_t ranges, StringRef innerName) {
  int64_t experts = dim(op.getW1(), 0), inner = op.getInnerSize(), hidden = dim(op.getRows(), 1);
  int64_t w1Rows = outDim(op.getW1(), op.getLayout1());
  if (failed(checkOffsets(op, op.getOffsets(), ranges)) ||
      failed(sameSize(op, "the input size of w1", hidden, inDim(op.getW1(), op.getLayout1()))) ||
      failed(hasShape(op, "b1", op.getB1(), {experts, w1Rows})))
    return failure();

  bool separate = op.getGate() == Gate::Separate;
  if (failed(pairs(op, "up", op.getW3(), separate, "gate = separate")))
    return failure();
  if (!separate && op.getB3())
    return op.emitOpError("operand 'up_bias' has no effect without gate = separate");
  if (separate &&
      (failed(sameSize(op, "the number of experts of up", experts, dim(op.getW3(), 0))) ||
       failed(sameSize(op, "the input size of up", hidden, inDim(op.getW3(), op.getLayout1()))) ||
       failed(sameSize(op, "the output size of up", inner, outDim(op.getW3(), op.getLayout1()))) ||
       failed(hasShape(op, "up_bias", op.getB3(), {experts, inner}))))
    return failure();

  bool fused = !separate && op.getGate() != Gate::None;
  if (fused && op.getActivation() == Activation::SwigluHalf)
    return op.emitOpError("activation swiglu_half needs twice as many gate as up columns and "
                          "expects gate = none or separate, got ")
           << stringifyGate(op.getGate());
  int64_t perInner = rowsPerInner(op);
  int64_t expected = ShapedType::isDynamic(inner) ? inner : inner * perInner;
  if (failed(sameSize(op, "the output size of w1 (" + Twine(perInner) + " times " + innerName + ")",
                      expected, w1Rows)))
    return failure();

  if (op.getGate() == Gate::None &&
      (op.getGateMax() || op.getUpAbs() || op.getUpOffset().convertToDouble() != 0.0))
    return op.emitOpError("gate_max, up_abs and up_offset have no effect without a gate");
  if (op.getAlpha().convertToDouble() != 1.0 && op.getActivation() != Activation::Silu)
    return op.emitOpError("alpha has no effect on activation ")
           << stringifyActivation(op.getActivation());
  if (op.getUpAbs() && !(op.getUpAbs()->convertToDouble() >= 0))
    return op.emitOpError("expects up_abs >= 0, got ") << op.getUpAbs()->convertToDouble();
  if (elementType(op.getResult()) != elementType(op.getRows()))
    return op.emitOpError("expects a result of the element type of rows, ")
           << elementType(op.getRows()) << ", got " << elementType(op.getResult());
  return success();
}

LogicalResult ExpertOp::verify() {
  int64_t experts = dim(getW1(), 0), rows = dim(getRows(), 0);
  int64_t out = outDim(getW2(), getLayout2());
  if (failed(sameSize(*this, "the number of experts of w2", experts, dim(getW2(), 0))) ||
      failed(hasShape(*this, "b2", getB2(), {experts, out})) ||
      failed(hasShape(*this, "the result", getResult(), {rows, out})))
    return failure();
  return verifyHidden(*this, experts, "the input size of w2");
}

LogicalResult ExpertHiddenOp::verify() {
  if (failed(sameSize(*this, "the number of rows of the result", dim(getRows(), 0),
                      dim(getResult(), 0))) ||
      failed(checkParts(*this, getInnerSize(), getParts(), getResult())))
    return failure();
  return verifyHidden(*this, countRanges(dim(getW1(), 0), getParts()), "the inner size");
}

LogicalResult CombineOp::verify() {
  int64_t tokens = dim(getPositions(), 0), k = dim(getPositions(), 1), hidden = dim(getRows(), 1);
  if (failed(hasShape(*this, "weights", getWeights(), {tokens, k})) ||
      failed(hasShape(*this, "the result", getResult(), {tokens, hidden})) ||
      failed(hasShape(*this, "passthrough", getPassthrough(), {tokens, hidden})))
    return failure();
  for (std::optional<Type> type : {getTermType(), getAccumulator()})
    if (type && !isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(*type))
      return emitOpError("expects term_type and accumulator to be f16, bf16, f32 or f64, got ")
             << *type;
  return success();
}
