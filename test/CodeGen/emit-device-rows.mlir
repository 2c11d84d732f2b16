// RUN: moe-opt %s --pass-pipeline="builtin.module(gpu.module(emit-device-rows,canonicalize,cse))" --split-input-file | FileCheck %s

// A thread per vector: 16 bytes of each row, which start at multiples of 16 bytes.

// CHECK-LABEL: gpu.func @scale
// CHECK: %[[THREAD:.*]] = gpu.thread_id x
// CHECK: %[[CHUNK:.*]] = gpu.block_id y
// CHECK: %[[FIRST:.*]] = arith.muli %[[CHUNK]], %c16
// CHECK: %[[LANE:.*]] = arith.addi %[[FIRST]], %[[THREAD]]
// CHECK: %[[AT:.*]] = arith.muli %[[LANE]], %c4
// CHECK: scf.for %[[I:.*]] = %[[AT]] to %c64
// CHECK: vector.load %{{.*}}[%c0, %[[I]]] {alignment = 16 : i64} : {{.*}}, vector<4xf32>
// CHECK: vector.store %{{.*}} {alignment = 16 : i64}
// CHECK-NOT: scf.for
gpu.module @device {
  gpu.func @scale(%base: memref<f32>, %rows: index) kernel
      attributes {known_block_size = array<i32: 16, 16, 1>, tile.team = "alone"} {
    %two = arith.constant 2.0 : f32
    %x = memref.reinterpret_cast %base to offset: [0], sizes: [%rows, 64], strides: [64, 1] : memref<f32> to memref<?x64xf32>
    %r = gpu.block_id x
    %v = memref.subview %x[%r, 0] [1, 64] [1, 1] : memref<?x64xf32> to memref<1x64xf32, strided<[64, 1], offset: ?>>
    linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
        outs(%v : memref<1x64xf32, strided<[64, 1], offset: ?>>) attrs = {tile.width = 4 : i64} {
    ^bb0(%o: f32):
      %m = arith.mulf %o, %two : f32
      linalg.yield %m : f32
    }
    gpu.return
  }
}

// -----

// Partial sums per thread, a tree over the warp, and the first thread stores. The last 2 of 66
// elements are taken one by one.

// CHECK-LABEL: gpu.func @sum
// CHECK: %[[PARTS:.*]] = scf.for %[[I:.*]] = %{{.*}} to %c64 step %c128 iter_args(%[[ACC:.*]] = %{{.*}}) -> (vector<4xf32>)
// CHECK: %[[X:.*]] = vector.load %{{.*}} : memref<?x66xbf16>, vector<4xbf16>
// CHECK: %[[WIDE:.*]] = arith.extf %[[X]] : vector<4xbf16> to vector<4xf32>
// CHECK: arith.addf %[[ACC]], %[[WIDE]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %c66 step %c32 iter_args(%{{.*}} = %[[PARTS]])
// CHECK: vector.extract %{{.*}}[0]
// CHECK: vector.shuffle %{{.*}} [0, 1]
// CHECK: vector.shuffle %{{.*}} [2, 3]
// CHECK: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %c16_i32
// CHECK: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %c8_i32
// CHECK: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %c4_i32
// CHECK: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %c2_i32
// CHECK: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %c1_i32
// CHECK: %[[IS_FIRST:.*]] = arith.cmpi eq, %{{.*}}, %c0
// CHECK: scf.if %[[IS_FIRST]]
// CHECK: %[[INIT:.*]] = arith.extf
// CHECK: arith.addf %[[INIT]]
// CHECK: arith.truncf
// CHECK: memref.store
// The next row's sums need the same shuffles.
// CHECK: nvvm.bar.warp.sync
gpu.module @device {
  gpu.func @sum(%bx: memref<bf16>, %by: memref<bf16>, %rows: index) kernel
      attributes {known_block_size = array<i32: 32, 8, 1>, tile.team = "warp"} {
    %x = memref.reinterpret_cast %bx to offset: [0], sizes: [%rows, 66], strides: [66, 1] : memref<bf16> to memref<?x66xbf16>
    %y = memref.reinterpret_cast %by to offset: [0], sizes: [%rows], strides: [1] : memref<bf16> to memref<?xbf16>
    linalg.reduce ins(%x : memref<?x66xbf16>) outs(%y : memref<?xbf16>) dimensions = [1] {tile.width = 4 : i64}
      (%a: bf16, %o: bf16) {
        %r = arith.addf %o, %a : bf16
        linalg.yield %r : bf16
      }
    gpu.return
  }
}

// -----

// Sums of warps go through shared memory, and each thread adds them up in order. 64-bit numbers are
// shuffled by halves.

// CHECK-LABEL: gpu.func @most
// CHECK-SAME: workgroup(%[[SLOTS:.*]] : memref<8xi64, #gpu.address_space<workgroup>>)
// CHECK: arith.trunci
// CHECK: nvvm.shfl.sync bfly
// CHECK: nvvm.shfl.sync bfly
// CHECK: memref.store %{{.*}}, %[[SLOTS]]
// CHECK: gpu.barrier
// CHECK: %[[ONE:.*]] = memref.load %[[SLOTS]][%c0]
// CHECK: scf.for %[[W:.*]] = %c1 to %c8 step %c1 iter_args(%{{.*}} = %[[ONE]])
// CHECK: memref.load %[[SLOTS]][%[[W]]]
// CHECK: arith.maxsi
gpu.module @device {
  gpu.func @most(%bx: memref<i64>, %y: memref<i64>) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, tile.team = "block"} {
    %x = memref.reinterpret_cast %bx to offset: [0], sizes: [8192], strides: [1] : memref<i64> to memref<8192xi64>
    linalg.reduce ins(%x : memref<8192xi64>) outs(%y : memref<i64>) dimensions = [0] {tile.width = 4 : i64}
      (%a: i64, %o: i64) {
        %r = arith.maxsi %o, %a : i64
        linalg.yield %r : i64
      }
    gpu.return
  }
}

// -----

// The best so far and its place are no single combiner: the first thread goes through the row.

// CHECK-LABEL: gpu.func @serial
// CHECK: %[[IS_FIRST:.*]] = arith.cmpi eq
// CHECK: scf.if %[[IS_FIRST]]
// CHECK: scf.for %{{.*}} = %c0 to %c64 step %c1
gpu.module @device {
  gpu.func @serial(%bx: memref<f32>, %y: memref<f32>, %i: memref<i32>) kernel
      attributes {known_block_size = array<i32: 32, 1, 1>, tile.team = "warp"} {
    %x = memref.reinterpret_cast %bx to offset: [0], sizes: [64], strides: [1] : memref<f32> to memref<64xf32>
    linalg.generic {indexing_maps = [affine_map<(c) -> (c)>, affine_map<(c) -> ()>, affine_map<(c) -> ()>],
                    iterator_types = ["reduction"]}
        ins(%x : memref<64xf32>) outs(%y, %i : memref<f32>, memref<i32>) {
    ^bb0(%a: f32, %best: f32, %place: i32):
      %c = linalg.index 0 : index
      %at = arith.index_cast %c : index to i32
      %better = arith.cmpf ogt, %a, %best : f32
      %value = arith.select %better, %a, %best : f32
      %where = arith.select %better, %at, %place : i32
      linalg.yield %value, %where : f32, i32
    }
    gpu.return
  }
}

// -----

// The best column below the last one's rank, as often as there are choices.

// CHECK-LABEL: gpu.func @select
// CHECK: scf.for %[[SLOT:.*]] = %c0 to %{{.*}} step %c1 iter_args(%[[LAST:.*]] = %c9223372036854775807_i64)
// CHECK: scf.for %{{.*}} = %{{.*}} to %c8 step %c32
// CHECK: %[[IS_LEFT:.*]] = arith.cmpi slt, %{{.*}}, %[[LAST]] : i64
// CHECK: arith.select %[[IS_LEFT]]
// CHECK-COUNT-10: nvvm.shfl.sync bfly
// CHECK: scf.if
// CHECK: memref.store %{{.*}}[%c0, %[[SLOT]]]
gpu.module @device {
  gpu.func @select(%bz: memref<f32>, %bi: memref<i32>, %bv: memref<f32>) kernel
      attributes {known_block_size = array<i32: 32, 8, 1>, tile.team = "warp"} {
    %z = memref.reinterpret_cast %bz to offset: [0], sizes: [1, 8], strides: [8, 1] : memref<f32> to memref<1x8xf32>
    %i = memref.reinterpret_cast %bi to offset: [0], sizes: [1, 2], strides: [2, 1] : memref<i32> to memref<1x2xi32>
    %v = memref.reinterpret_cast %bv to offset: [0], sizes: [1, 2], strides: [2, 1] : memref<f32> to memref<1x2xf32>
    tile.select keys(%z : memref<1x8xf32>) outs(%i : memref<1x2xi32>, %v : memref<1x2xf32>) {tie = #tile.tie<lower_index>}
    gpu.return
  }
}

// -----

// Whole vectors of each chosen row, choices in order.

// CHECK-LABEL: gpu.func @gather
// CHECK: scf.for %[[COLUMN:.*]] = %{{.*}} to %c64
// CHECK: scf.for %[[CHOICE:.*]] = %c0 to %c2 step %c1 iter_args(%[[SUM:.*]] = %{{.*}}) -> (vector<8xf32>)
// CHECK: memref.load %{{.*}}[%c0, %[[CHOICE]]] : memref<1x2xi32>
// CHECK: vector.load %{{.*}}[%{{.*}}, %[[COLUMN]]] {alignment = 16 : i64} : memref<?x64xbf16>, vector<8xbf16>
// CHECK: arith.addf %[[SUM]]
// CHECK: vector.store %{{.*}} {alignment = 16 : i64}
gpu.module @device {
  gpu.func @gather(%bx: memref<bf16>, %n: index, %p: memref<1x2xi32>, %w: memref<1x2xf32>, %by: memref<bf16>) kernel
      attributes {known_block_size = array<i32: 8, 32, 1>, tile.team = "alone"} {
    %x = memref.reinterpret_cast %bx to offset: [0], sizes: [%n, 64], strides: [64, 1] : memref<bf16> to memref<?x64xbf16>
    %y = memref.reinterpret_cast %by to offset: [0], sizes: [1, 64], strides: [64, 1] : memref<bf16> to memref<1x64xbf16>
    tile.weighted_gather rows(%x : memref<?x64xbf16>) places(%p : memref<1x2xi32>) weights(%w : memref<1x2xf32>)
        outs(%y : memref<1x64xbf16>) {tile.width = 8 : i64}
    gpu.return
  }
}

// -----

// Each warp counts in its run of entries, then sums of the warps before it and votes make places.

// CHECK-LABEL: gpu.func @bucket
// CHECK-SAME: workgroup(%[[OWN:.*]] : memref<32xi32, {{.*}}>, %[[BEFORE:.*]] : memref<32xi32, {{.*}}>)
// CHECK: %[[BLOCK:.*]] = gpu.block_id x
// CHECK: %[[KEY:.*]] = arith.index_cast %[[BLOCK]] : index to i32
// CHECK: scf.for %{{.*}} step %c32 iter_args(%{{.*}} = %c0_i32, %{{.*}} = %c0_i32) -> (i32, i32)
// CHECK: %[[CLAMPED:.*]] = arith.minui %{{.*}}, %c8_i32
// CHECK: arith.cmpi eq, %[[CLAMPED]], %[[KEY]]
// CHECK: arith.cmpi ult, %[[CLAMPED]], %[[KEY]]
// CHECK-COUNT-2: nvvm.redux.sync add
// CHECK-DAG: memref.store %{{.*}}, %[[OWN]]
// CHECK-DAG: memref.store %{{.*}}, %[[BEFORE]]
// CHECK: gpu.barrier
// CHECK: %[[START:.*]] = nvvm.redux.sync add
// CHECK: scf.for %{{.*}} step %c32 iter_args(%[[PLACE:.*]] = %[[START]]) -> (i32)
// CHECK: %[[VOTES:.*]] = nvvm.vote.sync ballot
// CHECK: math.ctpop
// CHECK: %[[ALL:.*]] = math.ctpop %[[VOTES]]
// CHECK: arith.addi %[[PLACE]], %[[ALL]]
// CHECK: memref.store %[[START]], %{{.*}}[%[[BLOCK]]] : memref<9xi32>
gpu.module @device {
  gpu.func @bucket(%bk: memref<i32>, %ba: memref<i32>, %bs: memref<i32>, %bp: memref<i32>, %rows: index, %n: index) kernel
      attributes {nvvm.maxntid = array<i32: 1024, 1, 1>, tile.team = "block"} {
    %k = memref.reinterpret_cast %bk to offset: [0], sizes: [%rows, 2], strides: [2, 1] : memref<i32> to memref<?x2xi32>
    %a = memref.reinterpret_cast %ba to offset: [0], sizes: [9], strides: [1] : memref<i32> to memref<9xi32>
    %s = memref.reinterpret_cast %bs to offset: [0], sizes: [%n], strides: [1] : memref<i32> to memref<?xi32>
    %p = memref.reinterpret_cast %bp to offset: [0], sizes: [%rows, 2], strides: [2, 1] : memref<i32> to memref<?x2xi32>
    tile.bucket keys(%k : memref<?x2xi32>) outs(%a, %s, %p : memref<9xi32>, memref<?xi32>, memref<?x2xi32>)
    gpu.return
  }
}

// -----

// The lanes below add up in 5 steps; what the last lane has is carried on.

// CHECK-LABEL: gpu.func @scan
// CHECK: scf.for %[[AT:.*]] = %c0 to %c64 step %c32 iter_args(%[[CARRY:.*]] = %c0_i32) -> (i32)
// CHECK-COUNT-5: nvvm.shfl.sync up
// CHECK: %[[SUM:.*]] = arith.addi %[[CARRY]]
// CHECK: memref.store %[[SUM]]
// CHECK: %[[NEXT:.*]] = nvvm.shfl.sync idx %{{.*}}, %[[SUM]], %c31_i32
// CHECK: scf.yield %[[NEXT]]
gpu.module @device {
  gpu.func @scan(%bx: memref<i32>, %by: memref<i32>) kernel
      attributes {known_block_size = array<i32: 32, 8, 1>, tile.team = "warp"} {
    %x = memref.reinterpret_cast %bx to offset: [0], sizes: [64], strides: [1] : memref<i32> to memref<64xi32>
    %y = memref.reinterpret_cast %by to offset: [0], sizes: [64], strides: [1] : memref<i32> to memref<64xi32>
    tile.scan rows(%x : memref<64xi32>) outs(%y : memref<64xi32>) {axis = 0 : i64}
    gpu.return
  }
}

// -----

// A place that an earlier update has is that one's; else all updates of it follow in order.

// CHECK-LABEL: gpu.func @scatter
// CHECK: %[[UPDATE:.*]] = gpu.block_id x
// CHECK: %[[PLACE:.*]] = memref.load %{{.*}}[%[[UPDATE]]] : memref<?xi64>
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[UPDATE]]
// CHECK: arith.cmpi eq, %{{.*}}, %[[PLACE]] : i64
// CHECK: scf.if
// CHECK: %[[OLD:.*]] = memref.load %{{.*}} : memref<?x8xf32>
// CHECK: %[[FIRST:.*]] = arith.addf %[[OLD]]
// CHECK: scf.for %[[LATER:.*]] = %{{.*}} iter_args(%[[ENTRY:.*]] = %[[FIRST]]) -> (f32)
// CHECK: memref.load %{{.*}}[%[[LATER]]] : memref<?xi64>
// CHECK: arith.addf %[[ENTRY]]
gpu.module @device {
  gpu.func @scatter(%bu: memref<f32>, %bp: memref<i64>, %bx: memref<f32>, %n: index, %m: index) kernel
      attributes {known_block_size = array<i32: 32, 1, 1>, tile.team = "block"} {
    %u = memref.reinterpret_cast %bu to offset: [0], sizes: [%n, 8], strides: [8, 1] : memref<f32> to memref<?x8xf32>
    %p = memref.reinterpret_cast %bp to offset: [0], sizes: [%n], strides: [1] : memref<i64> to memref<?xi64>
    %x = memref.reinterpret_cast %bx to offset: [0], sizes: [%m, 8], strides: [8, 1] : memref<f32> to memref<?x8xf32>
    tile.scatter updates(%u : memref<?x8xf32>) places(%p : memref<?xi64>) outs(%x : memref<?x8xf32>) {combine = #tile.combine<add>}
    gpu.return
  }
}
