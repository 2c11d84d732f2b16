// RUN: moe-opt %s --form-kernels --canonicalize --split-input-file | FileCheck %s
// RUN: moe-opt %s --form-kernels=group-rows=false --split-input-file | FileCheck %s --check-prefix=SINGLE
// SINGLE-NOT: @row_group
// SINGLE: rt.launch
// SINGLE-NOT: @row_group

#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row = affine_map<(d0, d1, d2) -> (d0, d1)>

// The steps of a softmax are one launch over rows; a kernel goes through all of
// them for one row. Sums start from the fill of their row. 300 columns are less than is
// worth a thread, so several rows are one unit.
// CHECK-LABEL: func @softmax
// CHECK: %[[ROWS:.*]] = arith.muli
// CHECK: %[[UNITS:.*]] = arith.ceildivui %[[ROWS]], %[[JOINED:.*]] :
// CHECK: rt.launch @row_group units(%[[UNITS]]) ({{.*}}, %[[ROWS]], %[[JOINED]])
// CHECK-NOT: rt.launch
// CHECK: func private @row_group(%[[B:.*]]: index, %[[E:.*]]: index
// CHECK: scf.for %[[ROW:.*]] =
// CHECK: %[[SECOND:.*]] = arith.remui %[[ROW]], %[[EXTENT:.*]]
// CHECK: %[[FIRST:.*]] = arith.divui %[[ROW]], %[[EXTENT]]
// CHECK: memref.subview %{{.*}}[%[[FIRST]], 0]
// CHECK: memref.subview %{{.*}}[0, %[[SECOND]]] [1, 1] [1, 1]
// CHECK: linalg.fill
// CHECK: linalg.generic
// CHECK: arith.maximumf
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK: linalg.fill
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: linalg.generic
// CHECK: arith.divf
func.func @softmax(%x: memref<?x?x300xf32>, %b: index, %s: index) -> memref<?x?x300xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %max = memref.alloc(%b, %s) : memref<?x?xf32>
  linalg.fill ins(%lowest : f32) outs(%max : memref<?x?xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : memref<?x?x300xf32>) outs(%max : memref<?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %out, %in : f32
    linalg.yield %0 : f32
  }
  %exp = memref.alloc(%b, %s) : memref<?x?x300xf32>
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %max : memref<?x?x300xf32>, memref<?x?xf32>) outs(%exp : memref<?x?x300xf32>) {
  ^bb0(%in: f32, %m: f32, %out: f32):
    %0 = arith.subf %in, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  %sum = memref.alloc(%b, %s) : memref<?x?xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<?x?xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exp : memref<?x?x300xf32>) outs(%sum : memref<?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exp, %sum : memref<?x?x300xf32>, memref<?x?xf32>) outs(%exp : memref<?x?x300xf32>) {
  ^bb0(%in: f32, %m: f32, %out: f32):
    %0 = arith.divf %in, %m : f32
    linalg.yield %0 : f32
  }
  return %exp : memref<?x?x300xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#transposed = affine_map<(d0, d1) -> (d1, d0)>

// A reader of other rows waits for all of them; so does one of a view.
// CHECK-LABEL: func @other_rows
// CHECK-COUNT-3: rt.launch
// CHECK-NOT: @row_group
func.func @other_rows(%x: memref<8x8xf32>) -> (memref<8x8xf32>, memref<64xf32>) {
  %a = memref.alloc() : memref<8x8xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x8xf32>) outs(%a : memref<8x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.negf %in : f32
    linalg.yield %0 : f32
  }
  %b = memref.alloc() : memref<8x8xf32>
  linalg.generic {indexing_maps = [#transposed, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<8x8xf32>) outs(%b : memref<8x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  }
  %flat = memref.collapse_shape %b [[0, 1]] : memref<8x8xf32> into memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%flat : memref<64xf32>) outs(%c : memref<64xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    linalg.yield %0 : f32
  }
  return %b, %c : memref<8x8xf32>, memref<64xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// What the host reads between two ops is there.
// CHECK-LABEL: func @read_between
// CHECK: rt.launch @map_rows
// CHECK: memref.load
// CHECK: rt.launch @map_rows
func.func @read_between(%x: memref<?x8xf32>, %n: index) -> (memref<?x8xf32>, f32) {
  %c0 = arith.constant 0 : index
  %a = memref.alloc(%n) : memref<?x8xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x8xf32>) outs(%a : memref<?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.negf %in : f32
    linalg.yield %0 : f32
  }
  %v = memref.load %a[%c0, %c0] : memref<?x8xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x8xf32>) outs(%a : memref<?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return %a, %v : memref<?x8xf32>, f32
}
