//===- Interpreter.cpp - The reference interpreter --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Interpreter.h"

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
  if (!isa<func::CallOp, func::ReturnOp>(op) && !handlerTable().find(name)) {
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
    for (Operation &op : current.getBody().front()) {
      ok &= succeeded(checkOp(&op, reported));
      if (auto call = dyn_cast<func::CallOp>(op))
        functions.insert(calleeOf(call));
    }
  }
  return success(ok);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

static FailureOr<SmallVector<Tensor>> run(func::FuncOp function, ArrayRef<Tensor> arguments,
                                          const InterpretOptions &options, int depth);

static LogicalResult runCall(func::CallOp call, Frame &frame) {
  if (frame.depth >= maxDepth)
    return call.emitOpError("is nested more than ") << maxDepth << " calls deep";
  SmallVector<Tensor> arguments;
  for (Value operand : call.getOperands())
    arguments.push_back(frame[operand]);
  FailureOr<SmallVector<Tensor>> results =
      run(calleeOf(call), arguments, frame.options, frame.depth + 1);
  if (failed(results))
    return failure();
  for (auto [result, tensor] : llvm::zip_equal(call->getResults(), *results))
    if (failed(frame.set(result, tensor)))
      return failure();
  return success();
}

/// Runs a function that has been checked.
static FailureOr<SmallVector<Tensor>> run(func::FuncOp function, ArrayRef<Tensor> arguments,
                                          const InterpretOptions &options, int depth) {
  Frame frame(options, depth);
  for (auto [parameter, tensor] : llvm::zip_equal(function.getArguments(), arguments))
    frame.bind(parameter, tensor);
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      if (failed(runCall(call, frame)))
        return failure();
      continue;
    }
    if (failed(handlerTable().find(op.getName().getStringRef())(&op, frame)))
      return failure();
  }
  SmallVector<Tensor> results;
  for (Value operand : function.getBody().front().getTerminator()->getOperands())
    results.push_back(frame[operand]);
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

FailureOr<SmallVector<Tensor>> moec::interpret(func::FuncOp function, ArrayRef<Tensor> arguments,
                                               const InterpretOptions &options) {
  if (failed(checkInterpretable(function)))
    return failure();
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
  return run(function, arguments, options, 0);
}
