//===- PanelTransposition.h - Rows and columns into panels ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The elements of a matrix [N, K] in the order of #rt.pack. The matrix comes in
// whichever order its file has it: with K fastest its rows are transposed, with
// N fastest its columns only change places.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_PANELTRANSPOSITION_H
#define MOEC_LIB_EMIT_PANELTRANSPOSITION_H

#include <cstdint>

namespace moec {

/// How a panel places its columns: `columns` operands apart, `kGroup` consecutive k together.
struct PanelOrder {
  int64_t columns;
  int64_t kGroup;
  int64_t elementBytes; // 2 or 4; 2 where kGroup is 2
};

/// Writes k of [0, groups * order.kGroup) of one panel. Row `r` of its 32 rows of N is at
/// `source + r * rowBytes`, K fastest.
void packFromRows(const char *source, int64_t rowBytes, int64_t groups, PanelOrder order,
                  char *panel);

/// Writes k of [0, groups * order.kGroup) of one panel. Row `i` of K, of 32 N, is at
/// `source + i * rowBytes`.
void packFromColumns(const char *source, int64_t rowBytes, int64_t groups, PanelOrder order,
                     char *panel);

} // namespace moec

#endif // MOEC_LIB_EMIT_PANELTRANSPOSITION_H
