//===- BindState.cpp - Caches become the session's state ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Passes.h"

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace moec::recognise {
#define GEN_PASS_DEF_BINDSTATEPASS
#include "lib/Recognise/Passes.h.inc"

namespace {

/// An input that an output continues: output = concat(input, ...).
struct Pair {
  unsigned input, output;
  onnx::ConcatOp concat;
};

/// Rows that a state can hold where nothing else is said.
constexpr int64_t defaultCapacity = 4096;

/// The text that the `*` of `pattern` stands for; "" where there is no `*` and the names are equal.
std::optional<StringRef> match(StringRef pattern, StringRef name) {
  if (!pattern.contains('*'))
    return pattern == name ? std::optional<StringRef>("") : std::nullopt;
  auto [before, after] = pattern.split('*');
  if (name.size() < before.size() + after.size() || !name.consume_front(before) ||
      !name.consume_back(after))
    return std::nullopt;
  return name;
}

std::string substitute(StringRef pattern, StringRef text) {
  auto [before, after] = pattern.split('*');
  return pattern.contains('*') ? (before + text + after).str() : pattern.str();
}

std::string quote(StringRef name) { return ("'" + name + "'").str(); }

/// Binds the pairs of one entry.
class Binder {
public:
  Binder(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols),
        terminator(cast<func::ReturnOp>(function.front().getTerminator())),
        b(function.getLoc(), OpBuilder::atBlockBegin(&function.front())) {}

  LogicalResult addPattern(StringRef pattern);
  LogicalResult addAll();
  LogicalResult bind(const llvm::StringMap<int64_t> &capacities);
  size_t size() const { return pairs.size(); }

private:
  StringRef inputName(unsigned index) {
    auto name = function.getArgAttrOfType<StringAttr>(index, rt::RTDialect::kName);
    return name ? name.getValue() : "";
  }
  StringRef outputName(unsigned index) {
    auto name = function.getResultAttrOfType<StringAttr>(index, rt::RTDialect::kName);
    return name ? name.getValue() : "";
  }
  /// Name of a dimension of an input, "" for none.
  StringRef dimName(unsigned input, int64_t dim) {
    auto names = function.getArgAttrOfType<ArrayAttr>(input, rt::RTDialect::kDimNames);
    return names ? cast<StringAttr>(names[dim]).getValue() : "";
  }
  RankedTensorType typeOf(unsigned input) {
    return dyn_cast<RankedTensorType>(function.getArgumentTypes()[input]);
  }
  bool isBound(unsigned input) {
    return llvm::any_of(pairs, [&](Pair pair) { return pair.input == input; });
  }
  InFlightDiagnostic error(Pair pair) {
    return emitError(pair.concat ? pair.concat.getLoc() : function.getLoc())
           << "state " << quote((inputName(pair.input) + "=" + outputName(pair.output)).str())
           << ": ";
  }

  LogicalResult add(Pair pair);
  LogicalResult check(Pair pair);
  FailureOr<SmallVector<Value>> findSizes(Pair pair);
  LogicalResult rewrite(Pair pair, const llvm::StringMap<int64_t> &capacities);
  Value getLength(Pair pair, Value state);

  func::FuncOp function;
  SymbolTable &symbols;
  func::ReturnOp terminator;
  ImplicitLocOpBuilder b;
  SmallVector<Pair> pairs;
  /// Rows of the first state with an axis of this name: all have as many.
  llvm::StringMap<Value> lengths;
};

LogicalResult Binder::add(Pair pair) {
  if (isBound(pair.input))
    return error(pair) << "the input is bound already";
  if (failed(check(pair)))
    return failure();
  pairs.push_back(pair);
  return success();
}

LogicalResult Binder::addPattern(StringRef pattern) {
  auto [past, present] = pattern.split('=');
  if (past.empty() || present.empty() || past.count('*') > 1 ||
      past.count('*') != present.count('*'))
    return function.emitError() << "state " << quote(pattern)
                                << ": expects PAST=PRESENT, each with one '*' or none";
  bool isFound = false;
  for (unsigned input = 0; input < function.getNumArguments(); ++input) {
    std::optional<StringRef> text = match(past, inputName(input));
    if (!text)
      continue;
    isFound = true;
    std::string name = substitute(present, *text);
    unsigned output = 0;
    while (output < function.getNumResults() && outputName(output) != name)
      ++output;
    if (output == function.getNumResults())
      return function.emitError() << "state " << quote(pattern) << ": there is no output "
                                  << quote(name) << " for input " << quote(inputName(input));
    auto concat = terminator.getOperand(output).getDefiningOp<onnx::ConcatOp>();
    if (failed(add({input, output, concat})))
      return failure();
  }
  if (isFound)
    return success();
  std::string names;
  for (unsigned input = 0; input < function.getNumArguments(); ++input)
    names += (input ? ", " : "") + inputName(input).str();
  return function.emitError() << "state " << quote(pattern) << ": no input is called "
                              << quote(past) << "; there are " << names;
}

LogicalResult Binder::addAll() {
  for (unsigned output = 0; output < function.getNumResults(); ++output) {
    auto concat = terminator.getOperand(output).getDefiningOp<onnx::ConcatOp>();
    auto input = concat ? dyn_cast<BlockArgument>(concat.getInputs().front()) : BlockArgument();
    auto type = input ? dyn_cast<RankedTensorType>(input.getType()) : RankedTensorType();
    if (!type || concat.getInputs().size() < 2)
      continue;
    int64_t axis = concat.getAxis();
    if (!type.isDynamicDim(axis))
      continue;
    if (failed(add({input.getArgNumber(), output, concat})))
      return failure();
  }
  if (!pairs.empty())
    return success();
  return function.emitError("state 'auto': no output is an input with rows added behind it; name "
                            "the pairs with PAST=PRESENT to see why");
}

LogicalResult Binder::check(Pair pair) {
  Value output = terminator.getOperand(pair.output);
  BlockArgument input = function.getArgument(pair.input);
  if (!pair.concat) {
    InFlightDiagnostic diag = error(pair);
    diag << "the output must be a concatenation of the input and what a run adds to it";
    if (Operation *definition = output.getDefiningOp())
      diag << "; it is made by '" << definition->getName() << "'";
    return diag;
  }
  auto inputs = pair.concat.getInputs();
  if (inputs.front() != input)
    return error(pair) << "the output must be a concatenation whose first operand is the input";
  if (llvm::is_contained(inputs.drop_front(), input) || inputs.size() < 2)
    return error(pair) << "the output must be the input and, behind it, something else";
  auto type = dyn_cast<RankedTensorType>(input.getType());
  auto outputType = dyn_cast<RankedTensorType>(output.getType());
  if (!type || !outputType)
    return error(pair) << "the rank is not known; run onnx-infer-shapes first";
  if (type.getElementType().isUnsignedInteger())
    return error(pair) << "there is no state of " << type.getElementType();
  int64_t axis = pair.concat.getAxis();
  if (!type.isDynamicDim(axis))
    return error(pair) << "dimension " << axis << " of the input, which grows, is fixed at "
                       << type.getDimSize(axis);
  return success();
}

/// Dynamic sizes of the state other than its rows, from inputs that stay.
FailureOr<SmallVector<Value>> Binder::findSizes(Pair pair) {
  RankedTensorType type = typeOf(pair.input);
  int64_t axis = pair.concat.getAxis();
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (dim == axis || !type.isDynamicDim(dim))
      continue;
    StringRef name = dimName(pair.input, dim);
    Value size;
    for (unsigned input = 0; input < function.getNumArguments() && !size; ++input) {
      RankedTensorType other = typeOf(input);
      if (isBound(input) || !other)
        continue;
      for (int64_t at = 0; at < other.getRank() && !size; ++at)
        if (!name.empty() && other.isDynamicDim(at) && dimName(input, at) == name)
          size = b.createOrFold<tensor::DimOp>(function.getArgument(input), at);
    }
    if (!size)
      return error(pair) << "no other input has "
                         << (name.empty() ? "a name for dimension " + std::to_string(dim)
                                          : "the dimension " + quote(name))
                         << " of the input, so a run cannot know its size";
    sizes.push_back(size);
  }
  return sizes;
}

/// Rows before this run. What the model says is one size must be one.
Value Binder::getLength(Pair pair, Value state) {
  int64_t axis = cast<rt::StateType>(state.getType()).getAxis();
  StringRef name = dimName(pair.input, axis);
  Value length = rt::StateLengthOp::create(b, state);
  if (name.empty())
    return length;
  auto [it, isFirst] = lengths.try_emplace(name, length);
  auto equal = [&](Value other, const std::string &what) {
    rt::CheckOp::create(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, length, other),
                        rt::Failure::InvalidArgument,
                        b.getStringAttr("state " + quote(inputName(pair.input)) + " and " + what +
                                        " must have equal sizes in dimension " + quote(name)));
  };
  if (!isFirst) {
    equal(it->second, "the states before it");
    return it->second;
  }
  for (unsigned input = 0; input < function.getNumArguments(); ++input) {
    RankedTensorType type = typeOf(input);
    for (int64_t dim = 0; type && !isBound(input) && dim < type.getRank(); ++dim)
      if (dimName(input, dim) == name)
        equal(b.createOrFold<tensor::DimOp>(function.getArgument(input), dim),
              "input " + quote(inputName(input)));
  }
  return length;
}

LogicalResult Binder::rewrite(Pair pair, const llvm::StringMap<int64_t> &capacities) {
  FailureOr<SmallVector<Value>> sizes = findSizes(pair);
  if (failed(sizes))
    return failure();
  RankedTensorType type = typeOf(pair.input);
  onnx::ConcatOp concat = pair.concat;
  int64_t axis = concat.getAxis();
  auto dimNames = function.getArgAttrOfType<ArrayAttr>(pair.input, rt::RTDialect::kDimNames);
  auto capacity = capacities.find(dimName(pair.input, axis));
  OpBuilder declare(function);
  auto state = rt::StateOp::create(
      declare, concat.getLoc(), declare.getStringAttr(inputName(pair.input)), TypeAttr::get(type),
      declare.getI64IntegerAttr(axis),
      declare.getI64IntegerAttr(capacity == capacities.end() ? defaultCapacity : capacity->second),
      declare.getI64IntegerAttr(1), dimNames);
  if (symbols.lookup(state.getSymName())) {
    state.erase();
    return error(pair) << "the module has another symbol of the input's name";
  }
  symbols.insert(state, function->getIterator());

  Value handle = rt::StateHandleOp::create(b, rt::StateType::get(b.getContext(), type, axis, 1),
                                           state.getSymName());
  Value length = getLength(pair, handle);
  ImplicitLocOpBuilder inner(concat.getLoc(), concat);
  ValueRange added = concat.getInputs().drop_front();
  Value rows = added.front();
  if (added.size() > 1)
    rows = onnx::ConcatOp::create(inner, concat.getResult().getType(), added, axis);
  Value present =
      rt::AppendOp::create(inner, concat.getResult().getType(), rows, handle, length, *sizes);
  concat.getResult().replaceAllUsesWith(present);
  // Sizes mostly; they fold to the operands.
  if (BlockArgument past = function.getArgument(pair.input); !past.use_empty())
    past.replaceAllUsesWith(rt::PastOp::create(b, type, handle, length, *sizes));
  return success();
}

LogicalResult Binder::bind(const llvm::StringMap<int64_t> &capacities) {
  llvm::BitVector inputs(function.getNumArguments()), outputs(function.getNumResults());
  for (Pair pair : pairs) {
    inputs.set(pair.input);
    outputs.set(pair.output);
    if (failed(rewrite(pair, capacities)))
      return failure();
  }
  // The builder may stand at one of them until now.
  for (Pair pair : pairs)
    pair.concat.erase();
  for (int output = outputs.find_last(); output >= 0; output = outputs.find_prev(output))
    terminator->eraseOperand(output);
  return success(succeeded(function.eraseResults(outputs)) &&
                 succeeded(function.eraseArguments(inputs)));
}

struct BindState : impl::BindStatePassBase<BindState> {
  using BindStatePassBase::BindStatePassBase;

  void runOnOperation() override {
    if (pairs.empty() && max.empty())
      return;
    if (failed(bind()))
      signalPassFailure();
  }

  LogicalResult bind() {
    llvm::StringMap<int64_t> capacities;
    for (const std::string &text : max) {
      auto [name, size] = StringRef(text).rsplit('=');
      int64_t capacity;
      if (name.empty() || size.getAsInteger(10, capacity) || capacity < 1)
        return getOperation().emitError()
               << "max " << quote(text) << ": expects DIM=N with N at least 1";
      capacities[name] = capacity;
    }
    func::FuncOp entry;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!rt::isEntry(function))
        continue;
      if (entry)
        return function.emitError("states are bound in modules with one entry; this is another");
      entry = function;
    }
    if (!entry)
      return getOperation().emitError("there is no entry whose state could be bound");
    if (!entry.getBody().hasOneBlock())
      return entry.emitError("states are bound in entries without control flow");

    SymbolTable symbols(getOperation());
    Binder binder(entry, symbols);
    for (const std::string &pair : pairs)
      if (failed(pair == "auto" ? binder.addAll() : binder.addPattern(pair)))
        return failure();
    if (failed(binder.bind(capacities)))
      return failure();
    numStates += binder.size();
    return checkCapacities(capacities);
  }

  /// A name without a state would be ignored in silence.
  LogicalResult checkCapacities(const llvm::StringMap<int64_t> &capacities) {
    llvm::SetVector<StringRef> grown;
    for (rt::StateOp state : getOperation().getOps<rt::StateOp>())
      if (ArrayAttr names = state.getDimNamesAttr())
        if (StringRef name = cast<StringAttr>(names[state.getAxis()]).getValue(); !name.empty())
          grown.insert(name);
    for (const auto &entry : capacities) {
      if (grown.contains(entry.getKey()))
        continue;
      InFlightDiagnostic error = getOperation().emitError()
                                 << "max: no bound state grows along a dimension "
                                 << quote(entry.getKey());
      if (grown.empty())
        error << "; none has a name there";
      else
        llvm::interleaveComma(grown, error << "; they grow along ",
                              [&](StringRef name) { error << quote(name); });
      return error;
    }
    return success();
  }
};

} // namespace
} // namespace moec::recognise
