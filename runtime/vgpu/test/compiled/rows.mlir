// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The mean of each row of a matrix of any size and how far its greatest number is above it: one block
// for each row, with reductions of the whole block.

module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @rows(%in: memref<?x?xf32>, %out: memref<?x2xf32>) kernel {
      %row = gpu.block_id x
      %thread = gpu.thread_id x
      %threads = gpu.block_dim x
      %one = arith.constant 1 : index
      %zero = arith.constant 0 : index
      %columns = memref.dim %in, %one : memref<?x?xf32>
      %none = arith.constant 0.0 : f32
      %least = arith.constant 0xFF800000 : f32
      %sum, %most = scf.for %i = %thread to %columns step %threads
          iter_args(%s = %none, %m = %least) -> (f32, f32) {
        %x = memref.load %in[%row, %i] : memref<?x?xf32>
        %t = arith.addf %s, %x : f32
        %n = arith.maximumf %m, %x : f32
        scf.yield %t, %n : f32, f32
      }
      %total = gpu.all_reduce add %sum uniform {} : (f32) -> f32
      gpu.barrier
      %greatest = gpu.all_reduce maximumf %most uniform {} : (f32) -> f32
      %count = arith.index_cast %columns : index to i32
      %number = arith.sitofp %count : i32 to f32
      %mean = arith.divf %total, %number : f32
      %above = arith.subf %greatest, %mean : f32
      %isFirst = arith.cmpi eq, %thread, %zero : index
      scf.if %isFirst {
        memref.store %mean, %out[%row, %zero] : memref<?x2xf32>
        memref.store %above, %out[%row, %one] : memref<?x2xf32>
      }
      gpu.return
    }
  }
}
