// RUN: moe-opt %s --one-shot-bufferize=bufferize-function-boundaries --canonicalize --cse | FileCheck %s
// RUN: moe-opt %s --canonicalize | FileCheck %s --check-prefix=SIZES

// Rows are copied behind those there are, nothing else is; what is read is a view with the
// capacity's strides. The sizes of what is added are checked.

rt.state @keys : tensor<?x2x?x4xf32> {axis = 2, capacity = 8, dimNames = ["batch", "", "past", ""]}

// CHECK-LABEL: func.func @append
// CHECK-SAME: %[[K:.*]]: !rt.state<tensor<?x2x?x4xf32>, axis = 2>, %[[X:.*]]: memref<?x2x?x4xf32
// CHECK-SAME: %[[BATCH:.*]]: index, %[[LENGTH:.*]]: index
// CHECK: %[[SIZE:.*]] = memref.dim %[[X]], %c0
// CHECK: %[[EQUAL:.*]] = arith.cmpi eq, %[[SIZE]], %[[BATCH]]
// CHECK: rt.check %[[EQUAL]], invalid_argument, "what is added to a bound state differs from it in dimension 0"
// CHECK: %[[ROWS:.*]] = memref.dim %[[X]], %c2
// CHECK: rt.append_state %[[K]], %[[ROWS]]
// CHECK: %[[BASE:.*]], %{{.*}}, %[[CAPACITY:.*]] = rt.get_state %[[K]](%[[BATCH]])
// CHECK: %[[PLANE:.*]] = arith.muli %[[CAPACITY]], %c4
// CHECK: %[[BLOCK:.*]] = arith.muli %[[CAPACITY]], %c8
// CHECK: %[[OFFSET:.*]] = arith.muli %[[LENGTH]], %c4
// CHECK: %[[NEW:.*]] = memref.reinterpret_cast %[[BASE]] to offset: [%[[OFFSET]]], sizes: [%[[BATCH]], 2, %[[ROWS]], 4], strides: [%[[BLOCK]], %[[PLANE]], 4, 1]
// CHECK: memref.copy %[[X]], %[[NEW]]
// CHECK: %[[ALL:.*]] = arith.addi %[[LENGTH]], %[[ROWS]]
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [%[[BATCH]], 2, %[[ALL]], 4], strides: [%[[BLOCK]], %[[PLANE]], 4, 1]
// CHECK-NOT: memref.copy
// CHECK: memref.load

// SIZES-LABEL: func.func @append
// SIZES: %[[ADDED:.*]] = tensor.dim %{{.*}}, %c2
// SIZES: arith.addi %{{.*}}, %[[ADDED]]
func.func @append(%k: !rt.state<tensor<?x2x?x4xf32>, axis = 2>, %x: tensor<?x2x?x4xf32>, %batch: index, %length: index) -> (f32, index) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %all = rt.append %x to %k[%length](%batch)
      : tensor<?x2x?x4xf32> to !rt.state<tensor<?x2x?x4xf32>, axis = 2> -> tensor<?x2x?x4xf32>
  %e = tensor.extract %all[%c0, %c0, %c0, %c0] : tensor<?x2x?x4xf32>
  %n = tensor.dim %all, %c2 : tensor<?x2x?x4xf32>
  return %e, %n : f32, index
}

// A capacity of 8 rows in granules of 16 has the strides of 16.
// CHECK-LABEL: func.func @granule
// CHECK: %[[BASE:.*]], %{{.*}}, %[[CAPACITY:.*]] = rt.get_state
// CHECK: %[[GRANULES:.*]] = arith.ceildivui %[[CAPACITY]], %c16
// CHECK: %[[ROWS:.*]] = arith.muli %[[GRANULES]], %c16
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [2, %{{.*}}], strides: [%[[ROWS]], 1]
func.func @granule(%k: !rt.state<tensor<2x?xf32>, axis = 1, granule = 16>, %length: index) -> f32 {
  %c0 = arith.constant 0 : index
  %past = rt.past %k[%length]() : !rt.state<tensor<2x?xf32>, axis = 1, granule = 16> -> tensor<2x?xf32>
  %e = tensor.extract %past[%c0, %c0] : tensor<2x?xf32>
  return %e : f32
}

// Whoever writes what was read works on a copy.
// CHECK-LABEL: func.func @writes
// CHECK: %[[VIEW:.*]] = memref.reinterpret_cast
// CHECK: %[[COPY:.*]] = memref.alloc
// CHECK: memref.copy %[[VIEW]], %[[COPY]]
// CHECK: memref.store %{{.*}}, %[[COPY]]
func.func @writes(%k: !rt.state<tensor<?xf32>, axis = 0>, %length: index, %f: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %past = rt.past %k[%length]() : !rt.state<tensor<?xf32>, axis = 0> -> tensor<?xf32>
  %new = tensor.insert %f into %past[%c0] : tensor<?xf32>
  %e = tensor.extract %new[%c0] : tensor<?xf32>
  return %e : f32
}
