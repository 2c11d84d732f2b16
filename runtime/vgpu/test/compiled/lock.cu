// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A lock that threads of all blocks wait for, with times of rest that grow, around memory that is
// nothing but plain.

extern "C" __global__ void lock(unsigned *isTaken, unsigned *count, unsigned long long *sum) {
  if (threadIdx.x % 32 != 0)
    return;
  for (int round = 0; round < 3; ++round) {
    unsigned rest = 8;
    for (;;) {
      unsigned expected = 0;
      if (__nv_atomic_compare_exchange_n(isTaken, &expected, 1u, false, __NV_ATOMIC_ACQUIRE,
                                         __NV_ATOMIC_RELAXED, __NV_THREAD_SCOPE_DEVICE))
        break;
      __nanosleep(rest);
      rest = rest < 256 ? rest * 2 : rest;
    }
    *count += 1;
    *sum += *count * (unsigned long long)(blockIdx.x + 1);
    __nv_atomic_store_n(isTaken, 0u, __NV_ATOMIC_RELEASE, __NV_THREAD_SCOPE_DEVICE);
  }
}
