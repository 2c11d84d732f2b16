// RUN: moe-opt %s --defer-device-checks | FileCheck %s

// A kernel notes the check; the host does not look at the flag. What is loaded at an index that follows from data is
// inside then; indices of loops are left alone.

// CHECK-LABEL: func.func @lookup
// CHECK-SAME: %[[X:.*]]: memref<?x8xf32>, %[[IDS:.*]]: memref<?xi64>, %[[OUT:[a-z0-9]+]]: memref<?x8xf32>
// CHECK: %[[FLAG:.*]] = memref.alloc() : memref<i32>
// CHECK-NOT: memref.load
// CHECK: %[[FAILED:.*]] = rt.failed_check : memref<i32>
// CHECK: %[[NUMBER:.*]] = rt.check_number invalid_argument, "embed: an index is out of range" : i32
// CHECK: linalg.generic {{.*}}iterator_types = []} ins(%[[FLAG]] : memref<i32>) outs(%[[FAILED]] : memref<i32>)
// CHECK: ^bb0(%[[FOUND:.*]]: i32, %[[BEFORE:.*]]: i32):
// CHECK: %[[FINE:.*]] = arith.cmpi eq, %[[FOUND]]
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[BEFORE]]
// CHECK: %[[NOW:.*]] = arith.select %[[FIRST]], %[[NUMBER]], %[[BEFORE]]
// CHECK: %[[NOTED:.*]] = arith.select %[[FINE]], %[[BEFORE]], %[[NOW]]
// CHECK: linalg.yield %[[NOTED]]
// There is nothing to load where a dimension is empty.
// CHECK: rt.check %{{.*}}, invalid_argument, "an index is out of range: there are no elements"
// CHECK: linalg.generic
// CHECK: %[[COLUMN:.*]] = linalg.index 1
// CHECK: %[[INSIDE:.*]] = arith.minui
// CHECK: memref.load %[[X]][%[[INSIDE]], %[[COLUMN]]]
func.func @lookup(%x: memref<?x8xf32>, %ids: memref<?xi64>, %out: memref<?x8xf32>) {
  %zero = arith.constant 0 : i32
  %flag = memref.alloc() : memref<i32>
  linalg.fill ins(%zero : i32) outs(%flag : memref<i32>)
  %found = memref.load %flag[] : memref<i32>
  %fine = arith.cmpi eq, %found, %zero : i32
  rt.check %fine, invalid_argument, "embed: an index is out of range"
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%ids : memref<?xi64>) outs(%out : memref<?x8xf32>) {
  ^bb0(%id: i64, %old: f32):
    %row = arith.index_cast %id : i64 to index
    %column = linalg.index 1 : index
    %v = memref.load %x[%row, %column] : memref<?x8xf32>
    linalg.yield %v : f32
  }
  return
}

// A number that a size depends on is read anyway, and what may have changed meanwhile is not read later.

// CHECK-LABEL: func.func @needed
// CHECK: memref.load
// CHECK: rt.check
// CHECK: memref.load
// CHECK: rt.check
// CHECK-NOT: rt.failed_check
func.func @needed(%n: memref<i64>, %m: memref<i64>) -> memref<?xf32> {
  %zero = arith.constant 0 : i64
  %count = memref.load %n[] : memref<i64>
  %fine = arith.cmpi sge, %count, %zero : i64
  rt.check %fine, invalid_argument, "a size is negative"
  %size = arith.index_cast %count : i64 to index
  %out = memref.alloc(%size) : memref<?xf32>
  %other = memref.load %m[] : memref<i64>
  linalg.fill ins(%zero : i64) outs(%m : memref<i64>)
  %good = arith.cmpi sge, %other, %zero : i64
  rt.check %good, invalid_argument, "a number is negative"
  return %out : memref<?xf32>
}
