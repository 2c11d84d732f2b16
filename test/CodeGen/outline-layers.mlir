// RUN: moe-opt %s --outline-layers=min-ops=2 --split-input-file | FileCheck %s

// Three layers read their own weight and the same mask; the third lists its ops
// in another order. The mask comes from a size of the stream.

rt.weight @e : tensor<9x4xf32> = #rt.file<"w", 0, tensor<9x4xf32>>
rt.weight @w0 : tensor<4xf32> = #rt.file<"w", 144, tensor<4xf32>>
rt.weight @w1 : tensor<4xf32> = #rt.file<"w", 160, tensor<4xf32>>
rt.weight @w2 : tensor<4xf32> = #rt.file<"w", 176, tensor<4xf32>>

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
#col = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%[[IDS:.*]]: tensor<?xi64>, %[[MASK:.*]]: tensor<?xf32>)
// CHECK-DAG:     %[[W0:.*]] = rt.get_weight @w0
// CHECK-DAG:     %[[W1:.*]] = rt.get_weight @w1
// CHECK-DAG:     %[[W2:.*]] = rt.get_weight @w2
// CHECK:         %[[H0:.*]] = linalg.generic
// CHECK:         %[[L0:.*]]:2 = call @layer(%[[H0]], {{.*}}%[[W0]]{{.*}})
// CHECK:         %[[L1:.*]]:2 = call @layer(%[[L0]]#0, {{.*}}%[[W1]]{{.*}})
// CHECK:         %[[L2:.*]]:2 = call @layer(%[[L1]]#0, {{.*}}%[[W2]]{{.*}})
// CHECK-NOT:     linalg
// CHECK:         return %[[L2]]#0, %[[L0]]#1, %[[L1]]#1, %[[L2]]#1
// CHECK:       func.func private @layer
// CHECK:         tensor.empty
// CHECK:         linalg.generic
// CHECK:         linalg.generic
func.func @main(%ids: tensor<?xi64>, %mask: tensor<?xf32>)
    -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %ids, %c0 : tensor<?xi64>
  %e = rt.get_weight @e : tensor<9x4xf32>
  %w0 = rt.get_weight @w0 : tensor<4xf32>
  %w1 = rt.get_weight @w1 : tensor<4xf32>
  %w2 = rt.get_weight @w2 : tensor<4xf32>
  %empty = tensor.empty(%t) : tensor<?x4xf32>
  %h0 = linalg.generic {indexing_maps = [#col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi64>) outs(%empty : tensor<?x4xf32>) {
    ^bb0(%id: i64, %o: f32):
      %i = arith.index_cast %id : i64 to index
      %j = linalg.index 1 : index
      %v = tensor.extract %e[%i, %j] : tensor<9x4xf32>
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %a0 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h0, %w0 : tensor<?x4xf32>, tensor<4xf32>) outs(%empty : tensor<?x4xf32>) {
    ^bb0(%x: f32, %w: f32, %o: f32):
      %v = arith.mulf %x, %w : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %h1 = linalg.generic {indexing_maps = [#id, #id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h0, %a0, %mask : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xf32>) outs(%empty : tensor<?x4xf32>) {
    ^bb0(%x: f32, %y: f32, %m: f32, %o: f32):
      %p = arith.mulf %y, %m : f32
      %v = arith.addf %x, %p : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %a1 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h1, %w1 : tensor<?x4xf32>, tensor<4xf32>) outs(%empty : tensor<?x4xf32>) {
    ^bb0(%x: f32, %w: f32, %o: f32):
      %v = arith.mulf %x, %w : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %h2 = linalg.generic {indexing_maps = [#id, #id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h1, %a1, %mask : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xf32>) outs(%empty : tensor<?x4xf32>) {
    ^bb0(%x: f32, %y: f32, %m: f32, %o: f32):
      %p = arith.mulf %y, %m : f32
      %v = arith.addf %x, %p : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %own = tensor.empty(%t) : tensor<?x4xf32>
  %a2 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h2, %w2 : tensor<?x4xf32>, tensor<4xf32>) outs(%own : tensor<?x4xf32>) {
    ^bb0(%x: f32, %w: f32, %o: f32):
      %v = arith.mulf %x, %w : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %h3 = linalg.generic {indexing_maps = [#id, #id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h2, %a2, %mask : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xf32>) outs(%own : tensor<?x4xf32>) {
    ^bb0(%x: f32, %y: f32, %m: f32, %o: f32):
      %p = arith.mulf %y, %m : f32
      %v = arith.addf %x, %p : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  return %h3, %a0, %a1, %a2 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// The second layer multiplies where the first adds: nothing repeats.

#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: func.func @different
// CHECK-NOT:     call
func.func @different(%x: tensor<?xf32>, %m: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?xf32>
  %empty = tensor.empty(%t) : tensor<?xf32>
  %a = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %m : tensor<?xf32>, tensor<?xf32>) outs(%empty : tensor<?xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %v = arith.addf %p, %q : f32
      linalg.yield %v : f32
  } -> tensor<?xf32>
  %b = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%a, %m : tensor<?xf32>, tensor<?xf32>) outs(%empty : tensor<?xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %v = arith.mulf %p, %q : f32
      linalg.yield %v : f32
  } -> tensor<?xf32>
  return %b : tensor<?xf32>
}

// -----

// Small weights are constants and differ, too; what bodies take from outside is
// the same in both.

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>

// CHECK-LABEL: func.func @constants
// CHECK:         %[[A:.*]] = call @layer(%{{.*}}, {{.*}})
// CHECK-NEXT:    %[[B:.*]] = call @layer(%[[A]], {{.*}})
// CHECK-NEXT:    return %[[B]]
// CHECK:       func.func private @layer
// CHECK-NOT:     dense
// CHECK:         arith.constant 2.000000e+00
func.func @constants(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %two = arith.constant 2.0 : f32
  %s0 = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %s1 = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %t0 = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e0 = tensor.empty(%t0) : tensor<?x2xf32>
  %a0 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s0 : tensor<?x2xf32>, tensor<2xf32>) outs(%e0 : tensor<?x2xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %v = arith.mulf %p, %q : f32
      %w = arith.addf %v, %two : f32
      linalg.yield %w : f32
  } -> tensor<?x2xf32>
  %h1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %a0 : tensor<?x2xf32>, tensor<?x2xf32>) outs(%e0 : tensor<?x2xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %v = arith.addf %p, %q : f32
      linalg.yield %v : f32
  } -> tensor<?x2xf32>
  %t1 = tensor.dim %h1, %c0 : tensor<?x2xf32>
  %e1 = tensor.empty(%t1) : tensor<?x2xf32>
  %a1 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h1, %s1 : tensor<?x2xf32>, tensor<2xf32>) outs(%e1 : tensor<?x2xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %v = arith.mulf %p, %q : f32
      %w = arith.addf %v, %two : f32
      linalg.yield %w : f32
  } -> tensor<?x2xf32>
  %h2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h1, %a1 : tensor<?x2xf32>, tensor<?x2xf32>) outs(%e1 : tensor<?x2xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %v = arith.addf %p, %q : f32
      linalg.yield %v : f32
  } -> tensor<?x2xf32>
  return %h2 : tensor<?x2xf32>
}

// -----

// A layer computes the size of a tensor that reads nothing else: that belongs to
// the layer.

#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: func.func @own_size
// CHECK-NOT:     linalg.index
// CHECK:         %[[A:.*]] = call @layer(%{{.*}})
// CHECK-NEXT:    %[[B:.*]] = call @layer(%[[A]]{{.*}})
// CHECK-NEXT:    return %[[B]]
// CHECK:       func.func private @layer
// CHECK:         tensor.empty(%{{.*}}) : tensor<?xf32>
// CHECK:         linalg.index
func.func @own_size(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<4xf32>
  %x0 = tensor.extract %x[%c0] : tensor<4xf32>
  %s0 = arith.fptosi %x0 : f32 to i64
  %n0 = arith.index_cast %s0 : i64 to index
  %e0 = tensor.empty(%n0) : tensor<?xf32>
  %r0 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e0 : tensor<?xf32>) {
    ^bb0(%o: f32):
      %i = linalg.index 0 : index
      %w = arith.index_cast %i : index to i64
      %v = arith.sitofp %w : i64 to f32
      linalg.yield %v : f32
  } -> tensor<?xf32>
  %h1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%p: f32, %o: f32):
      %q = tensor.extract %r0[%c0] : tensor<?xf32>
      %v = arith.addf %p, %q : f32
      linalg.yield %v : f32
  } -> tensor<4xf32>
  %x1 = tensor.extract %h1[%c0] : tensor<4xf32>
  %s1 = arith.fptosi %x1 : f32 to i64
  %n1 = arith.index_cast %s1 : i64 to index
  %e1 = tensor.empty(%n1) : tensor<?xf32>
  %r1 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e1 : tensor<?xf32>) {
    ^bb0(%o: f32):
      %i = linalg.index 0 : index
      %w = arith.index_cast %i : index to i64
      %v = arith.sitofp %w : i64 to f32
      linalg.yield %v : f32
  } -> tensor<?xf32>
  %h2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%h1 : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%p: f32, %o: f32):
      %q = tensor.extract %r1[%c0] : tensor<?xf32>
      %v = arith.addf %p, %q : f32
      linalg.yield %v : f32
  } -> tensor<4xf32>
  return %h2 : tensor<4xf32>
}
