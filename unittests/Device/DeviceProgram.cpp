//===- DeviceProgram.cpp - Programs on the virtual GPU ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "lib/Emit/WeightPacker.h"
#include "lib/Interpret/Interpreter.h"
#include "moec/EmitPtx.h"
#include "moec/InitAll.h"
#include "moec/Pipelines.h"
#include "runtime/vgpu/test/Kernel.h"
#include "unittests/Device/HostCode.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moert;

namespace moec {

DeviceProgram::DeviceProgram(const std::string &text, bool fuse) {
  DialectRegistry registry;
  moec::registerDialects(registry);
  context = std::make_unique<MLIRContext>(registry);
  source = parseSourceString<ModuleOp>(text, context.get());
  if (!source) {
    ADD_FAILURE() << "does not parse:\n" << text;
    return;
  }
  compiled = source->clone();
  NvptxOptions options;
  options.fuse = fuse;
  PassManager passes(context.get());
  buildMoEToNvptxPipeline(passes, options);
  // Views become arithmetic, which the host's evaluator knows.
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createCanonicalizerPass());
  if (failed(passes.run(*compiled))) {
    ADD_FAILURE() << "does not compile:\n" << text;
    return;
  }
  auto emitted = emitPtx(*compiled, {});
  if (emitted)
    ptx = std::move(*emitted);
  else
    ADD_FAILURE() << llvm::toString(emitted.takeError()) << "\n" << text;
}

DeviceProgram::~DeviceProgram() = default;

std::unique_ptr<vgpu::Program> decodeKernel(const vgpu::ptx::Module &module,
                                            const std::string &name) {
  auto program = std::make_unique<vgpu::Program>();
  for (const vgpu::ptx::Function &function : module.functions) {
    if (!function.isEntry || function.name != name)
      continue;
    vgpu::ptx::ParseError error;
    if (vgpu::decode(module, function, vgpu::VariableAddresses(module.variables.size()),
                     vgpu::bestLevel(), *program, error))
      return program;
    ADD_FAILURE() << "line " << error.line << ": " << error.message;
    return nullptr;
  }
  ADD_FAILURE() << "no kernel " << name;
  return nullptr;
}

void prepare(vgpu::Launch &launch, const DeviceLaunch &host, const vgpu::Program &program,
             vgpu::Memory &memory, uint64_t number) {
  launch.program = &program;
  launch.memory = &memory;
  launch.blocks = {host.grid[0], host.grid[1], 1};
  launch.threads = {host.block[0], host.block[1], 1};
  launch.sharedBytes = program.dynamicSharedOffset + host.sharedBytes;
  launch.number = number;
  launch.parameters.resize(program.parameterBytes);
  EXPECT_EQ(launch.parameters.size(), host.parameters.size());
  std::memcpy(launch.parameters.data(), host.parameters.data(),
              std::min(launch.parameters.size(), host.parameters.size()));
}

/// The value of a weight, in memory of a device.
static std::optional<uint64_t> placeWeight(rt::WeightOp weight, vgpu::Memory &memory) {
  auto value = cast<rt::WeightExprInterface>(weight.getValue());
  rt::WeightLayout layout = rt::getWeightLayout(value);
  uint64_t size = layout.numSlabs * layout.slabStride;
  uint64_t address = memory.allocate(size);
  std::memset(memory.at(address, size), 0, size);
  memory.setWritten(address, size);
  WeightFiles files{PackOptions()};
  WeightPacker packer(files);
  WeightPieces pieces(value, /*pieceBytes=*/1 << 20);
  SmallVector<char, 0> bytes;
  std::vector<uint64_t> filled(layout.numSlabs);
  while (std::optional<WeightPiece> piece = pieces.next()) {
    if (llvm::Error error = packer.pack(value, *piece, bytes)) {
      ADD_FAILURE() << llvm::toString(std::move(error));
      return std::nullopt;
    }
    uint64_t at = address + piece->slab * layout.slabStride + filled[piece->slab];
    std::memcpy(memory.at(at, bytes.size()), bytes.data(), bytes.size());
    filled[piece->slab] += bytes.size();
  }
  return address;
}

std::optional<std::vector<Tensor>> DeviceProgram::run(const std::vector<Tensor> &arguments,
                                                      uint32_t seed, uint32_t hostThreads,
                                                      KernelCounters *counters) const {
  vgpu::ptx::ParseError error;
  std::unique_ptr<vgpu::ptx::Module> module = vgpu::ptx::parse(ptx, error);
  if (!module) {
    ADD_FAILURE() << "line " << error.line << ": " << error.message << "\n" << ptx;
    return std::nullopt;
  }
  vgpu::Memory memory(uint64_t(1) << 32);
  uint64_t launches = 0;
  std::vector<DeviceView> views, outputs;
  for (const Tensor &argument : arguments) {
    uint64_t bytes = argument.numElements() * bytesOf(argument.dtype());
    uint64_t address = memory.allocate(std::max<uint64_t>(bytes, 1));
    if (bytes != 0) {
      std::memcpy(memory.at(address, bytes), argument.bytes(), bytes);
      memory.setWritten(address, bytes);
    }
    views.push_back(DeviceView::contiguous(address, argument.shape()));
  }
  HostServices services;
  services.allocate = [&](uint64_t bytes) { return memory.allocate(bytes); };
  services.read = [&](uint64_t address, uint64_t bytes) {
    int64_t value = 0;
    std::memcpy(&value, memory.at(address, bytes), bytes);
    return value;
  };
  const uint64_t counter = memory.allocate(sizeof(uint32_t));
  memory.setWritten(counter, sizeof(uint32_t));
  services.counter = [&] { return counter; };
  const uint64_t failedCheck = memory.allocate(sizeof(uint32_t));
  memory.setWritten(failedCheck, sizeof(uint32_t));
  services.failedCheck = [&] { return failedCheck; };
  services.placeWeight = [&](rt::WeightOp weight) { return placeWeight(weight, memory); };
  services.launch = [&](const DeviceLaunch &host) {
    std::unique_ptr<vgpu::Program> program = decodeKernel(*module, host.kernel);
    if (!program)
      return false;
    vgpu::Launch launch;
    prepare(launch, host, *program, memory, ++launches);
    launch.seed = seed;
    launch.mostInstructions = mostInstructions.value_or(launch.mostInstructions);
    launch.isCounting = counters || observer;
    if (vgpu::runLaunch(launch, hostThreads)) {
      if (counters)
        (*counters)[host.kernel] += vgpu::sumOf(launch.counters);
      if (observer)
        observer(launch);
      return true;
    }
    ADD_FAILURE() << launch.report.text() << "\n" << ptx;
    return false;
  };
  auto entry = compiled.get().lookupSymbol<func::FuncOp>("main");
  if (!evaluateHost(entry, views, services, outputs))
    return std::nullopt;
  EXPECT_EQ(services.read(counter, sizeof(uint32_t)), 0) << "left by a kernel";
  EXPECT_EQ(services.read(failedCheck, sizeof(uint32_t)), 0) << "a check has failed";

  std::vector<Tensor> results;
  auto types = source.get().lookupSymbol<func::FuncOp>("main").getResultTypes();
  for (auto [type, output] : llvm::zip_equal(types, outputs)) {
    Tensor result = *Tensor::create(*dtypeOf(type), output.sizes);
    uint64_t bytes = result.numElements() * bytesOf(result.dtype());
    if (bytes != 0)
      std::memcpy(result.bytes(), memory.at(output.base, bytes), bytes);
    results.push_back(result);
  }
  return results;
}

std::optional<std::vector<Tensor>>
DeviceProgram::interpret(const std::vector<Tensor> &arguments) const {
  InterpretOptions options;
  options.accumulateF64 = true;
  auto results =
      moec::interpret(source.get().lookupSymbol<func::FuncOp>("main"), arguments, options);
  if (failed(results))
    return std::nullopt;
  return std::vector<Tensor>(results->begin(), results->end());
}

void DeviceProgram::expectAssembles() const {
  std::string ptxas = findPtxas();
  if (ptxas.empty()) {
    std::puts("no ptxas of the CUDA toolkit: kernels are not assembled");
    return;
  }
  for (const char *chip : {"sm_80", "sm_90a", "sm_120"}) {
    PtxOptions options;
    options.chip = chip;
    auto text = emitPtx(compiled.get(), options);
    ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
    auto cubin = assemblePtx(*text, chip, ptxas);
    ASSERT_TRUE(bool(cubin)) << llvm::toString(cubin.takeError()) << "\n" << *text;
    // Each kernel has a line of spills; a stack would be local memory.
    llvm::StringRef report = cubin->report;
    EXPECT_GT(report.count("bytes spill stores"), 0u) << cubin->report;
    EXPECT_EQ(report.count("bytes spill stores"),
              report.count("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"))
        << cubin->report;
  }
}

Tensor makeNumbers(DType type, ArrayRef<int64_t> shape, uint32_t seed) {
  Tensor tensor = *Tensor::create(type, shape);
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    seed = seed * 1664525u + 1013904223u;
    tensor.setReal(i, static_cast<int32_t>(seed >> 8) / 4194304.0 - 2.0);
  }
  return tensor;
}

} // namespace moec
