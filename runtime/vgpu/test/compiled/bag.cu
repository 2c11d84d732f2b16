// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weighted sums of rows of a table in f16, which lists of different lengths name; a function of the
// program's own for each row.
#include "Clang.h"

typedef _Float16 Half4 __attribute__((ext_vector_type(4)));
typedef float Float4 __attribute__((ext_vector_type(4)));

struct Row {
  const Half4 *elements;
  float weight;
  int length;
};

__device__ __attribute__((noinline)) Float4 scaled(Row row, int column) {
  if (column >= row.length)
    return Float4(0);
  return __builtin_convertvector(row.elements[column], Float4) * row.weight;
}

extern "C" __global__ void bag(const Half4 *table, const int *starts, const int *rows,
                               const float *weights, Float4 *out, int columns) {
  const int list = blockIndex(), column = threadIndex();
  Float4 sum = 0;
  for (int i = starts[list]; i < starts[list + 1]; ++i)
    sum += scaled({table + rows[i] * columns, weights[i], columns}, column);
  if (column < columns)
    out[list * columns + column] = sum;
}
