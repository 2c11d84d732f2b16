//===- StoredWeights.cpp - What products' weights are stored in --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/StoredWeights.h"

#include "dialects/RT/IR/WeightBuilders.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/ModelSummary.h"
#include "lib/Emit/WeightPacker.h"
#include "lib/Import/ImportError.h"

#include "llvm/Support/Format.h"

using namespace mlir;
using namespace moec;

static int64_t getBytes(rt::WeightExprInterface expression) {
  rt::WeightLayout layout = rt::getWeightLayout(expression);
  return layout.numSlabs * layout.slabBytes;
}

/// Adds `weight` to those of its kind and type.
static void addToKind(std::vector<StoredWeight> &kinds, const StoredWeight &weight) {
  auto known = llvm::find_if(kinds, [&](const StoredWeight &kind) {
    return kind.kind == weight.kind && kind.type == weight.type;
  });
  if (known == kinds.end()) {
    kinds.push_back(weight);
    kinds.back().name.clear();
    kinds.back().node.clear();
    return;
  }
  ++known->count;
  known->bytesBefore += weight.bytesBefore;
  known->bytes += weight.bytes;
  known->error += weight.error;
}

int moec::summariseWeights(const Compilation &compilation, const CpuOptions &options,
                           StoredWeights &summary) {
  summary.dtype = options.weightsType;
  Compilation copy(compilation, cast<ModuleOp>(compilation.getModule()->clone()));
  if (int code = copy.schedule(options))
    return code;
  WeightFiles files(compilation.getPackOptions());
  WeightReader reader(files);
  for (auto weight : copy.getModule().getOps<rt::WeightOp>()) {
    auto pack = dyn_cast<rt::PackAttr>(weight.getValue());
    if (!pack)
      continue;
    auto cast = dyn_cast<rt::CastAttr>(pack.getSource());
    StoredWeight stored;
    stored.name = getWeightName(weight);
    stored.node = compilation.describe(weight.getLoc());
    stored.type = getDTypeName(pack.getExprType().getElementType());
    stored.bytes = stored.bytesBefore = getBytes(pack);
    stored.kind = weight.getSymName().starts_with("expert") ? "experts" : "matrices";
    bool isRounded = cast && cast.getFinite();
    if (isRounded) {
      stored.bytesBefore = getBytes(rt::packed(cast.getSource(), pack.getColumns()));
      llvm::Expected<RoundingError> error = measureRounding(reader, cast);
      if (!error) {
        llvm::errs() << "moec: " << escapeMessage(toString(error.takeError())) << "\n";
        return exitBadInput;
      }
      stored.error = *error;
    } else if (stored.type == "f32" && summary.dtype != "file") {
      stored.kind = "ranked"; // what a router reads, and nothing else, is not rounded
    }
    addToKind(summary.kinds, stored);
    summary.weights.push_back(std::move(stored));
  }
  return exitSuccess;
}

static void printOne(llvm::raw_ostream &os, const StoredWeight &weight) {
  os << weight.type << ", " << weight.bytesBefore;
  if (weight.bytes != weight.bytesBefore)
    os << " -> " << weight.bytes;
  os << " bytes";
  const RoundingError &error = weight.error;
  if (error.elements != 0)
    os << llvm::format("; relative error max %.2e, RMS %.2e; largest %.4g", error.maxRelative,
                       error.rms(), error.largest)
       << "; " << error.overflows << " overflow, " << error.subnormals << " subnormal, "
       << error.flushes << " to zero";
  os << "\n";
}

void moec::printText(llvm::raw_ostream &os, const StoredWeights &summary) {
  os << "weights of products as " << summary.dtype << ": " << summary.weights.size() << "\n";
  for (const StoredWeight &kind : summary.kinds) {
    os << "  " << kind.kind << ", " << kind.count << ": ";
    printOne(os, kind);
  }
  for (const StoredWeight &weight : summary.weights) {
    os << "  " << weight.node << (weight.node.empty() ? "" : ": ") << escapeName(weight.name)
       << ": ";
    printOne(os, weight);
  }
}

static llvm::json::Object toJson(const StoredWeight &weight) {
  llvm::json::Object object{{"kind", weight.kind},
                            {"dtype", weight.type},
                            {"bytes_before", weight.bytesBefore},
                            {"bytes", weight.bytes}};
  if (weight.error.elements == 0)
    return object;
  object["elements"] = weight.error.elements;
  object["max_relative_error"] = weight.error.maxRelative;
  object["rms_relative_error"] = weight.error.rms();
  object["largest"] = weight.error.largest;
  object["overflows"] = weight.error.overflows;
  object["subnormals"] = weight.error.subnormals;
  object["flushed_to_zero"] = weight.error.flushes;
  return object;
}

llvm::json::Object moec::toJson(const StoredWeights &summary) {
  llvm::json::Array kinds, weights;
  for (const StoredWeight &kind : summary.kinds) {
    llvm::json::Object object = ::toJson(kind);
    object["count"] = kind.count;
    kinds.push_back(std::move(object));
  }
  for (const StoredWeight &weight : summary.weights) {
    llvm::json::Object object = ::toJson(weight);
    object["name"] = llvm::json::fixUTF8(weight.name);
    object["node"] = llvm::json::fixUTF8(weight.node);
    weights.push_back(std::move(object));
  }
  return llvm::json::Object{
      {"dtype", summary.dtype}, {"kinds", std::move(kinds)}, {"weights", std::move(weights)}};
}
