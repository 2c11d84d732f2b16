// RUN: moe-opt %s --form-device-kernels --canonicalize --cse --split-input-file | FileCheck %s

// Rows are known at run time only: both schedules are launched, one of them without blocks. Large
// tiles need 2 x 64 rows for the ranges, and a tile per SM. The table of tiles is behind 3 stages.

// CHECK-LABEL: func.func @ragged
// CHECK-SAME: memref<3xi32>, %[[OUT:[a-z0-9]+]]: memref<?x256xbf16>)
// CHECK-DAG: %[[NONE:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[TALL:.*]] = arith.constant 128 : index
// CHECK-DAG: %[[SMS:.*]] = arith.constant 108 : index
// CHECK: %[[ROWS:.*]] = memref.dim %[[OUT]], %[[NONE]]
// CHECK: %[[IS_TALL:.*]] = arith.cmpi uge, %[[ROWS]], %[[TALL]]
// CHECK: %[[IS_ENOUGH:.*]] = arith.cmpi uge, %[[TILES:.*]], %[[SMS]]
// CHECK: %[[PREFERS:.*]] = arith.andi %[[IS_TALL]], %[[IS_ENOUGH]]
// CHECK: %[[BLOCKS:.*]] = arith.minui %[[TILES]], %[[SMS]]
// CHECK: %[[LARGE:.*]] = arith.select %[[PREFERS]], %[[BLOCKS]], %[[NONE]]
// CHECK: rt.device_launch @device::@ragged_matmul_tile grid(%[[LARGE]], %c1) block(%c256, %c1) shared(%c98316)
// CHECK-SAME: !tile.packed<2x256x64xbf16>
// CHECK: %[[SMALL:.*]] = arith.select %[[PREFERS]], %[[NONE]], %{{.*}}
// CHECK: rt.device_launch @device::@ragged_matmul_stream grid(%[[SMALL]], %c1) block(%c64, %c1) shared(%c49164)
// CHECK: gpu.func @ragged_matmul_tile
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>, nvvm.minctasm = 1 : i32, tile.product = "tile"
// CHECK: tile.ragged_matmul
// CHECK: gpu.func @ragged_matmul_stream
// CHECK-SAME: known_block_size = array<i32: 64, 1, 1>, nvvm.minctasm = 1 : i32, tile.product = "stream"
rt.weight @w : !tile.packed<2x256x64xbf16> = #rt.pack<#rt.file<"w.bin", 0, tensor<2x256x64xbf16>>, 1>
func.func @ragged(%x: memref<?x64xbf16>, %off: memref<3xi32>, %out: memref<?x256xbf16>) {
  %w = rt.get_weight @w : !tile.packed<2x256x64xbf16>
  tile.ragged_matmul rows(%x : memref<?x64xbf16>) ranges(%off : memref<3xi32>)
      slabs(%w : !tile.packed<2x256x64xbf16>) outs(%out : memref<?x256xbf16>) epilogue {
  ^bb0(%acc: f32):
    %t = arith.truncf %acc : f32 to bf16
    tile.yield %t : bf16
  }
  return
}

// -----

// One row is one launch, of a tile per block.

// CHECK-LABEL: func.func @row
// CHECK: rt.device_launch @device::@ragged_matmul_stream grid(%c4, %c1) block(%c64, %c1) shared(%c49152)
// CHECK-NOT: rt.device_launch
rt.weight @w : !tile.packed<1x256x64xf32> = #rt.pack<#rt.file<"w.bin", 0, tensor<1x256x64xf32>>, 1>
func.func @row(%x: memref<1x64xf32>, %out: memref<1x256xf32>) {
  %w = rt.get_weight @w : !tile.packed<1x256x64xf32>
  tile.ragged_matmul rows(%x : memref<1x64xf32>) slabs(%w : !tile.packed<1x256x64xf32>)
      outs(%out : memref<1x256xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

// Products with many columns have wide tiles, too; one of the three launches has blocks.

// CHECK-LABEL: func.func @wide
// CHECK: rt.device_launch @device::@ragged_matmul_tile grid(%{{.*}}, %c1) block(%c256, %c1)
// CHECK: rt.device_launch @device::@ragged_matmul_wide grid(%{{.*}}, %c1) block(%c256, %c1) shared(%c86064)
// CHECK: rt.device_launch @device::@ragged_matmul_stream grid(%{{.*}}, %c1) block(%c64, %c1)
// CHECK: gpu.func @ragged_matmul_wide
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>, nvvm.minctasm = 1 : i32, tile.product = "wide"
rt.weight @w : !tile.packed<11x768x64xbf16> = #rt.pack<#rt.file<"w.bin", 0, tensor<11x768x64xbf16>>, 1>
func.func @wide(%x: memref<?x64xbf16>, %off: memref<12xi32>, %out: memref<?x768xbf16>) {
  %w = rt.get_weight @w : !tile.packed<11x768x64xbf16>
  tile.ragged_matmul rows(%x : memref<?x64xbf16>) ranges(%off : memref<12xi32>)
      slabs(%w : !tile.packed<11x768x64xbf16>) outs(%out : memref<?x768xbf16>) epilogue {
  ^bb0(%acc: f32):
    %t = arith.truncf %acc : f32 to bf16
    tile.yield %t : bf16
  }
  return
}

// -----

// CHECK-LABEL: func.func @pack
// CHECK: rt.device_launch @device::@pack grid(%c24, %c1) block(%c256, %c1)
// CHECK: gpu.func @pack
// CHECK: tile.pack %{{.*}} {transposed}
func.func @pack(%x: memref<2x40x48xf32>, %out: memref<6144xf32>) {
  tile.pack %x : memref<2x40x48xf32> outs(%out : memref<6144xf32>) {transposed}
  return
}
