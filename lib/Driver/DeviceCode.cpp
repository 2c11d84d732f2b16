//===- DeviceCode.cpp - Code for GPUs -------------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/DeviceCode.h"

#include "dialects/RT/IR/RT.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Import/ImportError.h"
#include "moec/EmitPtx.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace moec;

static llvm::raw_ostream &error() { return llvm::errs() << "moec: "; }

int moec::compileForDevice(Compilation &compilation, const NvptxOptions &gpu,
                           MachineCode machineCode) {
  if (int code = compilation.run([&](OpPassManager &pm) {
        buildDeviceKernelStage(pm, gpu);
        buildNvptxStage(pm, gpu);
      }))
    return code;
  auto modules = compilation.getModule().getOps<gpu::GPUModuleOp>();
  if (modules.empty()) {
    error() << escapeName(compilation.getPath()) << ": has no kernels: nothing in it is computed\n";
    return exitUnsupported;
  }
  PtxOptions options;
  options.chip = gpu.chip;
  llvm::Expected<std::string> ptx = emitPtx(compilation.getModule(), options);
  if (!ptx) {
    error() << escapeName(compilation.getPath()) << ": " << escapeMessage(toString(ptx.takeError()))
            << "\n";
    return exitInternal;
  }
  gpu::GPUModuleOp device = *modules.begin();
  OpBuilder builder(device);
  device->setAttr(rt::RTDialect::kChip, builder.getStringAttr(gpu.chip));
  device->setAttr(rt::RTDialect::kPtx, builder.getStringAttr(*ptx));
  if (machineCode == MachineCode::None)
    return exitSuccess;
  std::string ptxas = findPtxas();
  if (ptxas.empty()) {
    if (machineCode == MachineCode::IfPossible)
      return exitSuccess;
    error()
        << "--emit=cubin needs ptxas of the CUDA toolkit: set CUDA_HOME, or use --emit=ptx, which "
           "drivers assemble\n";
    return exitResource;
  }
  llvm::Expected<Cubin> cubin = assemblePtx(*ptx, gpu.chip, ptxas);
  if (!cubin) {
    error() << escapeMessage(toString(cubin.takeError())) << "\n";
    return exitResource;
  }
  device->setAttr(rt::RTDialect::kCubin, builder.getStringAttr(cubin->bytes->getBuffer()));
  return exitSuccess;
}
