//===- Frame.h - Values and checks of one interpreted call ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_INTERPRET_FRAME_H
#define MOEC_LIB_INTERPRET_FRAME_H

#include "lib/Interpret/Interpreter.h"
#include "lib/Interpret/Tensor.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <type_traits>

namespace moec {

/// The values of one call, and the checks that need run-time sizes: verifiers
/// compare static sizes only.
class Frame {
public:
  Frame(const InterpretOptions &options, int depth) : options(options), depth(depth) {}

  /// The value of an operand that has been defined before.
  const Tensor &operator[](mlir::Value value) const { return values.find(value)->second; }
  /// Likewise, or null if an optional operand is absent.
  const Tensor *optional(mlir::Value value) const { return value ? &(*this)[value] : nullptr; }

  void bind(mlir::Value value, Tensor tensor) { values[value] = std::move(tensor); }
  /// Binds a result after checking it against its static type.
  mlir::LogicalResult set(mlir::OpResult result, Tensor tensor);

  /// A tensor of zeros; emits an error on `op` if there is no memory for it.
  mlir::FailureOr<Tensor> allocate(mlir::Operation *op, DType dtype, mlir::ArrayRef<int64_t> shape);
  /// Likewise, of the element type of `result`.
  mlir::FailureOr<Tensor> allocate(mlir::OpResult result, mlir::ArrayRef<int64_t> shape);

  /// Emits an error unless `value`, where present, has these sizes.
  mlir::LogicalResult checkShape(mlir::Operation *op, llvm::StringRef name, mlir::Value value,
                                 mlir::ArrayRef<int64_t> sizes) const;

  /// Emits an error if there are more experts than memory could hold rows for.
  mlir::LogicalResult checkExperts(mlir::Operation *op, int64_t experts) const;

  /// Calls `body` with a value of the type that sums over operands of `dtype`
  /// are kept in: `double` for f64 or on demand, else `float`.
  template <typename Body>
  auto withAccumulator(DType dtype, Body body) const {
    return options.accumulateF64 || dtype == DType::F64 ? body(double()) : body(float());
  }

  const InterpretOptions &options;
  /// Number of calls above this one.
  const int depth;

private:
  llvm::DenseMap<mlir::Value, Tensor> values;
};

using Handler = mlir::LogicalResult (*)(mlir::Operation *, Frame &);
/// For ops that all ranks run together, on the frames of all of them.
using CollectiveHandler = mlir::LogicalResult (*)(mlir::Operation *, mlir::ArrayRef<Frame *>);

/// What each op does, by name.
class HandlerTable {
public:
  HandlerTable();

  /// Null if the op is not interpreted.
  Handler find(llvm::StringRef name) const { return handlers.lookup(name); }
  CollectiveHandler findCollective(llvm::StringRef name) const { return collectives.lookup(name); }
  /// All names in alphabetical order, separated by ", ".
  std::string names() const;

  /// Adds the function `handle`, which takes an op of its own class.
  template <typename OpTy, mlir::LogicalResult (*handle)(OpTy, Frame &)>
  void add() {
    handlers[OpTy::getOperationName()] = [](mlir::Operation *op, Frame &frame) {
      return handle(llvm::cast<OpTy>(op), frame);
    };
  }
  void add(llvm::StringRef name, Handler handler) { handlers[name] = handler; }
  /// Likewise of an op that all ranks run together.
  template <typename OpTy, mlir::LogicalResult (*handle)(OpTy, mlir::ArrayRef<Frame *>)>
  void addCollective() {
    collectives[OpTy::getOperationName()] = [](mlir::Operation *op, mlir::ArrayRef<Frame *> ranks) {
      return handle(llvm::cast<OpTy>(op), ranks);
    };
  }

private:
  llvm::StringMap<Handler> handlers;
  llvm::StringMap<CollectiveHandler> collectives;
};

/// Runs the ops of a block that has been checked, but for its terminator, on all ranks.
mlir::LogicalResult runBlock(mlir::Block &block, mlir::ArrayRef<Frame *> ranks);

/// Sets the only result of `op` to the elements of a constant.
mlir::LogicalResult setElements(mlir::Operation *op, mlir::Attribute value, Frame &frame);

/// Likewise to `input` with axis `permutation[i]` as axis i.
mlir::LogicalResult setTransposed(mlir::Operation *op, const Tensor &input,
                                  mlir::ArrayRef<int64_t> permutation, Frame &frame);

// One function per concern, each in the file of its name.
void addRouterHandlers(HandlerTable &table);
void addExpertChoiceHandlers(HandlerTable &table);
void addAssignHandlers(HandlerTable &table);
void addDispatchHandlers(HandlerTable &table);
void addExpertHandlers(HandlerTable &table);
void addCombineHandlers(HandlerTable &table);
void addElementwiseHandlers(HandlerTable &table);
void addExchangeHandlers(HandlerTable &table);
void addTensorHandlers(HandlerTable &table);
void addLinalgHandlers(HandlerTable &table);
void addModelHandlers(HandlerTable &table);
void addRuntimeHandlers(HandlerTable &table);

} // namespace moec

#endif // MOEC_LIB_INTERPRET_FRAME_H
