// RUN: moe-opt %s -split-input-file -convert-onnx-to-tile -canonicalize -cse | FileCheck %s

// A weight is transposed and packed in its expression, whatever stands between; axes before the last are rows.
// CHECK: rt.weight @packed : !tile.packed<1x4x8xf32> = #rt.pack<#rt.transpose<#rt.file<"w.bin", 0, tensor<8x4xf32>>, [1, 0]>, 1>
// CHECK-LABEL: func @weight
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
// CHECK: %[[W:.*]] = rt.get_weight @packed
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]]
// CHECK: %[[Y:.*]] = tile.ragged_matmul rows(%[[ROWS]] : tensor<?x8xf32>) slabs(%[[W]] : !tile.packed<1x4x8xf32>) outs(%{{.*}} : tensor<?x4xf32>)
// CHECK: tensor.expand_shape %[[Y]] {{\[\[}}0, 1], [2]]
// CHECK-NOT: ragged_matmul
// CHECK: return
rt.weight @w : tensor<8x4xf32> = #rt.file<"w.bin", 0, tensor<8x4xf32>>
rt.weight @v : tensor<4x8x1xf32> = #rt.transpose<#rt.reshape<#rt.file<"w.bin", 0, tensor<8x4xf32>>, [8, 4, 1]>, [1, 0, 2]>
func.func @weight(%x: tensor<?x?x8xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %w = rt.get_weight @w : tensor<8x4xf32>
  %0 = onnx.matmul %x, %w : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  %1 = onnx.transpose %w {perm = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %2 = onnx.transpose %1 {perm = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %3 = onnx.matmul %x, %2 : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  return %0, %3 : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// -----

// Both made at run time: panels are packed, from the transpose's source; batches of equal names are of one size.
// CHECK-LABEL: func @run_time
// CHECK-SAME: (%[[Q:.*]]: tensor<?x4x?x8xbf16>{{.*}}, %[[K:.*]]: tensor<?x4x?x8xbf16>
// CHECK-DAG: %[[HEADS:.*]] = arith.muli %{{.*}}, %c4
// CHECK-DAG: %[[KEYS:.*]] = tensor.collapse_shape %[[K]] {{\[\[}}0, 1], [2], [3]]
// CHECK: %[[P:.*]] = tile.pack %[[KEYS]] : tensor<?x?x8xbf16> outs(%{{.*}} : tensor<?xbf16>) {transposed}
// CHECK: tile.ragged_matmul rows(%{{.*}} : tensor<?x8xbf16>) batch(%[[HEADS]]) slabs(%[[P]] : tensor<?xbf16>) outs(%{{.*}} : tensor<?x?xbf16>)
// CHECK: arith.truncf
func.func @run_time(%q: tensor<?x4x?x8xbf16> {onnx.dim_names = ["batch", "", "queries", ""]},
                    %k: tensor<?x4x?x8xbf16> {onnx.dim_names = ["batch", "", "keys", ""]}) -> tensor<?x4x?x?xbf16> {
  %0 = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x4x?x8xbf16>) -> tensor<?x4x8x?xbf16>
  %1 = onnx.matmul %q, %0 : (tensor<?x4x?x8xbf16>, tensor<?x4x8x?xbf16>) -> tensor<?x4x?x?xbf16>
  return %1 : tensor<?x4x?x?xbf16>
}

// -----

// Nothing is known of the batches: rows are gathered and matrices repeated as the run demands, or it ends.
// CHECK-LABEL: func @unknown_batch
// CHECK: rt.check %{{.*}}, invalid_argument, "matmul 'mm': the operands have different sizes in the axis that is summed over"
// CHECK: rt.check %{{.*}}, invalid_argument, "matmul 'mm': the operands have different sizes in axis 0 of the result"
// CHECK: tensor.extract
// CHECK: tile.pack
// CHECK: tile.ragged_matmul {{.*}} gather(%{{.*}} : tensor<?xi32>) batch(%{{.*}})
func.func @unknown_batch(%x: tensor<?x2x?xf32>, %y: tensor<?x3x5xf32>, %z: tensor<?x?x4xf32>) -> (tensor<2x3xf32>, tensor<?x2x5xf32>) {
  %c = onnx.constant dense<0.0> : tensor<7x3xf32>
  %m = onnx.constant dense<1.0> : tensor<2x7xf32>
  %0 = onnx.matmul %m, %c : (tensor<2x7xf32>, tensor<7x3xf32>) -> tensor<2x3xf32>
  %1 = onnx.matmul %x, %y : (tensor<?x2x?xf32>, tensor<?x3x5xf32>) -> tensor<?x2x5xf32> loc("mm")
  return %0, %1 : tensor<2x3xf32>, tensor<?x2x5xf32>
}

// -----

// A weight on the left of a run-time vector is packed, too; a weight per batch is a slab each.
// CHECK-DAG: !tile.packed<1x8x4xf32>
// CHECK-DAG: !tile.packed<3x5x4xf32>
// CHECK-LABEL: func @left_and_batched
// CHECK: %[[ROW:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0, 1]]
// CHECK: tile.ragged_matmul rows(%[[ROW]] : tensor<1x4xf32>) slabs(%{{.*}} : !tile.packed<1x8x4xf32>)
// CHECK: tile.ragged_matmul rows(%{{.*}} : tensor<2x4xf32>) gather(%{{.*}} : tensor<6xi32>) batch(%c3) slabs(%{{.*}} : !tile.packed<3x5x4xf32>)
rt.weight @w : tensor<8x4xf32> = #rt.file<"w.bin", 0, tensor<8x4xf32>>
rt.weight @e : tensor<3x4x5xf32> = #rt.file<"w.bin", 0, tensor<3x4x5xf32>>
func.func @left_and_batched(%v: tensor<4xf32>, %x: tensor<1x2x4xf32>) -> (tensor<8xf32>, tensor<3x2x5xf32>) {
  %w = rt.get_weight @w : tensor<8x4xf32>
  %e = rt.get_weight @e : tensor<3x4x5xf32>
  %0 = onnx.matmul %w, %v : (tensor<8x4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %1 = onnx.matmul %x, %e : (tensor<1x2x4xf32>, tensor<3x4x5xf32>) -> tensor<3x2x5xf32>
  return %0, %1 : tensor<8xf32>, tensor<3x2x5xf32>
}

// -----

// c per column, per row, per element; of a size that is known at run time only it becomes one per element.
// CHECK-LABEL: func @gemm
// CHECK: tile.ragged_matmul {{.*}} col_args(%{{.*}} : tensor<1x5xf32>)
// CHECK: ^bb0(%[[SUM:.*]]: f32, %[[C:.*]]: f32):
// CHECK: %[[A:.*]] = arith.mulf %[[SUM]], %cst
// CHECK: %[[B:.*]] = arith.mulf %[[C]], %cst
// CHECK: arith.addf %[[A]], %[[B]]
// CHECK: tile.ragged_matmul {{.*}} row_args(%{{.*}} : tensor<3xf32>)
// CHECK: tensor.extract
// CHECK: tile.ragged_matmul {{.*}} elem_args(%{{.*}} : tensor<3x5xf32>)
func.func @gemm(%a: tensor<4x3xf32>, %b: tensor<5x4xf32>, %c: tensor<5xf32>, %r: tensor<3x1xf32>, %u: tensor<?x5xf32>)
    -> (tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>) {
  %0 = onnx.gemm %a, %b, %c {alpha = 0.5 : f32, beta = 2.0 : f32, trans_a, trans_b}
      : (tensor<4x3xf32>, tensor<5x4xf32>, tensor<5xf32>) -> tensor<3x5xf32>
  %1 = onnx.gemm %a, %b, %r {trans_a, trans_b} : (tensor<4x3xf32>, tensor<5x4xf32>, tensor<3x1xf32>) -> tensor<3x5xf32>
  %2 = onnx.gemm %a, %b, %u {trans_a, trans_b} : (tensor<4x3xf32>, tensor<5x4xf32>, tensor<?x5xf32>) -> tensor<3x5xf32>
  return %0, %1, %2 : tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>
}

// -----

// CHECK-LABEL: func @integers
// CHECK: linalg.generic
// CHECK: arith.muli
// CHECK: arith.addi
func.func @integers(%a: tensor<?x3xi32>, %b: tensor<3x5xi32>) -> tensor<?x5xi32> {
  %0 = onnx.matmul %a, %b : (tensor<?x3xi32>, tensor<3x5xi32>) -> tensor<?x5xi32>
  return %0 : tensor<?x5xi32>
}

// Heads are split by a view, the cache and the new keys are one tensor, which is the present; what the types leave open
// is checked. Each past key moves the queries on by one.
// CHECK-LABEL: func @attention_with_cache
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x64xf32>, %[[K:.*]]: tensor<?x?x32xf32>, %[[V:.*]]: tensor<?x?x32xf32>, %[[PK:.*]]: tensor<?x2x?x16xf32>, %[[PV:.*]]: tensor<?x2x?x16xf32>)
func.func @attention_with_cache(%q: tensor<?x?x64xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x32xf32>,
                                %pk: tensor<?x2x?x16xf32>, %pv: tensor<?x2x?x16xf32>)
    -> (tensor<?x?x64xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) {
  // CHECK: %[[HEADS:.*]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1], [2, 3]] {{.*}} into tensor<?x?x4x16xf32>
  // CHECK: rt.check %{{.*}}, invalid_argument, "k and q have different batch sizes"
  // CHECK: rt.check %{{.*}}, invalid_argument, "past_key and past_value have different lengths"
  // CHECK: tensor.insert_slice %[[PK]] into {{.*}} [%{{.*}}, 2, %[[PAST:.*]], 16] [1, 1, 1, 1]
  // CHECK: %[[NEW:.*]] = linalg.transpose {{.*}} permutation = [0, 2, 1, 3]
  // CHECK: %[[KEYS:.*]] = tensor.insert_slice %[[NEW]] into
  // CHECK: %[[VALUES:.*]] = tensor.insert_slice
  // CHECK: %[[Y:.*]] = tile.attention query(%[[HEADS]] : tensor<?x?x4x16xf32>) key(%[[KEYS]] : tensor<?x2x?x16xf32>)
  // CHECK-SAME: value(%{{.*}} : tensor<?x2x?x16xf32>) offset(%[[PAST]])
  // CHECK-SAME: {outs_layout = #tile.heads<bshd>, query_layout = #tile.heads<bshd>, right_window = 0 : i64, scale = 2.500000e-01 : f32}
  // CHECK: %[[JOINED:.*]] = tensor.collapse_shape %[[Y]] {{\[\[}}0], [1], [2, 3]]
  // CHECK: return %[[JOINED]], %[[KEYS]], %
  %y, %nk, %nv = onnx.attention %q, %k, %v past(%pk, %pv : tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>)
      {causal, q_num_heads = 4, kv_num_heads = 2}
      : (tensor<?x?x64xf32>, tensor<?x?x32xf32>, tensor<?x?x32xf32>) -> tensor<?x?x64xf32>
      present(tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>)
  return %y, %nk, %nv : tensor<?x?x64xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>
}

// Transpositions become layouts; the mask gets its leading dimensions, a boolean one bytes.
// CHECK-LABEL: func @attention_between_transpositions
// CHECK-SAME: (%[[Q:.*]]: tensor<2x5x4x16xf16>, %[[K:.*]]: tensor<2x2x7x16xf16>, %[[V:.*]]: tensor<2x2x7x16xf16>, %[[M:.*]]: tensor<5x7xi1>, %[[N:.*]]: tensor<2xi64>)
func.func @attention_between_transpositions(%q: tensor<2x5x4x16xf16>, %k: tensor<2x2x7x16xf16>,
                                            %v: tensor<2x2x7x16xf16>, %m: tensor<5x7xi1>, %n: tensor<2xi64>)
    -> tensor<2x5x4x16xf16> {
  // CHECK-NOT: rt.check
  // CHECK: arith.extui %{{.*}} : i1 to i8
  // CHECK: %[[MASK:.*]] = tensor.expand_shape {{.*}} {{\[\[}}0, 1, 2], [3]] {{.*}} : tensor<5x7xi8> into tensor<1x1x5x7xi8>
  // CHECK: %[[Y:.*]] = tile.attention query(%[[Q]] : {{.*}}) key(%[[K]] : {{.*}}) value(%[[V]] : {{.*}}) mask(%[[MASK]] : {{.*}}) lengths(%[[N]] : tensor<2xi64>)
  // CHECK-SAME: {left_window = 3 : i64, outs_layout = #tile.heads<bshd>, query_layout = #tile.heads<bshd>, scale = 5.000000e-01 : f32, softcap = 3.000000e+00 : f32}
  // CHECK-NOT: onnx.transpose
  // CHECK: return %[[Y]]
  %qt = onnx.transpose %q {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x4x16xf16>) -> tensor<2x4x5x16xf16>
  %y = onnx.attention %qt, %k, %v mask(%m : tensor<5x7xi1>) seqlen(%n : tensor<2xi64>)
      {scale = 0.5 : f32, softcap = 3.0 : f32, left_window = 3}
      : (tensor<2x4x5x16xf16>, tensor<2x2x7x16xf16>, tensor<2x2x7x16xf16>) -> tensor<2x4x5x16xf16>
  %yt = onnx.transpose %y {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x4x5x16xf16>) -> tensor<2x5x4x16xf16>
  return %yt : tensor<2x5x4x16xf16>
}

// Sizes that are known only at run time; the present is what came in.
// CHECK-LABEL: func @attention_checks
// CHECK-SAME: %{{.*}}: tensor<?x4x?x16xf32>, %[[K:[a-z0-9]+]]: tensor<?x2x?x16xf32>
// CHECK: rt.check %{{.*}}, invalid_argument, "layer0/attn: k and q have different batch sizes"
// CHECK: rt.check %{{.*}}, invalid_argument, "layer0/attn: v and q have different batch sizes"
// CHECK: rt.check %{{.*}}, invalid_argument, "layer0/attn: k and v have different lengths"
// CHECK: rt.check %{{.*}}, invalid_argument, "layer0/attn: the mask does not broadcast to batch, heads and queries"
// CHECK: rt.check %{{.*}}, invalid_argument, "layer0/attn: the mask has more columns than there are keys"
// CHECK: tile.attention {{.*}} {scale = 2.500000e-01 : f32}
// CHECK: return %{{.*}}, %[[K]]
func.func @attention_checks(%q: tensor<?x4x?x16xf32>, %k: tensor<?x2x?x16xf32>, %v: tensor<?x2x?x16xf32>,
                            %m: tensor<?x?xf32>) -> (tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>) {
  %y, %nk, %nv = onnx.attention %q, %k, %v mask(%m : tensor<?x?xf32>)
      : (tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x4x?x16xf32>
      present(tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) loc("layer0/attn")
  return %y, %nk : tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>
}
