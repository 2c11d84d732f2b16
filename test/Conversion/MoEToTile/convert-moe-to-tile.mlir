// RUN: moe-opt %s --convert-moe-to-tile -split-input-file | FileCheck %s

// Gate and up rows alternate in the packed weight, by its expression; no row is copied before the first product.

// CHECK-DAG: rt.weight @expert_in : !tile.packed<4x12x8xf32, columns = 2> = #rt.pack<#rt.reshape<#rt.transpose<#rt.reshape<#rt.file<"w", 0, tensor<4x12x8xf32>>, [4, 2, 6, 8]>, [0, 2, 1, 3]>, [4, 12, 8]>, 2>
// CHECK-DAG: rt.weight @expert_out : !tile.packed<4x8x6xf32> = #rt.pack<#rt.transpose<#rt.file<"w", 1536, tensor<4x6x8xf32>>, [0, 2, 1]>, 1>
rt.weight @w1 : tensor<4x12x8xf32> = #rt.file<"w", 0, tensor<4x12x8xf32>>
rt.weight @w2 : tensor<4x6x8xf32> = #rt.file<"w", 1536, tensor<4x6x8xf32>>

// CHECK-LABEL: @layer
// CHECK: %[[IDS:.*]]:2 = tile.select keys(%arg1 : tensor<?x4xf32>) outs({{.*}}) {tie = #tile.tie<higher_index>}
// CHECK: %[[W:.*]] = linalg.softmax dimension(1) ins(%[[IDS]]#1 : tensor<?x2xf32>)
// CHECK: %[[B:.*]]:3 = tile.bucket keys(%[[IDS]]#0 : tensor<?x2xi32>) outs({{.*}} : tensor<5xi32>, tensor<?xi32>, tensor<?x2xi32>)
// CHECK: %[[IN:.*]] = rt.get_weight @expert_in
// CHECK: %[[H:.*]] = tile.ragged_matmul rows(%arg0 : tensor<?x8xf32>) gather(%[[B]]#1 : tensor<?xi32>) ranges(%[[B]]#0 : tensor<5xi32>) slabs(%[[IN]]
// CHECK: ^bb0(%[[G:.*]]: f32, %[[U:.*]]: f32):
// CHECK: %[[S:.*]] = arith.divf %[[G]]
// CHECK: %[[P:.*]] = arith.mulf %[[S]], %[[U]] : f32
// CHECK: tile.yield %[[P]] : f32
// CHECK: %[[Y:.*]] = tile.ragged_matmul rows(%[[H]] : tensor<?x6xf32>) ranges(%[[B]]#0 : tensor<5xi32>)
// CHECK: tile.weighted_gather rows(%[[Y]] : tensor<?x8xf32>) places(%[[B]]#2 : tensor<?x2xi32>) weights(%[[W]] : tensor<?x2xf32>)
// CHECK-NOT: moe.
func.func @layer(%x: tensor<?x8xf32>, %z: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w1 = rt.get_weight @w1 : tensor<4x12x8xf32>
  %w2 = rt.get_weight @w2 : tensor<4x6x8xf32>
  %ids, %w = moe.route %z {k = 2, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>, tie = #moe.tie<higher_index>}
    : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %r, %o, %p = moe.dispatch %x to %ids {experts = 4} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<?x2xi32>
  %y = moe.expert %r, %o, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>, layout2 = #moe.layout<in_out>}
    : tensor<?x8xf32>, tensor<5xi32>, tensor<4x12x8xf32>, tensor<4x6x8xf32> -> tensor<?x8xf32>
  %out = moe.combine %y at %p by %w : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

// Two transpositions of a weight are none: the builders of rt bring expressions into a normal form.

// CHECK: rt.weight @expert_product : !tile.packed<2x6x8xf32> = #rt.pack<#rt.file<"w", 0, tensor<2x6x8xf32>>, 1>
rt.weight @w : tensor<2x8x6xf32> = #rt.transpose<#rt.file<"w", 0, tensor<2x6x8xf32>>, [0, 2, 1]>

// Rows that something else than an expert reads are copied, as many as experts have of ids that may refuse.

// CHECK-LABEL: @rows_read_elsewhere
// CHECK: %[[B:.*]]:3 = tile.bucket
// CHECK: %[[LAST:.*]] = tensor.extract %[[B]]#0
// CHECK: %[[COUNT:.*]] = arith.index_cast %[[LAST]]
// CHECK: %[[S:.*]] = tensor.extract_slice %[[B]]#1[0] [%[[COUNT]]] [1]
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[S]] : tensor<?xi32>)
// CHECK: tensor.extract %arg0
// CHECK: tile.ragged_matmul rows(%arg0 : tensor<?x8xf32>) gather(%[[B]]#1
// CHECK: return %[[R]]
func.func @rows_read_elsewhere(%x: tensor<?x8xf32>, %ids: tensor<?x1xi32>) -> (tensor<?x8xf32>, tensor<?x6xf32>) {
  %w = rt.get_weight @w : tensor<2x8x6xf32>
  %r, %o, %p = moe.dispatch %x to %ids {experts = 2} : tensor<?x8xf32>, tensor<?x1xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<?x1xi32>
  %y = moe.grouped_matmul %r, %o, %w {layout = #moe.layout<in_out>} : tensor<?x8xf32>, tensor<3xi32>, tensor<2x8x6xf32> -> tensor<?x6xf32>
  return %r, %y : tensor<?x8xf32>, tensor<?x6xf32>
}

// -----

// Weights behind transposes and casts of onnx are weights, too.
// CHECK: rt.weight @expert_product : !tile.packed<2x6x8xbf16> = #rt.pack<#rt.cast<#rt.file<"w", 0, tensor<2x6x8xf32>>, bf16>, 1>
// CHECK-LABEL: @behind_views
// CHECK: rt.get_weight @expert_product
rt.weight @w : tensor<2x6x8xf32> = #rt.file<"w", 0, tensor<2x6x8xf32>>
func.func @behind_views(%x: tensor<?x8xbf16>, %o: tensor<3xi32>) -> tensor<?x6xbf16> {
  %w = rt.get_weight @w : tensor<2x6x8xf32>
  %turned = onnx.transpose %w {perm = array<i64: 0, 2, 1>} : (tensor<2x6x8xf32>) -> tensor<2x8x6xf32>
  %narrow = onnx.cast %turned : (tensor<2x8x6xf32>) -> tensor<2x8x6xbf16>
  %y = moe.grouped_matmul %x, %o, %narrow {layout = #moe.layout<in_out>}
    : tensor<?x8xbf16>, tensor<3xi32>, tensor<2x8x6xbf16> -> tensor<?x6xbf16>
  return %y : tensor<?x6xbf16>
}
