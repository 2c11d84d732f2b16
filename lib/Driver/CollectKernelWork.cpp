//===- CollectKernelWork.cpp - What kernels do, from their IR ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/Driver/KernelWork.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;

namespace {

/// The kernel's range, [begin, end), is in the arguments of its function, but not in the record.
constexpr unsigned rangeArguments = 2;

using Extent = KernelWork::Extent;
using Volume = KernelWork::Volume;

class Collector {
public:
  Collector(func::FuncOp kernel, KernelWork &work) : kernel(kernel), work(work) {}

  void collect() {
    if (!layOut()) {
      work.arguments.clear();
      return;
    }
    kernel.walk([&](Operation *op) { visit(op); });
    for (auto [index, argument] : llvm::enumerate(work.arguments))
      if (argument.kind == KernelWork::Argument::Memref && !reached.contains(unsigned(index)))
        if (double times = countAccesses(kernel.getArgument(unsigned(index) + rangeArguments)))
          work.touches.push_back({unsigned(index), times, {}});
  }

private:
  /// Finds the places of arguments in the record, a structure of what each is lowered to.
  bool layOut() {
    uint64_t offset = 0;
    for (Type type : kernel.getFunctionType().getInputs().drop_front(rangeArguments)) {
      KernelWork::Argument argument;
      uint64_t size = 8, alignment = 8;
      if (auto memref = dyn_cast<MemRefType>(type)) {
        argument.kind = KernelWork::Argument::Memref;
        argument.rank = memref.getRank();
        argument.elementBytes = getBytes(memref.getElementType());
        size = 24 + 16 * uint64_t(memref.getRank());
      } else if (type.isIndex()) {
        argument.kind = KernelWork::Argument::Index;
      } else if (type.isIntOrFloat()) {
        size = alignment = llvm::PowerOf2Ceil(uint64_t(getBytes(type)));
      } else if (!isa<tile::PackedType>(type)) {
        return false;
      }
      argument.offset = offset = llvm::alignTo(offset, alignment);
      offset += size;
      work.arguments.push_back(argument);
    }
    return true;
  }

  static double getBytes(Type type) {
    if (auto complex = dyn_cast<ComplexType>(type))
      return 2 * getBytes(complex.getElementType());
    return type.isIndex() ? 8 : double(llvm::divideCeil(type.getIntOrFloatBitWidth(), 8));
  }

  /// The argument that a value is, or is a part of with dimensions of the same numbers.
  std::optional<unsigned> argumentOf(Value value) const {
    while (Operation *op = value ? value.getDefiningOp() : nullptr) {
      auto view = dyn_cast<ViewLikeOpInterface>(op);
      auto subview = dyn_cast<memref::SubViewOp>(op);
      if (!view || (subview && subview.getSourceType().getRank() != subview.getType().getRank()) ||
          !isa<memref::SubViewOp, memref::CastOp>(op))
        return std::nullopt;
      value = view.getViewSource();
    }
    auto argument = dyn_cast_if_present<BlockArgument>(value);
    if (!argument || argument.getOwner()->getParentOp() != kernel ||
        argument.getArgNumber() < rangeArguments)
      return std::nullopt;
    return argument.getArgNumber() - rangeArguments;
  }

  Extent constant(double value) const { return {Extent::Constant, value, 0, 0}; }

  /// A dimension of all that the ranges of units are parts of; 0 where it is not known.
  Extent dimension(Value value, int64_t dim) const {
    auto type = cast<ShapedType>(value.getType());
    if (!type.isDynamicDim(unsigned(dim)))
      return constant(double(type.getDimSize(unsigned(dim))));
    std::optional<unsigned> argument = argumentOf(value);
    return argument ? Extent{Extent::Dimension, 1, *argument, dim} : constant(0);
  }

  Extent index(Value value) const {
    if (std::optional<int64_t> number = getConstantIntValue(value))
      return constant(double(*number));
    std::optional<unsigned> argument = argumentOf(value);
    return argument ? Extent{Extent::Value, 1, *argument, 0} : constant(0);
  }

  /// Rows of all ranges: as many as the last offset says, or all.
  Extent rows(Value ranges, Value count) const {
    std::optional<unsigned> argument = argumentOf(ranges);
    return argument ? Extent{Extent::LastElement, 1, *argument, 0} : index(count);
  }

  /// What an indirect access may reach of `source`.
  void reach(Value source, Volume elements) {
    if (std::optional<unsigned> argument = argumentOf(source))
      if (reached.insert(*argument).second)
        work.touches.push_back({*argument, 1, std::move(elements)});
  }

  /// 1 for reading or writing, 2 for both.
  static double countAccesses(Value value) {
    bool reads = false, writes = false;
    SmallVector<Value> values{value};
    while (!values.empty()) {
      Value next = values.pop_back_val();
      for (OpOperand &use : next.getUses()) {
        Operation *op = use.getOwner();
        if (isa<memref::DimOp>(op))
          continue;
        if (isa<ViewLikeOpInterface>(op)) {
          llvm::append_range(values, op->getResults());
        } else if (auto linalg = dyn_cast<linalg::LinalgOp>(op)) {
          bool isInit = linalg.isDpsInit(&use);
          writes |= isInit;
          reads |= !isInit;
        } else if (auto effects = dyn_cast<MemoryEffectOpInterface>(op)) {
          SmallVector<MemoryEffects::EffectInstance> found;
          effects.getEffectsOnValue(next, found);
          for (const MemoryEffects::EffectInstance &effect : found) {
            reads |= isa<MemoryEffects::Read>(effect.getEffect());
            writes |= isa<MemoryEffects::Write>(effect.getEffect());
          }
        } else {
          reads = true;
        }
      }
    }
    return double(reads) + double(writes);
  }

  static double countArithmetic(Region &region) {
    double count = 0;
    region.walk([&](Operation *op) {
      bool isFloat = op->getNumResults() == 1 && isa<FloatType>(op->getResult(0).getType());
      bool computes = isa<math::MathDialect>(op->getDialect()) ||
                      (isa<arith::ArithDialect>(op->getDialect()) &&
                       !isa<arith::ConstantOp, arith::ExtFOp, arith::TruncFOp>(op));
      count += isFloat && computes;
    });
    return count;
  }

  void visit(Operation *op) {
    if (auto product = dyn_cast<tile::PanelProductOp>(op)) {
      visitProduct(product);
    } else if (auto pack = dyn_cast<tile::PackRowsOp>(op)) {
      if (pack.getGather())
        reach(pack.getRows(),
              {rows(pack.getRanges(), pack.getCount()), dimension(pack.getRows(), 1)});
    } else if (auto gather = dyn_cast<tile::WeightedGatherOp>(op)) {
      Volume places{dimension(gather.getPlaces(), 0), dimension(gather.getPlaces(), 1),
                    dimension(gather.getRows(), 1)};
      reach(gather.getRows(), places);
      places.push_back(constant(2));
      work.operations.push_back(std::move(places));
    } else if (auto attention = dyn_cast<tile::AttentionRowsOp>(op)) {
      visitAttention(attention);
    } else if (auto linalg = dyn_cast<linalg::LinalgOp>(op)) {
      visitLinalg(linalg);
    }
  }

  void visitProduct(tile::PanelProductOp op) {
    std::optional<unsigned> ranges = argumentOf(op.getRanges());
    Extent count = rows(op.getRanges(), op.getCount());
    if (auto packed = dyn_cast<tile::PackedType>(op.getSlabs().getType())) {
      double bytes = double(packed.getNumPanels()) * double(packed.getPanelElements()) *
                     getBytes(packed.getElementType());
      work.slabs.push_back({bytes, double(packed.getSlabs()), ranges ? int(*ranges) : -1});
      work.operations.push_back(
          {constant(2), count, constant(double(packed.getN())), constant(double(packed.getK()))});
    } else {
      work.operations.push_back(
          {constant(2), count, dimension(op.getOuts(), 1), index(op.getDepth())});
    }
    work.operations.push_back(
        {constant(countArithmetic(op.getEpilogue())), count, dimension(op.getOuts(), 1)});
  }

  void visitAttention(tile::AttentionRowsOp op) {
    auto isBySequence = [](tile::HeadLayout layout) { return layout == tile::HeadLayout::BSHD; };
    KernelWork::Attention attention;
    bool query = isBySequence(op.getQueryLayout()), key = isBySequence(op.getKeyLayout());
    attention.heads = {dimension(op.getQuery(), 0), dimension(op.getQuery(), query ? 2 : 1)};
    attention.queries = dimension(op.getQuery(), query ? 1 : 2);
    attention.keys = dimension(op.getKey(), key ? 1 : 2);
    // Scores and sums of values: as many summands as both heads are wide.
    auto width = [&](Value value) { return cast<ShapedType>(value.getType()).getDimSize(3); };
    int64_t keyWidth = width(op.getKey()), valueWidth = width(op.getValue());
    attention.width = {
        constant(keyWidth < 0 || valueWidth < 0 ? 0 : double(keyWidth + valueWidth))};
    attention.isCausal = op.getRightWindow() && *op.getRightWindow() == 0;
    attention.endsWithKeys = !op.getOffset() && op.getLengths();
    attention.offset = op.getOffset() ? index(op.getOffset()) : constant(0);
    work.attentions.push_back(std::move(attention));
  }

  void visitLinalg(linalg::LinalgOp op) {
    Volume volume;
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
      std::optional<Extent> extent;
      for (OpOperand &operand : op->getOpOperands()) {
        AffineMap map = op.getMatchingIndexingMap(&operand);
        for (auto [dim, result] : llvm::enumerate(map.getResults()))
          if (!extent && result == getAffineDimExpr(loop, op.getContext()) &&
              isa<ShapedType>(operand.get().getType()))
            extent = dimension(operand.get(), int64_t(dim));
      }
      volume.push_back(extent.value_or(constant(0)));
    }
    op.getBlock()->walk([&](memref::LoadOp read) { reach(read.getMemRef(), volume); });
    double arithmetic = countArithmetic(*op.getBlock()->getParent());
    if (arithmetic == 0)
      return;
    volume.push_back(constant(arithmetic));
    work.operations.push_back(std::move(volume));
  }

  func::FuncOp kernel;
  KernelWork &work;
  llvm::SmallDenseSet<unsigned> reached;
};

} // namespace

KernelWorks moec::collectKernelWork(ModuleOp module,
                                    llvm::function_ref<std::string(Location)> describe) {
  KernelWorks works;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(rt::RTDialect::kKernel))
      Collector(function, works[function.getName()]).collect();
  module.walk([&](rt::LaunchOp launch) {
    KernelWork &work = works[launch.getKernel()];
    if (work.launches++ == 0)
      work.node = describe(launch.getLoc());
  });
  return works;
}
