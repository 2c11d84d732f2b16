//===- VerifyRecognition.cpp - Layers against what they were ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/VerifyRecognition.h"

#include "lib/Driver/CompareRows.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/InMemory.h"
#include "lib/Driver/LayerCases.h"
#include "lib/Driver/LoadedModel.h"

#include "lib/Core/Status.h"
#include "lib/Import/ImportError.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Format.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace moec;
using recognise::LayerForms;
using recognise::LayerSizes;

namespace {

/// Both forms of a layer, loaded.
class FormRuns {
public:
  moert_status load(const InMemoryModel &model, ArrayRef<std::string> names);
  /// Runs form 0 or 1.
  moert_status run(unsigned form, std::vector<Tensor> &inputs, DType dtype, Tensor &result);

private:
  LoadedModel loaded;
  const moert_api &api = loaded.api;
  const moert_entry_info *entries[2] = {};
  Handle<moert_request> requests[2];
};

moert_status FormRuns::load(const InMemoryModel &model, ArrayRef<std::string> names) {
  MOERT_RETURN_IF_FAILED(loaded.load(model));
  const moert_artifact_v1 *table = model.getArtifact();
  for (unsigned form = 0; form < 2; ++form) {
    for (uint32_t i = 0; i < table->num_entries; ++i)
      if (names[form] == table->entries[i].name)
        entries[form] = &table->entries[i];
    MOERT_RETURN_IF_FAILED(requests[form].create([&](auto made) {
      return api.request_create(loaded.session.get(), names[form].c_str(), made);
    }));
  }
  return moert::success();
}

moert_status FormRuns::run(unsigned form, std::vector<Tensor> &inputs, DType dtype,
                           Tensor &result) {
  moert_request *request = requests[form].get();
  for (auto [index, tensor] : llvm::enumerate(inputs)) {
    const moert_value_info &info = entries[form]->inputs[index];
    moert_tensor given = {};
    given.size = sizeof(given);
    given.data = tensor.bytes();
    given.bytes = tensor.numElements() * bytesOf(tensor.dtype());
    given.dtype = info.dtype;
    given.rank = static_cast<int32_t>(tensor.rank());
    given.sizes = tensor.shape().data();
    MOERT_RETURN_IF_FAILED(api.request_set_input(request, info.name, &given));
  }
  MOERT_RETURN_IF_FAILED(api.request_run(request));
  moert_tensor got = {};
  got.size = sizeof(got);
  MOERT_RETURN_IF_FAILED(api.request_output(request, entries[form]->outputs[0].name, &got));
  std::optional<Tensor> made = Tensor::create(dtype, ArrayRef<int64_t>(got.sizes, got.rank));
  if (!made || got.bytes != made->numElements() * bytesOf(dtype))
    return moert::failure(MOERT_OUT_OF_MEMORY, "the result has no room");
  if (got.bytes)
    std::memcpy(made->bytes(), got.data, got.bytes);
  result = *made;
  return moert::success();
}

/// One comparison of two forms.
class Comparison {
public:
  Comparison(const Compilation &whole, const LayerForms &forms) : whole(whole), forms(forms) {}

  LayerVerdict compare() {
    if (!forms.module)
      return unknown(forms.problem);
    std::vector<std::string> names;
    for (auto function : forms.module.get().getOps<func::FuncOp>()) {
      names.push_back(function.getName().str());
      dtype = dtypeOf(function.getResultTypes().front());
    }
    if (!dtype)
      return unknown("its results are of a type that cannot be compared");
    InMemoryModel model;
    if (!compile(model))
      return verdict;
    if (moert_status status = runs.load(model, names); status.code != MOERT_OK)
      return unknown(status.message);
    for (const LayerSizes &sizes : forms.sizes)
      for (Routing routing : allRoutings)
        if (!compareOne(sizes, routing))
          return verdict;
    // Two forms that give nothing but NaN prove nothing.
    if (!anyFinite)
      return unknown("no result was a finite number");
    if (worst.relative > rowTolerance(*dtype)) {
      verdict.kind = LayerVerdict::Different;
      verdict.detail = describeWorst();
      return verdict;
    }
    verdict.kind = LayerVerdict::Same;
    return verdict;
  }

private:
  LayerVerdict unknown(const Twine &why) {
    verdict.kind = LayerVerdict::Unknown;
    verdict.detail = why.str();
    return verdict;
  }

  bool compile(InMemoryModel &model) {
    Compilation part(whole, OwningOpRef<ModuleOp>(forms.module.get().clone()));
    std::string said;
    ScopedDiagnosticHandler handler(forms.where.getContext(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error && said.empty())
        said = ": " + diagnostic.str();
      return success();
    });
    // As it stands: the form of the file must stay what it is.
    RecogniseOptions options;
    options.recogniseSpelledOut = false;
    if (model.load(part, {nativeCpu(), std::nullopt}, options) == exitSuccess)
      return true;
    unknown("its two forms cannot be compiled on their own" + said);
    return false;
  }

  /// Whether to go on.
  bool compareOne(const LayerSizes &sizes, Routing routing) {
    llvm::Expected<std::vector<Tensor>> inputs = makeLayerInputs(forms, sizes, routing);
    if (!inputs) {
      unknown(llvm::toString(inputs.takeError()));
      return false;
    }
    Tensor results[2];
    for (unsigned form = 0; form < 2; ++form) {
      moert_status status = runs.run(form, *inputs, *dtype, results[form]);
      if (status.code == MOERT_OK)
        continue;
      std::string why = "with " + describe(sizes, routing) + ": " + status.message;
      unknown("the file's form does not run " + why);
      if (form == 1) {
        verdict.kind = LayerVerdict::Different;
        verdict.detail = "the file's form runs and the recognised one does not " + why;
      }
      return false;
    }
    ++verdict.runs;
    if (results[0].shape() != results[1].shape()) {
      verdict.kind = LayerVerdict::Different;
      verdict.detail = "with " + describe(sizes, routing) + " the file's form gives " +
                       shapeToString(*dtype, results[0].shape()) + ", the recognised one " +
                       shapeToString(*dtype, results[1].shape());
      return false;
    }
    for (int64_t i = 0; i < results[0].numElements() && !anyFinite; ++i)
      anyFinite = std::isfinite(results[0].real(i));
    RowDifference difference = compareRows(results[0], results[1]);
    if (difference.relative > worst.relative) {
      worst = difference;
      worstSizes = &sizes;
      worstRouting = routing;
    }
    verdict.largest = worst.relative;
    return true;
  }

  std::string describe(const LayerSizes &sizes, Routing routing) const {
    return std::to_string(sizes.tokens) + (sizes.tokens == 1 ? " token" : " tokens") + " and " +
           moec::describe(routing).str();
  }

  std::string describeWorst() const {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << "with " << describe(*worstSizes, worstRouting) << " element [" << worst.row << ","
       << worst.column << "] is " << llvm::format("%.9g", worst.second) << " instead of "
       << llvm::format("%.9g", worst.first) << ", which differs by "
       << llvm::format("%.2g", worst.relative) << " of its row's largest element ("
       << llvm::format("%.2g", rowTolerance(*dtype)) << " is allowed)";
    return text;
  }

  const Compilation &whole;
  const LayerForms &forms;
  FormRuns runs;
  std::optional<DType> dtype;
  LayerVerdict verdict;
  RowDifference worst;
  const LayerSizes *worstSizes = nullptr;
  Routing worstRouting = Routing::Ordinary;
  bool anyFinite = false;
};

} // namespace

LayerVerdict moec::compareForms(const Compilation &whole, const LayerForms &forms) {
  return Comparison(whole, forms).compare();
}

int moec::verifyRecognition(const Compilation &whole, ArrayRef<LayerForms> layers, bool quiet) {
  size_t counts[3] = {};
  llvm::raw_ostream &os = llvm::errs();
  for (const LayerForms &forms : layers) {
    LayerVerdict verdict = compareForms(whole, forms);
    ++counts[verdict.kind];
    if (verdict.kind == LayerVerdict::Same && quiet)
      continue;
    std::string place = whole.describe(forms.where);
    os << "moec: " << escapeName(whole.getPath()) << ": " << place << (place.empty() ? "" : ": ");
    switch (verdict.kind) {
    case LayerVerdict::Same:
      os << "layer verified: " << verdict.runs << " runs, differences up to "
         << llvm::format("%.2g", verdict.largest) << " of a row's largest element\n";
      break;
    case LayerVerdict::Different:
      os << "the layer was recognised wrongly: " << escapeMessage(verdict.detail)
         << ". This is an error of moec: please report it with the file. --no-recognise compiles "
            "the layer as the file spells it\n";
      break;
    case LayerVerdict::Unknown:
      os << "layer not verified: " << escapeMessage(verdict.detail) << "\n";
      break;
    }
  }
  if (!quiet)
    os << "moec: " << escapeName(whole.getPath()) << ": " << counts[LayerVerdict::Same] << " of "
       << layers.size() << " recognised layers verified\n";
  if (counts[LayerVerdict::Different])
    return exitWrongResult;
  return counts[LayerVerdict::Unknown] ? exitUnsupported : exitSuccess;
}
