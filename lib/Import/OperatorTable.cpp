//===- OperatorTable.cpp - Which operators are imported ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeImporter.h"

using namespace moec;

using RowIndex = llvm::StringMap<llvm::SmallVector<const OperatorRow *, 1>>;

static std::string key(llvm::StringRef domain, llvm::StringRef name) {
  return (domain + ":" + name).str();
}

static RowIndex buildIndex() {
  RowIndex index;
  for (llvm::ArrayRef<OperatorRow> part : {elementwiseOperators(), shapeOperators(),
                                           indexOperators(), mathOperators(), contribOperators()})
    for (const OperatorRow &row : part)
      index[key(row.domain, row.name)].push_back(&row);
  return index;
}

const OperatorRow *moec::findOperator(llvm::StringRef domain, llvm::StringRef name, int64_t version,
                                      bool &known) {
  static const RowIndex index = buildIndex();
  auto it = index.find(key(domain, name));
  known = it != index.end();
  if (known)
    for (const OperatorRow *row : it->second)
      if (row->first <= version && version <= row->last)
        return row;
  return nullptr;
}
