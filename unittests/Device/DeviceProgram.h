//===- DeviceProgram.h - Programs on the virtual GPU ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_DEVICE_DEVICEPROGRAM_H
#define MOEC_UNITTESTS_DEVICE_DEVICEPROGRAM_H

#include "lib/Interpret/Tensor.h"
#include "runtime/vgpu/Exec/Counters.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moert::vgpu {
class Memory;
struct Launch;
struct Program;
namespace ptx {
struct Module;
} // namespace ptx
} // namespace moert::vgpu

namespace moec {

struct DeviceLaunch; // HostCode.h

/// Told of launches that have ended well, with their counters.
using LaunchObserver = std::function<void(const moert::vgpu::Launch &launch)>;

using KernelCounters = std::map<std::string, moert::vgpu::Counters>;

/// The entry @main of a module in `onnx`, `moe` or `linalg` on tensors, compiled by --moe-to-nvptx
/// to PTX, which runs on the virtual GPU. What a compilation or a run reports is a failed
/// expectation.
class DeviceProgram {
public:
  explicit DeviceProgram(const std::string &text, bool fuse = true);
  ~DeviceProgram();

  bool isCompiled() const { return !ptx.empty(); }
  const std::string &getPtx() const { return ptx; }
  /// Host code, which HostCode.h evaluates.
  mlir::ModuleOp getModule() const { return compiled.get(); }
  /// Kernels that the host code starts from now on, by the names of the compiled ones.
  void setPtx(std::string text) { ptx = std::move(text); }
  /// Instructions of warps after which a launch is taken for endless.
  void setMostInstructions(uint64_t count) { mostInstructions = count; }
  void setObserver(LaunchObserver told) { observer = std::move(told); }

  /// The results of one run; nothing if it fails. `seed` chooses among orders that the ISA leaves
  /// open. What its launches cost is added to `counters`, if given, by the kernel's name.
  std::optional<std::vector<Tensor>> run(const std::vector<Tensor> &arguments, uint32_t seed = 0,
                                         uint32_t hostThreads = 1,
                                         KernelCounters *counters = nullptr) const;

  /// What the reference interpreter makes of the text.
  std::optional<std::vector<Tensor>> interpret(const std::vector<Tensor> &arguments) const;

  /// Expects ptxas to assemble the kernels of each of several chips without spills; says so if
  /// there is no ptxas.
  void expectAssembles() const;

private:
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> source, compiled;
  std::string ptx;
  std::optional<uint64_t> mostInstructions;
  LaunchObserver observer;
};

/// The kernel `name` of a module, decoded; null with a failed expectation.
std::unique_ptr<moert::vgpu::Program> decodeKernel(const moert::vgpu::ptx::Module &module,
                                                   const std::string &name);

/// Makes `launch` what host code asks for: launch number `number` in `memory`.
void prepare(moert::vgpu::Launch &launch, const DeviceLaunch &host,
             const moert::vgpu::Program &program, moert::vgpu::Memory &memory, uint64_t number);

/// Numbers in [-2, 2) that are the same on every machine.
Tensor makeNumbers(DType type, llvm::ArrayRef<int64_t> shape, uint32_t seed);

} // namespace moec

#endif // MOEC_UNITTESTS_DEVICE_DEVICEPROGRAM_H
