// RUN: moe-opt %s --fuse-epilogues --split-input-file | FileCheck %s

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#column = affine_map<(d0, d1, d2) -> (d2)>
#row = affine_map<(d0, d1, d2) -> (d0, d1)>

// Bias by column, scale by row, residual by element, and the rounding in the
// order of the ops; rows are merged as the product has them.
// CHECK-LABEL: func @all_kinds
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xbf16>, %[[W:.*]]: !tile.packed<1x32x64xbf16>, %[[BIAS:.*]]: tensor<32xf32>, %[[SCALE:.*]]: tensor<?x?xf32>, %[[R:.*]]: tensor<?x?x32xbf16>
// CHECK-DAG: %[[ROWS:.*]] = tensor.collapse_shape %[[SCALE]] {{\[}}[0, 1]]
// CHECK-DAG: %[[COLUMNS:.*]] = tensor.expand_shape %[[BIAS]] {{\[}}[0, 1]] output_shape [1, 32]
// CHECK-DAG: %[[ELEMENTS:.*]] = tensor.collapse_shape %[[R]] {{\[}}[0, 1], [2]]
// CHECK: %[[Y:.*]] = tile.ragged_matmul rows(%[[X]] : {{.*}}) slabs(%[[W]] : {{.*}}) row_args(%[[ROWS]] : {{.*}}) col_args(%[[COLUMNS]] : {{.*}}) elem_args(%[[ELEMENTS]] : {{.*}}) outs(%{{.*}} : tensor<?x32xbf16>)
// CHECK: ^bb0(%[[ACC:.*]]: f32, %[[S:.*]]: f32, %[[B:.*]]: f32, %[[E:.*]]: bf16):
// CHECK: %[[T:.*]] = arith.truncf %[[ACC]] : f32 to bf16
// CHECK: %[[V:.*]] = arith.extf %[[T]]
// CHECK: %[[A:.*]] = arith.addf %[[V]], %[[B]]
// CHECK: %[[M:.*]] = arith.mulf %[[A]], %[[S]]
// CHECK: %[[D:.*]] = arith.constant 2.0
// CHECK: %[[M2:.*]] = arith.mulf %[[M]], %[[D]]
// CHECK: %[[EF:.*]] = arith.extf %[[E]]
// CHECK: %[[SUM:.*]] = arith.addf %[[M2]], %[[EF]]
// CHECK: %[[OUT:.*]] = arith.truncf %[[SUM]] : f32 to bf16
// CHECK: tile.yield %[[OUT]]
// CHECK: tensor.expand_shape %[[Y]] {{\[}}[0, 1], [2]]
// CHECK-NOT: linalg.generic
func.func @all_kinds(%x: tensor<?x64xbf16>, %w: !tile.packed<1x32x64xbf16>, %bias: tensor<32xf32>, %scale: tensor<?x?xf32>,
                     %residual: tensor<?x?x32xbf16>, %b: index, %s: index, %n: index) -> tensor<?x?x32xbf16> {
  %two = arith.constant 2.0 : f32
  %o = tensor.empty(%n) : tensor<?x32xbf16>
  %y = tile.ragged_matmul rows(%x : tensor<?x64xbf16>) slabs(%w : !tile.packed<1x32x64xbf16>) outs(%o : tensor<?x32xbf16>) -> tensor<?x32xbf16> epilogue {
  ^bb0(%acc: f32):
    %t = arith.truncf %acc : f32 to bf16
    tile.yield %t : bf16
  }
  %e = tensor.expand_shape %y [[0, 1], [2]] output_shape [%b, %s, 32] : tensor<?x32xbf16> into tensor<?x?x32xbf16>
  %i = tensor.empty(%b, %s) : tensor<?x?x32xbf16>
  %r = linalg.generic {indexing_maps = [#id, #column, #row, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%e, %bias, %scale, %residual : tensor<?x?x32xbf16>, tensor<32xf32>, tensor<?x?xf32>, tensor<?x?x32xbf16>)
      outs(%i : tensor<?x?x32xbf16>) {
  ^bb0(%v: bf16, %c: f32, %f: f32, %h: bf16, %out: bf16):
    %v1 = arith.extf %v : bf16 to f32
    %a = arith.addf %v1, %c : f32
    %m = arith.mulf %a, %f : f32
    %m2 = arith.mulf %m, %two : f32
    %h1 = arith.extf %h : bf16 to f32
    %sum = arith.addf %m2, %h1 : f32
    %t = arith.truncf %sum : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x?x32xbf16>
  return %r : tensor<?x?x32xbf16>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// Of two products that meet, the second has the first one's result as elements.
// CHECK-LABEL: func @gate
// CHECK: %[[G:.*]] = tile.ragged_matmul
// CHECK: tile.ragged_matmul {{.*}} elem_args(%[[G]] : tensor<?x32xf32>)
// CHECK: ^bb0(%[[ACC:.*]]: f32, %[[E:.*]]: f32):
// CHECK: arith.mulf %[[E]], %[[ACC]]
func.func @gate(%x: tensor<?x64xf32>, %w: !tile.packed<1x32x64xf32>, %o: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %g = tile.ragged_matmul rows(%x : tensor<?x64xf32>) slabs(%w : !tile.packed<1x32x64xf32>) outs(%o : tensor<?x32xf32>) -> tensor<?x32xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  %u = tile.ragged_matmul rows(%x : tensor<?x64xf32>) slabs(%w : !tile.packed<1x32x64xf32>) outs(%o : tensor<?x32xf32>) -> tensor<?x32xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %u : tensor<?x32xf32>, tensor<?x32xf32>) outs(%o : tensor<?x32xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#transposed = affine_map<(d0, d1) -> (d1, d0)>

// Not: a result that is read twice, a transposed reading, an index.
// CHECK-LABEL: func @declined
// CHECK-COUNT-3: linalg.generic
func.func @declined(%x: tensor<?x64xf32>, %w: !tile.packed<1x32x64xf32>, %o: tensor<?x32xf32>, %p: tensor<32x?xf32>, %i: tensor<?x32xf32>)
    -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<32x?xf32>, tensor<?x32xf32>) {
  %y = tile.ragged_matmul rows(%x : tensor<?x64xf32>) slabs(%w : !tile.packed<1x32x64xf32>) outs(%o : tensor<?x32xf32>) -> tensor<?x32xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x32xf32>) outs(%o : tensor<?x32xf32>) {
  ^bb0(%a: f32, %out: f32):
    %m = arith.negf %a : f32
    linalg.yield %m : f32
  } -> tensor<?x32xf32>
  %y1 = tile.ragged_matmul rows(%x : tensor<?x64xf32>) slabs(%w : !tile.packed<1x32x64xf32>) outs(%o : tensor<?x32xf32>) -> tensor<?x32xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  %r1 = linalg.generic {indexing_maps = [#transposed, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y1 : tensor<?x32xf32>) outs(%p : tensor<32x?xf32>) {
  ^bb0(%a: f32, %out: f32):
    %m = arith.negf %a : f32
    linalg.yield %m : f32
  } -> tensor<32x?xf32>
  %y2 = tile.ragged_matmul rows(%x : tensor<?x64xf32>) slabs(%w : !tile.packed<1x32x64xf32>) outs(%o : tensor<?x32xf32>) -> tensor<?x32xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  %r2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y2 : tensor<?x32xf32>) outs(%i : tensor<?x32xf32>) {
  ^bb0(%a: f32, %out: f32):
    %n = linalg.index 1 : index
    %n1 = arith.index_cast %n : index to i32
    %n2 = arith.sitofp %n1 : i32 to f32
    %m = arith.addf %a, %n2 : f32
    linalg.yield %m : f32
  } -> tensor<?x32xf32>
  return %y, %r, %r1, %r2 : tensor<?x32xf32>, tensor<?x32xf32>, tensor<32x?xf32>, tensor<?x32xf32>
}
