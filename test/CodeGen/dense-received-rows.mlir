// Products read the rows of a round one after the other; what else reads them keeps places.
// RUN: moe-opt %s --pass-pipeline='builtin.module(func.func(dense-received-rows))' | FileCheck %s

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1] window 8
  // CHECK-LABEL: func.func @round
  // CHECK-SAME: %[[W:[a-z0-9]+]]: !tile.packed<2x64x64xf32>
  // CHECK: %[[MEMORY:.*]], %[[PLACES:.*]] = rt.receive_rows @experts[%{{[a-z0-9]+}}]{{ ?}}(%[[WINDOW:[a-z0-9]+]]) into
  // CHECK: %[[ROWS:.*]] = memref.reinterpret_cast %[[MEMORY]] to offset: [0], sizes: [%[[WINDOW]], 64], strides: [64, 1]
  // CHECK-SAME: memref<?x64xf32, strided<[1, 1]>> to memref<?x64xf32>
  // CHECK: tile.ragged_matmul rows(%[[ROWS]] : memref<?x64xf32>) ranges(
  // CHECK: memref.load %[[PLACES]]
  // CHECK: memref.load %[[MEMORY]]
  func.func @round(%w: !tile.packed<2x64x64xf32>, %round: index, %window: index, %ranges: memref<3xi32>, %y: memref<?x64xf32>) -> f32 {
    %c0 = arith.constant 0 : index
    %memory, %places = rt.receive_rows @experts[%round](%window) into %ranges : memref<3xi32> -> memref<?x64xf32, strided<[1, 1]>>, memref<?xi64>
    tile.ragged_matmul rows(%memory : memref<?x64xf32, strided<[1, 1]>>) gather(%places : memref<?xi64>) ranges(%ranges : memref<3xi32>) slabs(%w : !tile.packed<2x64x64xf32>) outs(%y : memref<?x64xf32>) epilogue {
    ^bb0(%acc: f32):
      tile.yield %acc : f32
    }
    %place = memref.load %places[%c0] : memref<?xi64>
    %at = arith.index_cast %place : i64 to index
    %element = memref.load %memory[%at, %c0] : memref<?x64xf32, strided<[1, 1]>>
    return %element : f32
  }
}
