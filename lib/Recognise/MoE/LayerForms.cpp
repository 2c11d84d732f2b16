//===- LayerForms.cpp - A layer before and after recognition ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/LayerForms.h"

#include "dialects/RT/IR/RT.h"
#include "lib/Recognise/MoE/Layer.h"
#include "lib/Recognise/MoE/SmallSizes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

namespace {

class Cutter {
public:
  Cutter(Facts &facts, const LayerForm &form)
      : facts(facts), form(form), logits(form.router.logits) {
    Index element = facts.element(form.x);
    hidden = element->isRead() ? element->base : form.x;
  }

  void cut(LayerForms &result) {
    findInside();
    if (!collect(form.original, former) || !collect(form.replacement, latter) ||
        !chooseSizes(result.sizes)) {
      result.problem = std::move(problem);
      return;
    }
    OpBuilder b(form.x.getContext());
    result.module = ModuleOp::create(b, result.where);
    // Weights first: their names are kept, so that what reads them is as in the model.
    SymbolTable names(*result.module);
    for (const SetVector<Operation *> &ops : {former, latter})
      copyWeights(ops.getArrayRef(), names);
    names.insert(makeFunction("original", former, form.original));
    names.insert(makeFunction("recognised", latter, form.replacement));
  }

private:
  bool fail(const Twine &why) {
    problem = why.str();
    return false;
  }

  static SmallVector<Value> operandsOf(Operation *op) {
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    SmallVector<Value> operands = captured.takeVector();
    llvm::append_range(operands, op->getOperands());
    return operands;
  }

  /// What the hidden state, the logits, weights and constants determine.
  void findInside() {
    inside.insert(hidden);
    inside.insert(logits);
    for (Operation &op : *Value(form.original).getParentBlock())
      if (llvm::all_of(operandsOf(&op), [&](Value operand) { return inside.contains(operand); }))
        for (Value value : op.getResults())
          inside.insert(value);
  }

  /// The ops between `result` and the inputs. Integers that the rest of the model computes from
  /// sizes become inputs.
  bool collect(Value result, SetVector<Operation *> &ops) {
    SmallVector<Value> open{result};
    while (!open.empty()) {
      Value value = open.pop_back_val();
      if (value == hidden || value == logits || known.contains(value))
        continue;
      if (!inside.contains(value) && facts.shapes().get(value).elements) {
        known.insert(value);
        continue;
      }
      Operation *op = value.getDefiningOp();
      if (!op)
        return fail("it also depends on " + describe(cast<BlockArgument>(value)));
      if (ops.insert(op))
        llvm::append_range(open, operandsOf(op));
    }
    return true;
  }

  static std::string describe(BlockArgument argument) {
    unsigned number = argument.getArgNumber();
    auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto name = function ? function.getArgAttrOfType<StringAttr>(number, "onnx.name") : nullptr;
    std::string text = "input ";
    llvm::raw_string_ostream os(text);
    if (!name) {
      os << number;
      return text;
    }
    os << "'";
    llvm::printEscapedString(name.getValue(), os);
    os << "'";
    return text;
  }

  bool chooseSizes(std::vector<LayerSizes> &sizes) {
    const onnx::Shape &hiddenShape = *facts.shape(hidden), &logitsShape = *facts.shape(logits);
    SmallVector<onnx::Size> shapes(hiddenShape.begin(), hiddenShape.end()), others;
    llvm::append_range(shapes, logitsShape);
    for (Value value : known)
      llvm::append_range(others, *facts.shapes().get(value).elements);
    std::optional<std::vector<SmallSizes>> found =
        findSmallSizes(facts.sizes(), (*facts.shape(form.x))[0], shapes, others);
    if (!found)
      return fail("it depends on too many sizes");
    if (found->empty())
      return fail("the file fixes a number of tokens above " + Twine(maxSmallTokens));
    for (const SmallSizes &small : *found) {
      LayerSizes one;
      ArrayRef<int64_t> rest = small.values;
      auto take = [&](size_t count) {
        SmallVector<int64_t> taken(rest.take_front(count));
        rest = rest.drop_front(count);
        return taken;
      };
      one.tokens = small.tokens;
      one.hidden = take(hiddenShape.size());
      one.logits = take(logitsShape.size());
      for (Value value : known)
        one.elements.push_back(take(facts.shapes().get(value).elements->size()));
      sizes.push_back(std::move(one));
    }
    return true;
  }

  void copyWeights(ArrayRef<Operation *> ops, SymbolTable &names) {
    for (Operation *op : ops)
      if (auto read = dyn_cast<rt::GetWeightOp>(op); read && !names.lookup(read.getWeight()))
        names.insert(SymbolTable::lookupNearestSymbolFrom(op, read.getWeightAttr())->clone());
  }

  func::FuncOp makeFunction(StringRef name, const SetVector<Operation *> &ops, Value result) {
    OpBuilder b(result.getContext());
    SmallVector<Value> inputs{hidden, logits};
    llvm::append_range(inputs, known);
    SmallVector<std::string> inputNames{"hidden", "logits"};
    for (size_t i = 0; i < known.size(); ++i)
      inputNames.push_back("sizes." + std::to_string(i));
    auto type = FunctionType::get(b.getContext(), TypeRange(ValueRange(inputs)), result.getType());
    auto function = func::FuncOp::create(result.getLoc(), name, type);
    Block *body = function.addEntryBlock();
    IRMapping mapping;
    mapping.map(inputs, body->getArguments());
    for (auto [index, input] : llvm::enumerate(inputs)) {
      function.setArgAttr(index, "onnx.name", b.getStringAttr(inputNames[index]));
      function.setArgAttr(index, "onnx.dim_names", dimNames(b, input));
    }
    function.setResultAttr(0, "onnx.name", b.getStringAttr("result"));
    b.setInsertionPointToEnd(body);
    for (Operation &op : *result.getParentBlock())
      if (ops.contains(&op))
        b.clone(op, mapping);
    func::ReturnOp::create(b, result.getLoc(), mapping.lookup(result));
    return function;
  }

  /// Sizes that are equal in the model are so in the functions.
  ArrayAttr dimNames(OpBuilder &b, Value value) {
    SmallVector<std::string> names;
    for (const onnx::Size &size : *facts.shape(value)) {
      std::optional<unsigned> symbol = size.getSymbol();
      names.push_back(symbol ? "d" + std::to_string(*symbol) : "");
    }
    return b.getStrArrayAttr(SmallVector<StringRef>(names.begin(), names.end()));
  }

  Facts &facts;
  const LayerForm &form;
  Value hidden, logits;
  DenseSet<Value> inside;
  /// Integers known by sizes alone, in the order of the inputs.
  SetVector<Value> known;
  SetVector<Operation *> former, latter;
  std::string problem;
};

} // namespace

LayerForms moec::recognise::cutLayer(Facts &facts, const ChoiceFact &choice,
                                     const LayerForm &form) {
  onnx::TopKOp op = choice.op;
  LayerForms result(op.getLoc());
  result.experts = choice.experts;
  result.k = choice.k;
  result.areScores = form.router.score == moe::Score::Identity;
  Cutter(facts, form).cut(result);
  return result;
}
