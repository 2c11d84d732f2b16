// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A machine with a stack in local memory, which reads a program that is the same for all threads
// but jumps by their values.
#include "Clang.h"

extern "C" __global__ void machine(const unsigned char *code, const int *in, int *out, int count) {
  const int i = blockIndex() * blockSize() + threadIndex();
  if (i >= count)
    return;
  int stack[16];
  int top = 0;
  for (int at = 0;;) {
    const int operand = (signed char)code[at + 1];
    const int operation = code[at];
    at += 2;
    switch (operation) {
    case 0:
      stack[top++] = operand;
      break;
    case 1:
      stack[top++] = in[i];
      break;
    case 2:
      --top;
      stack[top - 1] += stack[top];
      break;
    case 3:
      --top;
      stack[top - 1] *= stack[top];
      break;
    case 4:
      --top;
      stack[top - 1] %= stack[top];
      break;
    case 5:
      stack[top] = stack[top - operand];
      ++top;
      break;
    case 6:
      if (stack[--top] > 0)
        at += operand;
      break;
    case 7:
      stack[top - 1] = -stack[top - 1];
      break;
    case 8:
      stack[top - 1] = __builtin_popcount(stack[top - 1]);
      break;
    case 9:
      stack[top - 1] ^= operand;
      break;
    default:
      out[i] = stack[top - 1];
      return;
    }
  }
}
