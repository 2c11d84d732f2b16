// RUN: moe-opt %s --pass-pipeline="builtin.module(gpu.module(emit-device-attention,canonicalize,cse))" --split-input-file --verify-diagnostics | FileCheck %s

// Queries of 80 columns stay in shared memory, 2 tiles of 64. Per 64 keys: scores, tile by tile, their
// softmax, then the values. What is not there is zeros.

// CHECK-LABEL: gpu.func @causal
// CHECK-SAME: workgroup(%[[QUERIES:.*]] : memref<2176xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}
// CHECK-SAME: %[[TILE:.*]] : memref<4352xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}
// CHECK-SAME: %[[SCORES:.*]] : memref<1088xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}
// CHECK-SAME: %[[FACTORS:.*]] : memref<16xf32, #gpu.address_space<workgroup>>
// The queries.
// CHECK: scf.for
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : {{.*}}, vector<4xf32>
// CHECK: vector.store {{.*}}, %[[QUERIES]]{{.*}} {alignment = 16 : i64} : {{.*}}, vector<4xf32>
// Steps of keys, with a row's maxima and partial sums and the sums of values of a thread.
// CHECK: scf.for {{.*}} step %c64 iter_args({{.*}} -> (f32, f32, f32, f32,
// CHECK: scf.for {{.*}} = %c0 to %c80 step %c64
// CHECK: scf.if
// CHECK: vector.load {{.*}}, vector<4xf32>
// CHECK: vector.store {{.*}}, %[[TILE]]
// CHECK: gpu.barrier
// CHECK: scf.for
// CHECK: vector.load %[[TILE]]
// CHECK: vector.load %[[QUERIES]]
// CHECK: math.fma
// CHECK: gpu.barrier
// CHECK: memref.store {{.*}}, %[[SCORES]]
// CHECK: gpu.barrier
// CHECK: memref.load %[[SCORES]]
// CHECK: nvvm.shfl.sync bfly {{.*}}, %c8_i32
// CHECK: nvvm.shfl.sync bfly {{.*}}, %c1_i32
// CHECK: math.exp
// CHECK: memref.store {{.*}}, %[[SCORES]]
// CHECK: memref.store {{.*}}, %[[FACTORS]]
// CHECK: gpu.barrier
// CHECK: memref.load %[[FACTORS]]
// CHECK: vector.store {{.*}}, %[[TILE]]
// CHECK: gpu.barrier
// CHECK: memref.load %[[TILE]]
// CHECK: vector.load %[[SCORES]]
// CHECK: math.fma
// CHECK: gpu.barrier
// CHECK: arith.divf
// CHECK-NOT: tile.attention
gpu.module @device {
  gpu.func @causal(%bq: memref<f32>, %bk: memref<f32>, %bo: memref<f32>, %s: index, %l: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, tile.query_rows = 16 : i64} {
    %q = memref.reinterpret_cast %bq to offset: [0], sizes: [1, 4, %s, 80], strides: [320, 80, 320, 1]
        : memref<f32> to memref<1x4x?x80xf32, strided<[320, 80, 320, 1]>>
    %k = memref.reinterpret_cast %bk to offset: [0], sizes: [1, 2, %l, 80], strides: [163840, 81920, 80, 1]
        : memref<f32> to memref<1x2x?x80xf32, strided<[163840, 81920, 80, 1]>>
    %o = memref.reinterpret_cast %bo to offset: [0], sizes: [1, 4, %s, 80], strides: [320, 80, 320, 1]
        : memref<f32> to memref<1x4x?x80xf32, strided<[320, 80, 320, 1]>>
    tile.attention query(%q : memref<1x4x?x80xf32, strided<[320, 80, 320, 1]>>)
        key(%k : memref<1x2x?x80xf32, strided<[163840, 81920, 80, 1]>>)
        value(%k : memref<1x2x?x80xf32, strided<[163840, 81920, 80, 1]>>)
        outs(%o : memref<1x4x?x80xf32, strided<[320, 80, 320, 1]>>)
        {right_window = 0, scale = 1.0 : f32, tile.widths = array<i64: 4, 4, 4>}
    gpu.return
  }
}

// -----

// Matrix instructions where all three types are bf16: tiles keep it, weights are rounded to it.

// CHECK-LABEL: gpu.func @matrix
// CHECK-SAME: workgroup(%[[QUERIES:.*]] : memref<1152xbf16, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}
// CHECK-SAME: %[[TILE:.*]] : memref<4608xbf16, #gpu.address_space<workgroup>>
// CHECK-SAME: %[[SCORES:.*]] : memref<1088xf32, #gpu.address_space<workgroup>>
// CHECK: vector.store {{.*}}, %[[QUERIES]]{{.*}} {alignment = 16 : i64} : {{.*}}, vector<8xbf16>
// CHECK: scf.for {{.*}} step %c16
// CHECK-COUNT-4: vector.load %[[QUERIES]]{{.*}} {alignment = 4 : i64} : {{.*}}, vector<2xbf16>
// CHECK-COUNT-2: vector.load %[[TILE]]{{.*}}, vector<2xbf16>
// CHECK: nvvm.mma.sync {{.*}} multiplicandBPtxType = #nvvm.mma_type<bf16>, shape = #nvvm.shape<m = 16, n = 8, k = 16>
// CHECK: nvvm.mma.sync
// CHECK: memref.store {{.*}}, %[[SCORES]]
// CHECK: math.exp
// CHECK: vector.load %[[SCORES]]
// CHECK: arith.truncf {{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK: memref.load %[[TILE]]
// CHECK: vector.from_elements
// CHECK: nvvm.mma.sync
gpu.module @device {
  gpu.func @matrix(%b: memref<bf16>, %l: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, tile.query_rows = 16 : i64} {
    %x = memref.reinterpret_cast %b to offset: [0], sizes: [1, 2, %l, 64], strides: [65536, 32768, 64, 1]
        : memref<bf16> to memref<1x2x?x64xbf16, strided<[65536, 32768, 64, 1]>>
    tile.attention query(%x : memref<1x2x?x64xbf16, strided<[65536, 32768, 64, 1]>>)
        key(%x : memref<1x2x?x64xbf16, strided<[65536, 32768, 64, 1]>>)
        value(%x : memref<1x2x?x64xbf16, strided<[65536, 32768, 64, 1]>>)
        outs(%x : memref<1x2x?x64xbf16, strided<[65536, 32768, 64, 1]>>)
        {scale = 1.0 : f32, tile.widths = array<i64: 8, 8, 8>}
    gpu.return
  }
}

// -----

gpu.module @device {
  gpu.func @teams(%x: memref<1x1x4x64xf32>) kernel attributes {tile.team = "block"} {
    // expected-error @+1 {{expects to stand in a kernel with 'tile.query_rows' 16 and to have three 'tile.widths'}}
    tile.attention query(%x : memref<1x1x4x64xf32>) key(%x : memref<1x1x4x64xf32>) value(%x : memref<1x1x4x64xf32>)
        outs(%x : memref<1x1x4x64xf32>) {scale = 1.0 : f32}
    gpu.return
  }
}
