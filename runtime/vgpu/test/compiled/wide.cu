// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integers and floats of 64 bits: quotients, remainders, high halves, roots.

extern "C" __global__ void wide(const long long *a, const long long *b, long long *quotients,
                                unsigned long long *unsignedParts, double *reals, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count)
    return;
  const auto ua = (unsigned long long)a[i], ub = (unsigned long long)b[i];
  quotients[2 * i] = a[i] / b[i];
  quotients[2 * i + 1] = a[i] % b[i];
  unsignedParts[4 * i] = ua / ub;
  unsignedParts[4 * i + 1] = ua % ub;
  unsignedParts[4 * i + 2] = __umul64hi(ua, ub);
  unsignedParts[4 * i + 3] = ua << (ub & 63) | ua >> (63 - (ub & 63));
  const double x = double(a[i]), y = double(b[i]);
  reals[4 * i] = x / y;
  reals[4 * i + 1] = sqrt(fabs(x));
  reals[4 * i + 2] = floor(x * 1e-6) + fma(x, y, 1.0);
  reals[4 * i + 3] = double(float(x)) + double((long long)(y * 0.5));
}
