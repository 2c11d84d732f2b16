//===- WeightPacker.cpp - Weights files -------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluates the weights of a module chunk by chunk into the runtime's writer,
// so that memory does not grow with the model.
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/WeightPacker.h"

#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"
#include "lib/Core/WeightsFile.h"

using namespace llvm;
using namespace moec;
using namespace moec::rt;

/// Places rows [firstRow, firstRow + rows) of a source, K wide and dense at `source`, into the
/// panels that hold them, the first of which starts at `target`.
template <typename T>
static void packRows(const char *source, int64_t rows, int64_t k, int64_t columns, int64_t kGroup,
                     char *target, int64_t panelBytes) {
  constexpr int64_t block = 64; // of k, so that a block of 32 rows stays in the first-level cache
  for (int64_t panel = 0; panel * kPanelColumns < rows; ++panel) {
    int64_t count = std::min(kPanelColumns, rows - panel * kPanelColumns);
    const char *from = source + panel * kPanelColumns * k * sizeof(T);
    char *to = target + panel * panelBytes;
    for (int64_t begin = 0; begin < k; begin += block) {
      int64_t end = std::min(begin + block, k);
      for (int64_t row = 0; row < count; ++row) {
        // With two operands, their columns alternate in the source and are apart in the panel.
        int64_t place = row % columns * (kPanelColumns / columns) + row / columns;
        for (int64_t i = begin; i < end; ++i)
          std::memcpy(to + ((i / kGroup * kPanelColumns + place) * kGroup + i % kGroup) *
                               static_cast<int64_t>(sizeof(T)),
                      from + (row * k + i) * static_cast<int64_t>(sizeof(T)), sizeof(T));
      }
    }
  }
}

Error moec::packWeight(WeightReader &reader, WeightExprInterface expr, int64_t chunkBytes,
                       function_ref<Error(int64_t, ArrayRef<char>)> append) {
  WeightLayout layout = getWeightLayout(expr);
  int64_t elementBytes = getElementBytes(expr);
  SmallVector<char, 0> target;
  auto pack = dyn_cast<PackAttr>(expr);
  if (!pack) {
    int64_t elements = expr.getExprType().getNumElements();
    int64_t step = std::max<int64_t>(1, chunkBytes / elementBytes);
    for (int64_t first = 0; first < elements; first += step) {
      int64_t count = std::min(step, elements - first);
      target.resize_for_overwrite(count * elementBytes);
      if (Error error = reader.readLinear(expr, first, count, target.data()))
        return error;
      if (Error error = append(0, target))
        return error;
      reader.releasePages();
    }
    return Error::success();
  }

  WeightExprInterface source = pack.getSource();
  mlir::RankedTensorType type = source.getExprType();
  int64_t rank = type.getRank(), n = type.getDimSize(rank - 2), k = type.getDimSize(rank - 1);
  int64_t panelBytes = layout.paddedK * kPanelColumns * elementBytes;
  int64_t step = std::max<int64_t>(1, chunkBytes / std::max<int64_t>(1, panelBytes));
  SmallVector<char, 0> rows;
  for (int64_t slab = 0; slab < layout.numSlabs; ++slab) {
    for (int64_t panel = 0; panel < layout.panels; panel += step) {
      int64_t panels = std::min(step, layout.panels - panel);
      int64_t firstRow = panel * kPanelColumns;
      int64_t count = std::min(panels * kPanelColumns, n - firstRow);
      SmallVector<int64_t> offsets{slab, firstRow, 0}, sizes{1, count, k};
      rows.resize_for_overwrite(count * k * elementBytes);
      SmallVector<int64_t> strides = getDenseStrides(sizes, elementBytes);
      unsigned skip = rank == 2; // no dimension of slabs
      if (Error error = reader.read(source, ArrayRef(offsets).drop_front(skip),
                                    ArrayRef(sizes).drop_front(skip), rows.data(),
                                    ArrayRef(strides).drop_front(skip)))
        return error;
      target.assign(panels * panelBytes, 0);
      auto packInto = elementBytes == 2 ? packRows<uint16_t> : packRows<uint32_t>;
      packInto(rows.data(), count, k, pack.getColumns(), layout.kGroup, target.data(), panelBytes);
      if (Error error = append(slab, target))
        return error;
      reader.releasePages();
    }
  }
  return Error::success();
}

static Error toError(const moert_status &status) {
  if (status.code == MOERT_OK)
    return Error::success();
  return createStringError(Twine("weights file: ") + status.message);
}

Error moec::writeWeights(mlir::ModuleOp module, StringRef path, const PackOptions &options) {
  auto buildId = module->getAttrOfType<mlir::DenseI8ArrayAttr>(RTDialect::kBuildId);
  if (!buildId)
    return createStringError("the module has no build id; --convert-rt-to-llvm makes it");
  auto weights = llvm::to_vector(module.getOps<WeightOp>());
  if (weights.empty())
    return Error::success();

  std::vector<std::string> names;
  std::vector<moert_weight_info> infos;
  int64_t total = 0, written = 0;
  for (WeightOp weight : weights)
    names.push_back(weight.getSymName().str());
  for (auto [weight, name] : llvm::zip_equal(weights, names)) {
    WeightLayout layout = getWeightLayout(weight.getValue());
    moert_weight_info info = {};
    info.name = name.c_str();
    info.dtype = getDType(layout.elementType, "");
    info.num_slabs = layout.numSlabs;
    info.slab_bytes = layout.slabBytes;
    info.slab_stride = layout.slabStride;
    infos.push_back(info);
    total += layout.numSlabs * layout.slabBytes;
  }

  moert::WeightsWriter writer;
  std::string file = path.str();
  if (Error error = toError(
          writer.begin(file.c_str(), reinterpret_cast<const uint8_t *>(buildId.asArrayRef().data()),
                       infos.data(), infos.size())))
    return error;
  WeightReader reader(options.baseDirectory);
  for (auto [index, weight] : llvm::enumerate(weights)) {
    auto append = [&, number = index](int64_t slab, ArrayRef<char> bytes) -> Error {
      if (Error error = toError(writer.append(number, slab, bytes.data(), bytes.size())))
        return error;
      written += bytes.size();
      if (options.progress)
        options.progress(written, total);
      return Error::success();
    };
    if (Error error = packWeight(reader, weight.getValue(), options.chunkBytes, append))
      return joinErrors(createStringError("weight @" + weight.getSymName()), std::move(error));
  }
  return toError(writer.finish());
}
