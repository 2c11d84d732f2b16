//===- KernelWork.h - What launches read, write and compute -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_KERNELWORK_H
#define MOEC_LIB_DRIVER_KERNELWORK_H

#include "lib/Driver/ModelWork.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace moec {

/// What the launches of one kernel must do, as a function of their arguments, which a trace event
/// points to. It stands for itself: the IR it was made of may change and go.
class KernelWork {
public:
  /// Where an argument is in the record of a launch.
  struct Argument {
    enum Kind { Memref, Index, Other } kind = Other;
    uint64_t offset = 0;
    double elementBytes = 0;
    int64_t rank = 0;
  };
  /// A factor: a number, a dimension of a memref, an index, or the last element of offsets.
  struct Extent {
    enum Kind { Constant, Dimension, Value, LastElement } kind = Constant;
    double value = 1;
    unsigned argument = 0;
    int64_t dimension = 0;
  };
  using Volume = std::vector<Extent>;
  /// Bytes of a memref, or of what an indirect access reaches of it if that is less.
  struct Touch {
    unsigned argument = 0;
    double times = 1;
    Volume reached; // in elements; empty: all
  };
  /// Packed weights; with offsets, those slabs whose range has rows.
  struct Slabs {
    double bytes = 0, count = 1;
    int ranges = -1;
  };
  struct Attention {
    Volume heads, width; // batch entries times query heads; two products' summands
    Extent queries, keys, offset;
    bool isCausal = false, endsWithKeys = false;
  };

  /// Of a launch whose arguments are at `record`.
  RunWork count(const void *record) const;

  std::vector<Argument> arguments;
  std::vector<Touch> touches;
  std::vector<Slabs> slabs;
  std::vector<Volume> operations;
  std::vector<Attention> attentions;
  /// The node of the first launch in the module, and the number of all launches.
  std::string node;
  int64_t launches = 0;

private:
  double evaluate(const Extent &extent, const void *record) const;
  double evaluate(const Volume &volume, const void *record) const;
  const char *data(unsigned argument, const void *record) const;
};

using KernelWorks = llvm::StringMap<KernelWork>;

/// Of all kernels of a module after form-kernels. A kernel whose arguments are not all understood
/// has no work.
KernelWorks collectKernelWork(mlir::ModuleOp module,
                              llvm::function_ref<std::string(mlir::Location)> describe);

} // namespace moec

#endif // MOEC_LIB_DRIVER_KERNELWORK_H
