//===- PanelTransposition.cpp - Rows and columns into panels ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/PanelTransposition.h"

#include "dialects/RT/IR/WeightLayout.h"

#include <cstring>
#include <utility>

using namespace moec;
using rt::kPanelColumns;

/// Vectors that every x86-64 has; what a unit of them is, transpositions do not mind.
template <typename T>
struct Vector {
  static constexpr size_t lanes = 16 / sizeof(T);
  typedef T Type __attribute__((vector_size(16)));
};

/// Lanes of the lower or the upper halves of two vectors, taken in turn.
template <size_t half, typename V, size_t... lane>
static V interleave(V a, V b, std::index_sequence<lane...>) {
  constexpr size_t lanes = sizeof...(lane);
  return __builtin_shufflevector(a, b, (lane % 2 * lanes + half * lanes / 2 + lane / 2)...);
}

/// Transposes a square of units: interleaving row i with row i + lanes / 2, for all i, moves one
/// bit of a unit's row into its column, and as many rounds move all.
template <typename T>
static void transposeSquare(const char *source, int64_t rowBytes, char *target,
                            int64_t targetBytes) {
  using V = typename Vector<T>::Type;
  constexpr size_t lanes = Vector<T>::lanes;
  constexpr auto order = std::make_index_sequence<lanes>();
  V rows[lanes], next[lanes];
  for (size_t i = 0; i < lanes; ++i)
    std::memcpy(&rows[i], source + static_cast<int64_t>(i) * rowBytes, sizeof(V));
#pragma GCC unroll 3
  for (size_t round = 1; round < lanes; round *= 2) {
    for (size_t i = 0; i < lanes / 2; ++i) {
      next[2 * i] = interleave<0>(rows[i], rows[i + lanes / 2], order);
      next[2 * i + 1] = interleave<1>(rows[i], rows[i + lanes / 2], order);
    }
    std::memcpy(rows, next, sizeof(rows));
  }
  for (size_t i = 0; i < lanes; ++i)
    std::memcpy(target + static_cast<int64_t>(i) * targetBytes, &rows[i], sizeof(V));
}

/// A unit is what a row has at one group of k.
template <typename T>
static void transposeRows(const char *source, int64_t rowBytes, int64_t groups, int64_t columns,
                          char *panel) {
  constexpr int64_t bytes = sizeof(T), lanes = Vector<T>::lanes;
  const int64_t perOperand = kPanelColumns / columns;
  int64_t group = 0;
  for (; group + lanes <= groups; group += lanes)
    for (int64_t place = 0; place < kPanelColumns; place += lanes) {
      // With two operands, their columns alternate in the source and are apart in the panel.
      const char *row = source + (place % perOperand * columns + place / perOperand) * rowBytes;
      transposeSquare<T>(row + group * bytes, columns * rowBytes,
                         panel + (group * kPanelColumns + place) * bytes, kPanelColumns * bytes);
    }
  for (; group < groups; ++group)
    for (int64_t place = 0; place < kPanelColumns; ++place) {
      const char *row = source + (place % perOperand * columns + place / perOperand) * rowBytes;
      std::memcpy(panel + (group * kPanelColumns + place) * bytes, row + group * bytes, bytes);
    }
}

/// Constants for sizes, so that the compiler makes shuffles of the loops.
template <typename T, int64_t columns, int64_t kGroup>
static void placeColumns(const char *source, int64_t rowBytes, int64_t groups, char *panel) {
  for (int64_t group = 0; group < groups; ++group) {
    T from[kGroup][kPanelColumns], to[kPanelColumns][kGroup];
    for (int64_t i = 0; i < kGroup; ++i)
      std::memcpy(from[i], source + (group * kGroup + i) * rowBytes, sizeof(from[i]));
    for (int64_t operand = 0; operand < columns; ++operand)
      for (int64_t column = 0; column < kPanelColumns / columns; ++column)
        for (int64_t i = 0; i < kGroup; ++i)
          to[operand * (kPanelColumns / columns) + column][i] = from[i][column * columns + operand];
    std::memcpy(panel + group * static_cast<int64_t>(sizeof(to)), to, sizeof(to));
  }
}

void moec::packFromRows(const char *source, int64_t rowBytes, int64_t groups, PanelOrder order,
                        char *panel) {
  auto transpose =
      order.elementBytes * order.kGroup == 2 ? transposeRows<uint16_t> : transposeRows<uint32_t>;
  transpose(source, rowBytes, groups, order.columns, panel);
}

void moec::packFromColumns(const char *source, int64_t rowBytes, int64_t groups, PanelOrder order,
                           char *panel) {
  const bool pairs = order.columns == 2;
  auto place =
      order.elementBytes == 4 ? pairs ? placeColumns<uint32_t, 2, 1> : placeColumns<uint32_t, 1, 1>
      : order.kGroup == 1     ? pairs ? placeColumns<uint16_t, 2, 1> : placeColumns<uint16_t, 1, 1>
      : pairs                 ? placeColumns<uint16_t, 2, 2>
                              : placeColumns<uint16_t, 1, 2>;
  place(source, rowBytes, groups, panel);
}
