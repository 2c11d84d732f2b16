// RUN: moe-opt %s --form-kernels=thread-work=0 --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// Units are rows; operands that have rows are cut, indices count on. The
// constant is made in the kernel. Equal kernels are one.
// CHECK-LABEL: func @rows
// CHECK: %[[N:.*]] = memref.dim %arg0
// CHECK: rt.launch @map_rows units(%[[N]]) (%arg0, %arg1, %arg2)
// CHECK: rt.launch @map_rows units(%{{.*}}) (%arg2, %arg1, %arg0)
// CHECK-NOT: linalg
// CHECK: func private @map_rows(%[[B:.*]]: index, %[[E:.*]]: index, %[[X:.*]]: memref<?x8xi64>, %[[S:.*]]: memref<?xi64>, %[[Y:.*]]: memref<?x8xi64>) attributes {rt.kernel}
// CHECK-DAG: arith.constant 7 : i64
// CHECK-DAG: %[[C:.*]] = arith.subi %[[E]], %[[B]]
// CHECK: memref.subview %[[X]][%[[B]], 0] [%[[C]], 8] [1, 1]
// CHECK: memref.subview %[[S]][%[[B]]] [%[[C]]] [1]
// CHECK: memref.subview %[[Y]][%[[B]], 0] [%[[C]], 8] [1, 1]
// CHECK: %[[I:.*]] = linalg.index 0
// CHECK: arith.addi %[[I]], %[[B]]
// CHECK-NOT: func private @map_rows
func.func @rows(%x: memref<?x8xi64>, %s: memref<?xi64>, %y: memref<?x8xi64>) {
  %c = arith.constant 7 : i64
  linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : memref<?x8xi64>, memref<?xi64>) outs(%y : memref<?x8xi64>) {
  ^bb0(%a: i64, %b: i64, %o: i64):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i64
    %0 = arith.addi %a, %b : i64
    %1 = arith.addi %0, %j : i64
    %2 = arith.addi %1, %c : i64
    linalg.yield %2 : i64
  }
  linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %s : memref<?x8xi64>, memref<?xi64>) outs(%x : memref<?x8xi64>) {
  ^bb0(%a: i64, %b: i64, %o: i64):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i64
    %0 = arith.addi %a, %b : i64
    %1 = arith.addi %0, %j : i64
    %2 = arith.addi %1, %c : i64
    linalg.yield %2 : i64
  }
  return
}

// -----

// A leading dimension that may be 1 is cut with the next one: units count
// through both, and a kernel goes over the leading entries that its units touch.
// CHECK-LABEL: func @batch
// CHECK-DAG: %[[B:.*]] = memref.dim %arg0, %c0
// CHECK-DAG: %[[S:.*]] = memref.dim %arg1, %c0
// CHECK: %[[U:.*]] = arith.muli %[[B]], %[[S]]
// CHECK: rt.launch @map_rows units(%[[U]]) (%arg1, %arg0, %[[S]])
// CHECK: func private @map_rows(%[[BEGIN:.*]]: index, %[[END:.*]]: index, %{{.*}}, %[[S:.*]]: index)
// CHECK: %[[PER:.*]] = arith.maxui %[[S]], %c1
// CHECK: %[[FROM:.*]] = arith.divui %[[BEGIN]], %[[PER]]
// CHECK: %[[TO:.*]] = arith.ceildivui %[[END]], %[[PER]]
// CHECK: scf.for %[[O:.*]] = %[[FROM]] to %[[TO]]
// CHECK: arith.maxui %[[BEGIN]]
// CHECK: arith.minui %[[END]]
// CHECK: memref.subview %{{.*}}[0, %[[FIRST:.*]], 0]
// CHECK: linalg.generic
// CHECK: %[[I:.*]] = linalg.index 1
// CHECK: arith.addi %[[I]], %[[FIRST]]
func.func @batch(%x: memref<?x?x8xi64>, %s: memref<?xi64>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>],
                  iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s : memref<?xi64>) outs(%x : memref<?x?x8xi64>) {
  ^bb0(%a: i64, %o: i64):
    %i = linalg.index 1 : index
    %j = arith.index_cast %i : index to i64
    %0 = arith.addi %a, %j : i64
    linalg.yield %0 : i64
  }
  return
}

// -----

// A leading dimension of enough entries is cut alone.
// CHECK-LABEL: func @heads
// CHECK: rt.launch @fill units(%c16)
func.func @heads(%x: memref<16x?x8xf32>, %v: f32) {
  linalg.fill ins(%v : f32) outs(%x : memref<16x?x8xf32>)
  return
}

// -----

// Along vectors a unit is a block of entries.
// CHECK-LABEL: func @blocks
// CHECK: %[[U:.*]] = arith.ceildivui %{{.*}}, %c1024
// CHECK: rt.launch @copy units(%[[U]])
// CHECK: func private @copy
// CHECK: arith.minui
func.func @blocks(%x: memref<?xf32>, %y: memref<?xf32>) {
  memref.copy %x, %y : memref<?xf32> to memref<?xf32>
  return
}

// -----

// A copy of memory to itself is nothing.
// CHECK-LABEL: func @itself
// CHECK-NEXT: return
func.func @itself(%x: memref<?xf32>) {
  memref.copy %x, %x : memref<?xf32> to memref<?xf32>
  return
}

// -----

// A row reduction is cut into rows, also of a transposed operand's columns.
// CHECK-LABEL: func @reduction
// CHECK: rt.launch @reduce_rows units(%{{.*}})
// CHECK: func private @reduce_rows
// CHECK: memref.subview %{{.*}}[%{{.*}}, 0] [%{{.*}}, %{{.*}}] [1, 1]
func.func @reduction(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Small work is one unit.
// CHECK-LABEL: func @small
// CHECK: rt.launch @transpose units(%c1)
// CHECK: linalg.transpose ins(%{{.*}} : memref<8x16xf32>) outs(%{{.*}} : memref<16x8xf32>)
func.func @small(%x: memref<8x16xf32>, %y: memref<16x8xf32>) {
  linalg.transpose ins(%x : memref<8x16xf32>) outs(%y : memref<16x8xf32>) permutation = [1, 0]
  return
}

// -----

func.func @tensors(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{is still on tensors; bufferize before kernels are formed}}
  %z = linalg.exp ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) -> tensor<?xf32>
  return %z : tensor<?xf32>
}

// -----

func.func @aggregate(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @below {{is an aggregate without a kernel of its own; run fuse-rows before bufferization}}
  linalg.softmax dimension(1) ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
  return
}

// -----

func.func @unranked(%x: memref<*xf32>, %y: memref<*xf32>) {
  // expected-error @below {{copies memrefs of unknown rank; kernels need ranked ones}}
  memref.copy %x, %y : memref<*xf32> to memref<*xf32>
  return
}
