// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The words of CUDA for clang without a toolkit.
#ifndef MOERT_VGPU_TEST_COMPILED_CLANG_H
#define MOERT_VGPU_TEST_COMPILED_CLANG_H

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))

__device__ inline int threadIndex() { return __nvvm_read_ptx_sreg_tid_x(); }
__device__ inline int blockIndex() { return __nvvm_read_ptx_sreg_ctaid_x(); }
__device__ inline int blockSize() { return __nvvm_read_ptx_sreg_ntid_x(); }

__device__ inline void barrier() { __nvvm_bar_sync(0); }

#endif // MOERT_VGPU_TEST_COMPILED_CLANG_H
