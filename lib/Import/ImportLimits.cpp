//===- ImportLimits.cpp - What a model file may ask for ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ImportLimits.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace moec;

using L = ImportLimits;

static constexpr uint64_t anyNumber = UINT64_MAX;

static constexpr LimitSpec specs[] = {
    {"file-bytes", &L::fileBytes, anyNumber, "size of the model file, weights inside it included"},
    {"parsed-bytes", &L::parsedBytes, anyNumber,
     "estimated memory of the parsed model, without weights that stay in the file"},
    {"message-depth", &L::messageDepth, 2000,
     "nesting of protobuf messages; a graph inside a graph costs three"},
    {"nodes", &L::nodes, anyNumber, "nodes, those of functions and nested graphs included"},
    {"operands", &L::operands, anyNumber, "inputs, outputs or attributes of one node"},
    {"name-bytes", &L::nameBytes, anyNumber,
     "length of a name: of a value, node, operator, domain, attribute, size or function"},
    {"attribute-bytes", &L::attributeBytes, anyNumber,
     "numbers and strings in one attribute of a node; tensors have limits of their own"},
    {"tensors", &L::tensors, anyNumber, "initialisers, sparse ones, and tensors in attributes"},
    {"tensor-bytes", &L::tensorBytes, uint64_t(INT64_MAX) / 8,
     "size of one tensor: of an initialiser, or as declared or computed from shapes"},
    {"rank", &L::rank, 1024, "dimensions of a tensor"},
    {"external-files", &L::externalFiles, anyNumber, "different files of external data"},
    {"sparse-dense-bytes", &L::sparseDenseBytes, anyNumber,
     "memory of all sparse tensors once they are dense"},
    {"call-depth", &L::callDepth, 1000, "local functions that call local functions"},
    {"expanded-nodes", &L::expandedNodes, anyNumber, "nodes after inlining of local functions"},
    {"expanded-bytes", &L::expandedBytes, anyNumber,
     "size of the nodes made by inlining local functions"},
    {"graph-depth", &L::graphDepth, 500, "graphs inside graphs after inlining"},
    {"constant-bytes", &L::constantBytes, anyNumber,
     "memory of all tensors that are held as constants; weights stay in their files"},
    {"folded-elements", &L::foldedElements, anyNumber,
     "numbers that are computed from shapes and constants at compile time"},
    {"text-depth", &L::textDepth, 2000, "brackets inside brackets in a FILE.mlir"},
};

ArrayRef<LimitSpec> moec::limitSpecs() { return specs; }

const LimitSpec &moec::limitSpec(uint64_t ImportLimits::*value) {
  return *find_if(specs, [&](const LimitSpec &spec) { return spec.value == value; });
}

std::string moec::describeExcess(const ImportLimits &limits, uint64_t ImportLimits::*value,
                                 StringRef what) {
  return (what + " is more than the limit of " + Twine(limits.*value) + "; raise it with --limit " +
          limitSpec(value).name + "=N if the file is trusted")
      .str();
}
