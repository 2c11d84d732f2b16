// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that are called: with structures as parameters and results, within each other, in loops
// and from branches, by part of a warp.

struct Complex {
  double re, im;
};
struct Orbit {
  Complex last;
  int steps;
  char isInside;
};

__device__ __noinline__ Complex multiply(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

__device__ __noinline__ float squareOf(Complex a) { return float(a.re * a.re + a.im * a.im); }

__device__ __noinline__ Orbit follow(Complex start, int most) {
  Complex z = {0, 0};
  for (int step = 0; step < most; ++step) {
    z = multiply(z, z);
    z.re += start.re;
    z.im += start.im;
    if (squareOf(z) > 4)
      return {z, step, 0};
  }
  return {z, most, 1};
}

__device__ __noinline__ void note(int *where, short what) { atomicAdd(where, what); }

extern "C" __global__ void calls(int *steps, float *sizes, int width, int height, int *inside) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y;
  if (x >= width)
    return;
  const Orbit orbit = follow({x * 3.0 / width - 2, y * 2.0 / height - 1}, 50);
  steps[y * width + x] = orbit.steps;
  sizes[y * width + x] = squareOf(orbit.last);
  if (orbit.isInside)
    note(inside, 1);
  else if (orbit.steps > 10)
    note(inside + 1, -1);
}
