//===- Interpreter.cpp - The reference interpreter --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Interpreter.h"

#include "dialects/MoE/IR/MoE.h"
#include "lib/Interpret/Frame.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace moec;

// Deep enough for outlined layers inside layers; a function that calls itself
// never ends, since nothing here branches.
static constexpr int maxDepth = 64;

HandlerTable::HandlerTable() {
  addRouterHandlers(*this);
  addExpertChoiceHandlers(*this);
  addAssignHandlers(*this);
  addDispatchHandlers(*this);
  addExpertHandlers(*this);
  addCombineHandlers(*this);
  addExchangeHandlers(*this);
  addElementwiseHandlers(*this);
  addTensorHandlers(*this);
  addLinalgHandlers(*this);
  addModelHandlers(*this);
  addRuntimeHandlers(*this);
}

std::string HandlerTable::names() const {
  SmallVector<StringRef> sorted{func::CallOp::getOperationName(),
                                func::ReturnOp::getOperationName()};
  for (const auto &entry : handlers)
    sorted.push_back(entry.first());
  for (const auto &entry : collectives)
    sorted.push_back(entry.first());
  llvm::sort(sorted);
  return llvm::join(sorted, ", ");
}

static const HandlerTable &handlerTable() {
  static const HandlerTable table;
  return table;
}

static func::FuncOp calleeOf(func::CallOp call) {
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
}

//===----------------------------------------------------------------------===//
// What can be interpreted
//===----------------------------------------------------------------------===//

/// Checks the types of `op` and its name, the latter once for each name.
static LogicalResult checkOp(Operation *op, llvm::StringSet<> &reported) {
  StringRef name = op->getName().getStringRef();
  if (!isa<func::CallOp, func::ReturnOp, moe::YieldOp>(op) && !handlerTable().find(name) &&
      !handlerTable().findCollective(name)) {
    if (reported.insert(name).second)
      op->emitError() << "'" << name << "' is not interpreted; the reference interpreter knows "
                      << handlerTable().names();
    return failure();
  }
  for (Type type : llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                            SmallVector<Type>(op->getResultTypes())))
    if (isa<UnrankedTensorType, ShapedType>(type) ? !isa<RankedTensorType>(type) || !dtypeOf(type)
                                                  : !dtypeOf(type))
      return op->emitError() << "values of type " << type << " are not interpreted";
  return success();
}

LogicalResult moec::checkInterpretable(func::FuncOp function) {
  bool ok = true;
  llvm::StringSet<> reported;
  llvm::SetVector<Operation *> functions;
  functions.insert(function);
  for (size_t i = 0; i < functions.size(); ++i) {
    auto current = cast<func::FuncOp>(functions[i]);
    if (!current.getBody().hasOneBlock()) {
      current.emitError() << (current.isExternal() ? "a function without a body"
                                                   : "a function with several blocks")
                          << " is not interpreted";
      ok = false;
      continue;
    }
    for (Type type : current.getArgumentTypes())
      if (!dtypeOf(type)) {
        current.emitError() << "values of type " << type << " are not interpreted";
        ok = false;
      }
    auto check = [&](Operation *op) {
      ok &= succeeded(checkOp(op, reported));
      if (auto call = dyn_cast<func::CallOp>(op))
        functions.insert(calleeOf(call));
    };
    for (Operation &op : current.getBody().front()) {
      check(&op);
      // Regions of other ops are theirs to read.
      if (auto parallel = dyn_cast<moe::ExpertParallelOp>(op))
        for (Operation &inner : parallel.getBody().front())
          check(&inner);
    }
  }
  return success(ok);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// The tensors of each rank.
using TensorsOfRanks = SmallVector<SmallVector<Tensor>>;

static FailureOr<TensorsOfRanks> run(func::FuncOp function, ArrayRef<SmallVector<Tensor>> arguments,
                                     const InterpretOptions &options, int depth);

static LogicalResult runCall(func::CallOp call, ArrayRef<Frame *> ranks) {
  const Frame &first = *ranks.front();
  if (first.depth >= maxDepth)
    return call.emitOpError("is nested more than ") << maxDepth << " calls deep";
  TensorsOfRanks arguments(ranks.size());
  for (auto [frame, tensors] : llvm::zip_equal(ranks, arguments))
    for (Value operand : call.getOperands())
      tensors.push_back((*frame)[operand]);
  FailureOr<TensorsOfRanks> results =
      run(calleeOf(call), arguments, first.options, first.depth + 1);
  if (failed(results))
    return failure();
  for (auto [frame, tensors] : llvm::zip_equal(ranks, *results))
    for (auto [result, tensor] : llvm::zip_equal(call->getResults(), tensors))
      if (failed(frame->set(result, tensor)))
        return failure();
  return success();
}

/// Runs an op that a rank runs by itself, on all ranks.
static LogicalResult runOnEach(Operation *op, Handler handler, ArrayRef<Frame *> ranks) {
  if (ranks.size() == 1)
    return handler(op, *ranks.front());
  int64_t rank = 0;
  ScopedDiagnosticHandler notes(op->getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      diagnostic.attachNote() << "on rank " << rank << " of " << ranks.size();
    return failure(); // to whoever reports it
  });
  for (; rank < static_cast<int64_t>(ranks.size()); ++rank)
    if (failed(handler(op, *ranks[rank])))
      return failure();
  return success();
}

LogicalResult moec::runBlock(Block &block, ArrayRef<Frame *> ranks) {
  for (Operation &op : block.without_terminator()) {
    StringRef name = op.getName().getStringRef();
    if (auto call = dyn_cast<func::CallOp>(op)) {
      if (failed(runCall(call, ranks)))
        return failure();
    } else if (CollectiveHandler collective = handlerTable().findCollective(name)) {
      if (failed(collective(&op, ranks)))
        return failure();
    } else if (failed(runOnEach(&op, handlerTable().find(name), ranks))) {
      return failure();
    }
  }
  return success();
}

/// Runs a function that has been checked.
static FailureOr<TensorsOfRanks> run(func::FuncOp function, ArrayRef<SmallVector<Tensor>> arguments,
                                     const InterpretOptions &options, int depth) {
  std::vector<Frame> frames(arguments.size(), Frame(options, depth));
  SmallVector<Frame *> ranks;
  for (auto [frame, tensors] : llvm::zip_equal(frames, arguments)) {
    ranks.push_back(&frame);
    for (auto [parameter, tensor] : llvm::zip_equal(function.getArguments(), tensors))
      frame.bind(parameter, tensor);
  }
  if (failed(runBlock(function.getBody().front(), ranks)))
    return failure();
  TensorsOfRanks results(ranks.size());
  for (auto [frame, tensors] : llvm::zip_equal(frames, results))
    for (Value operand : function.getBody().front().getTerminator()->getOperands())
      tensors.push_back(frame[operand]);
  return results;
}

/// Whether `tensor` is a value of `type`.
static bool matches(const Tensor &tensor, Type type) {
  if (dtypeOf(type) != tensor.dtype())
    return false;
  auto ranked = dyn_cast<RankedTensorType>(type);
  ArrayRef<int64_t> sizes = ranked ? ranked.getShape() : ArrayRef<int64_t>();
  if (static_cast<int64_t>(sizes.size()) != tensor.rank())
    return false;
  return llvm::all_of(llvm::zip(sizes, tensor.shape()), [](auto pair) {
    auto [expected, got] = pair;
    return ShapedType::isDynamic(expected) || expected == got;
  });
}

/// Whether `function` can be called with these.
static LogicalResult checkArguments(func::FuncOp function, ArrayRef<Tensor> arguments) {
  if (function.getNumArguments() != arguments.size())
    return function.emitError() << "@" << function.getName() << " takes "
                                << function.getNumArguments() << " arguments, got "
                                << arguments.size();
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes()))
    if (!matches(arguments[index], type))
      return function.emitError() << "argument #" << index << " of @" << function.getName()
                                  << " is " << type << ", got tensor<"
                                  << shapeToString(arguments[index].dtype(),
                                                   arguments[index].shape())
                                  << ">";
  return success();
}

FailureOr<TensorsOfRanks> moec::interpretRanks(func::FuncOp function,
                                               ArrayRef<SmallVector<Tensor>> arguments,
                                               const InterpretOptions &options) {
  if (failed(checkInterpretable(function)))
    return failure();
  for (const SmallVector<Tensor> &tensors : arguments)
    if (failed(checkArguments(function, tensors)))
      return failure();
  return run(function, arguments, options, 0);
}

FailureOr<SmallVector<Tensor>> moec::interpret(func::FuncOp function, ArrayRef<Tensor> arguments,
                                               const InterpretOptions &options) {
  SmallVector<Tensor> only(arguments);
  FailureOr<TensorsOfRanks> results =
      interpretRanks(function, ArrayRef<SmallVector<Tensor>>(only), options);
  if (failed(results))
    return failure();
  return std::move(results->front());
}
