// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pairs of f16 and bf16: a polynomial, limits, comparisons.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void halves(const __half2 *x, const __nv_bfloat162 *y, __half2 *polynomials,
                                  __half2 *limited, __nv_bfloat162 *brains, unsigned *greater,
                                  int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count)
    return;
  const __half2 two = __float2half2_rn(2), half = __float2half2_rn(0.5f);
  polynomials[i] = __hfma2(__hfma2(x[i], half, two), x[i], __hneg2(half));
  limited[i] = __hmul2(__hmin2(__hmax2(x[i], __hneg2(two)), two), __hsub2(two, half));
  brains[i] = __hadd2(__hmul2(y[i], y[i]), __hfma2(y[i], y[i], y[i]));
  greater[i] = (__low2half(x[i]) > __high2half(x[i]) ? 1 : 0) | (__hbgt2(x[i], half) ? 2 : 0) |
               unsigned(__half2int_rz(__low2half(x[i])) & 0xff) << 8;
}
