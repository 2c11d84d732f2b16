//===- LayerCost.cpp - What a layer costs a device ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/LayerCost.h"

#include "dialects/RT/IR/WeightLayout.h"
#include "lib/CodeGen/DeviceProductSchedule.h"
#include "runtime/vgpu/test/Kernel.h"
#include "unittests/Device/HostCode.h"

#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace mlir;
using namespace moert;

namespace moec {

const LayerShape mixtralLayer{"Mixtral-8x7B", 4096, 14336, 8, 2};
const LayerShape qwen3Layer{"Qwen3-30B-A3B", 2048, 768, 128, 8};

namespace {

constexpr int64_t elementBytes = 2;

std::string makeText(const LayerShape &shape) {
  auto number = [](int64_t value) { return std::to_string(value); };
  const std::string h = number(shape.hidden), e = number(shape.experts), k = number(shape.choices);
  const std::string rows = "tensor<?x" + h + "xbf16>", logits = "tensor<?x" + e + "xf32>",
                    ids = "tensor<?x" + k + "xi32>", weights = "tensor<?x" + k + "xf32>",
                    offsets = "tensor<" + number(shape.experts + 1) + "xi32>";
  const std::string up = "tensor<" + e + "x" + number(2 * shape.width) + "x" + h + "xbf16>",
                    down = "tensor<" + e + "x" + h + "x" + number(shape.width) + "xbf16>";
  return "rt.weight @up : " + up + " = dense<0.0> : " + up + "\nrt.weight @down : " + down +
         " = dense<0.0> : " + down + "\nfunc.func @main(%x: " + rows + ", %z: " + logits +
         ") -> (" + rows + ", " + offsets +
         ") attributes {rt.entry} {\n%w1 = rt.get_weight @up : " + up +
         "\n%w2 = rt.get_weight @down : " + down + "\n%i, %w = moe.route %z {k = " + k +
         ", key = #moe.key<logit>, weight = #moe.weight<softmax_selected>} : " + logits + " -> " +
         ids + ", " + weights + "\n%r, %o, %p = moe.dispatch %x to %i {experts = " + e +
         "} : " + rows + ", " + ids + " -> " + rows + ", " + offsets + ", " + ids +
         "\n%m = moe.expert %r, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = "
         "#moe.gate<concat_gate_first>} : " +
         rows + ", " + offsets + ", " + up + ", " + down + " -> " + rows +
         "\n%y = moe.combine %m at %p by %w : " + rows + ", " + ids + ", " + weights + " -> " +
         rows + "\nreturn %y, %o : " + rows + ", " + offsets + "\n}\n";
}

/// A product's part in the layer.
struct ProductShape {
  int64_t depth, columns; // K, and of the panels
  int64_t results;        // columns of the result
  int64_t sources;        // rows that are read, once each at best
};

/// One tile of a product: its rows, and the columns of panels that there are.
struct Tile {
  int64_t rows, columns;
};

/// The tiles of a product in the order of ProductUnits.
std::vector<Tile> listTiles(const std::vector<int64_t> &offsets, const ProductShape &product,
                            const codegen::DeviceProductSchedule &schedule) {
  std::vector<Tile> tiles;
  const int64_t columnTile = schedule.panels * codegen::productPanelColumns;
  for (size_t expert = 0; expert + 1 < offsets.size(); ++expert) {
    const int64_t count = offsets[expert + 1] - offsets[expert];
    for (int64_t column = 0; column < product.columns; column += columnTile)
      for (int64_t row = 0; row < count; row += schedule.rows)
        tiles.push_back(
            {std::min(count - row, schedule.rows), std::min(product.columns - column, columnTile)});
  }
  return tiles;
}

double readsOf(const Tile &tile, const ProductShape &product) {
  return static_cast<double>(tile.rows + tile.columns) * product.depth * elementBytes;
}
double writesOf(const Tile &tile, const ProductShape &product) {
  return static_cast<double>(tile.rows) * tile.columns * product.results / product.columns *
         elementBytes;
}
/// Blocks of 16 rows in which somebody is.
double issuedOf(const Tile &tile, const ProductShape &product) {
  return 2.0 * ((tile.rows + 15) / 16 * 16) * tile.columns * product.depth;
}
double usefulOf(const Tile &tile, const ProductShape &product) {
  return 2.0 * tile.rows * tile.columns * product.depth;
}

/// One run of the layer.
class Measurement {
public:
  Measurement(const LayerShape &shape, const DeviceProgram &program, int64_t tokens,
              int64_t samples, uint32_t hostThreads)
      : shape(shape), program(program), tokens(tokens), samples(samples), hostThreads(hostThreads),
        memory(uint64_t(1) << 40) {}

  std::optional<LayerCost> run() {
    vgpu::ptx::ParseError error;
    module = vgpu::ptx::parse(program.getPtx(), error);
    if (!module) {
      ADD_FAILURE() << "line " << error.line << ": " << error.message;
      return std::nullopt;
    }
    HostServices services;
    services.allocate = [&](uint64_t bytes) { return memory.allocate(bytes); };
    services.read = [&](uint64_t, uint64_t) -> int64_t {
      ADD_FAILURE() << "host code of a layer waits for the device";
      return 0;
    };
    const uint64_t counter = place(nullptr, sizeof(uint32_t)),
                   failedCheck = place(nullptr, sizeof(uint32_t));
    services.counter = [&] { return counter; };
    services.failedCheck = [&] { return failedCheck; };
    services.placeWeight = [&](rt::WeightOp weight) -> std::optional<uint64_t> {
      auto layout = rt::getWeightLayout(cast<rt::WeightExprInterface>(weight.getValue()));
      return place(nullptr, layout.numSlabs * layout.slabStride);
    };
    services.launch = [&](const DeviceLaunch &launch) { return start(launch); };

    Tensor x = makeNumbers(DType::BF16, {tokens, shape.hidden}, 1),
           z = makeNumbers(DType::F32, {tokens, shape.experts}, 2);
    std::vector<DeviceView> arguments, outputs;
    for (const Tensor *tensor : {&x, &z})
      arguments.push_back(DeviceView::contiguous(
          place(tensor->bytes(), tensor->numElements() * bytesOf(tensor->dtype())),
          tensor->shape()));
    offsets = routeOnHost(z);
    for (size_t i = 0; i + 1 < offsets.size(); ++i)
      cost.activeExperts += offsets[i + 1] > offsets[i];
    auto entry = program.getModule().lookupSymbol<func::FuncOp>("main");
    if (!evaluateHost(entry, arguments, services, outputs))
      return std::nullopt;
    // The tiles are those of the device.
    std::vector<int32_t> found(shape.experts + 1);
    std::memcpy(found.data(), memory.at(outputs[1].base, found.size() * 4), found.size() * 4);
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(found[i], offsets[i]) << "offset of expert " << i;
    return cost;
  }

private:
  /// Memory with `data`, or with zeros.
  uint64_t place(const void *data, uint64_t bytes) {
    const uint64_t address = memory.allocate(std::max<uint64_t>(bytes, 1));
    if (data && bytes)
      std::memcpy(memory.at(address, bytes), data, bytes);
    memory.setWritten(address, bytes);
    return address;
  }

  /// Starts of the experts' rows.
  std::vector<int64_t> routeOnHost(const Tensor &logits) const {
    std::vector<int64_t> starts(shape.experts + 1);
    for (int64_t token = 0; token < tokens; ++token) {
      std::vector<int64_t> order(shape.experts);
      for (int64_t i = 0; i < shape.experts; ++i)
        order[i] = i;
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return logits.real(token * shape.experts + a) > logits.real(token * shape.experts + b);
      });
      for (int64_t choice = 0; choice < shape.choices; ++choice)
        ++starts[order[choice] + 1];
    }
    for (int64_t i = 0; i < shape.experts; ++i)
      starts[i + 1] += starts[i];
    return starts;
  }

  bool start(const DeviceLaunch &host) {
    KernelCost &kernel = cost.kernels.emplace_back();
    kernel.kernel = host.kernel;
    kernel.launches = 1;
    ++cost.launches;
    std::unique_ptr<vgpu::Program> code = decodeKernel(*module, host.kernel);
    if (!code)
      return false;
    vgpu::Launch launch;
    prepare(launch, host, *code, memory, ++launches);
    launch.isCounting = true;
    const codegen::DeviceProductSchedule *schedule = findSchedule(host.kernel);
    ProductShape product;
    std::vector<Tile> tiles;
    if (schedule) {
      product = nextProduct();
      tiles = listTiles(offsets, product, *schedule);
      launch.blocks = {static_cast<uint32_t>(tiles.size()), 1, 1};
      launch.onlyBlocks = choose(tiles.size());
    }
    if (!vgpu::runLaunch(launch, hostThreads)) {
      ADD_FAILURE() << launch.report.text();
      return false;
    }
    const vgpu::Counters counted = vgpu::sumOf(launch.counters);
    if (schedule) {
      scale(kernel, product, tiles, launch.onlyBlocks, counted);
      // What comes next reads the results of tiles that did not run, too.
      memory.setAllWritten();
      return true;
    }
    take(kernel, counted, 1);
    kernel.tiles = kernel.sampled = static_cast<int64_t>(host.grid[0]) * host.grid[1];
    kernel.implied = kernel.roofline = leastBytes(host.kernel);
    return true;
  }

  /// The tiles that run: the first, the last and others.
  std::vector<uint64_t> choose(uint64_t count) const {
    std::set<uint64_t> chosen{0, count - 1};
    std::mt19937_64 random(7);
    while (chosen.size() < std::min<uint64_t>(count, samples + 2))
      chosen.insert(random() % count);
    return {chosen.begin(), chosen.end()};
  }

  static const codegen::DeviceProductSchedule *findSchedule(llvm::StringRef kernel) {
    if (!kernel.consume_front("ragged_matmul_"))
      return nullptr;
    return codegen::findDeviceProductSchedule(kernel.split('_').first);
  }

  /// Gate and up come first.
  ProductShape nextProduct() {
    if (numProducts++ == 0)
      return {shape.hidden, 2 * shape.width, shape.width, tokens};
    return {shape.width, shape.hidden, shape.hidden, slots()};
  }

  /// What routing, or the weighted sum, reads and writes at least.
  double leastBytes(llvm::StringRef kernel) const {
    constexpr double wordBytes = 4;
    if (kernel == "route") // logits; ids, weights, sources and places; offsets
      return wordBytes * (tokens * shape.experts + 4 * slots() + shape.experts + 1);
    return static_cast<double>(slots() + tokens) * shape.hidden * elementBytes +
           2 * wordBytes * slots();
  }

  int64_t slots() const { return tokens * shape.choices; }

  void take(KernelCost &kernel, const vgpu::Counters &counted, double factor) {
    kernel.readBytes = counted.globalBytesRead * factor;
    kernel.writtenBytes = counted.globalBytesWritten * factor;
    kernel.sectorBytes = counted.sectors * 32.0 * factor;
    kernel.instructions = counted.warps * factor;
    kernel.bankConflicts = counted.bankConflicts;
  }

  void scale(KernelCost &kernel, const ProductShape &product, const std::vector<Tile> &tiles,
             const std::vector<uint64_t> &chosen, const vgpu::Counters &counted) {
    double reads = 0, writes = 0, issued = 0, allReads = 0, allWrites = 0, allIssued = 0;
    for (const Tile &tile : tiles) {
      allReads += readsOf(tile, product);
      allWrites += writesOf(tile, product);
      allIssued += issuedOf(tile, product);
      kernel.useful += usefulOf(tile, product);
    }
    for (uint64_t number : chosen) {
      reads += readsOf(tiles[number], product);
      writes += writesOf(tiles[number], product);
      issued += issuedOf(tiles[number], product);
    }
    take(kernel, counted, allReads / reads);
    kernel.readBytes = allReads * (counted.globalBytesRead / reads);
    kernel.writtenBytes = allWrites * (counted.globalBytesWritten / writes);
    kernel.issued = allIssued * (counted.matrixOperations / issued);
    kernel.implied = allReads + allWrites;
    kernel.tiles = static_cast<int64_t>(tiles.size());
    kernel.sampled = static_cast<int64_t>(chosen.size());
    const int64_t weights = cost.activeExperts * product.columns * product.depth;
    const int64_t rows = product.sources * product.depth + slots() * product.results;
    kernel.roofline = static_cast<double>(weights + rows) * elementBytes;
  }

  const LayerShape &shape;
  const DeviceProgram &program;
  const int64_t tokens, samples;
  const uint32_t hostThreads;
  vgpu::Memory memory;
  std::unique_ptr<vgpu::ptx::Module> module;
  std::vector<int64_t> offsets;
  uint64_t launches = 0;
  int numProducts = 0;
  LayerCost cost;
};

} // namespace

double LayerCost::sum(double KernelCost::*what) const {
  double all = 0;
  for (const KernelCost &kernel : kernels)
    all += kernel.*what;
  return all;
}

LayerProgram::LayerProgram(const LayerShape &shape) : shape(shape), program(makeText(shape)) {}

std::optional<LayerCost> LayerProgram::measure(int64_t tokens, int64_t samples,
                                               uint32_t hostThreads) const {
  return Measurement(shape, program, tokens, samples, hostThreads).run();
}

} // namespace moec
