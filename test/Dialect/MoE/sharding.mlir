// Placements of one operand go through layers by upstream's propagation.
// RUN: moe-opt --pass-pipeline='builtin.module(func.func(sharding-propagation{traversal=forward}))' %s | FileCheck %s

// What it says is not carried out by upstream's partitioning, which knows no ranges and no sums of parts.
// RUN: not moe-opt --pass-pipeline='builtin.module(func.func(sharding-propagation,shard-partition))' %s 2>&1 | FileCheck %s --check-prefix=PARTITION
// PARTITION: error: 'moe.grouped_matmul' op is not partitioned by the shard dialect, which would lose rows and sums; use --moe-shard-experts

// RUN: moe-opt --pass-pipeline='builtin.module(func.func(sharding-propagation,shard-partition))' %S/Inputs/whole-shards.mlir | FileCheck %s --check-prefix=WHOLE
// Where nothing is split nothing is to be done.
// WHOLE: %[[Y:.*]] = moe.grouped_matmul %arg0, %arg1, %arg2 : tensor<6x8xf32>, tensor<4xi32>, tensor<3x4x8xf32> -> tensor<6x4xf32>
// WHOLE-NEXT: return %[[Y]]

shard.grid @ranks(shape = 2x2)

// Columns of a product are those of its weights, and of its bias.
// CHECK-LABEL: @columns
// CHECK: shard.shard %arg1
// CHECK: %[[BIAS:.*]] = shard.sharding @ranks split_axes = {{\[\[}}], [1]]
// CHECK-NEXT: shard.shard %arg3 to %[[BIAS]] annotate_for_users : tensor<4x16xf32>
// CHECK-NEXT: %[[Y:.*]] = moe.grouped_matmul
// CHECK-NEXT: %[[S:.*]] = shard.sharding @ranks split_axes = {{\[\[}}], [1]]
// CHECK-NEXT: shard.shard %[[Y]] to %[[S]] : tensor<?x16xf32>
func.func @columns(%rows: tensor<?x8xf32>, %offsets: tensor<5xi32>, %w: tensor<4x16x8xf32>, %bias: tensor<4x16xf32>) -> tensor<?x16xf32> {
  %s = shard.sharding @ranks split_axes = [[], [1]] : !shard.sharding
  %ws = shard.shard %w to %s annotate_for_users : tensor<4x16x8xf32>
  %y = moe.grouped_matmul %rows, %offsets, %ws bias(%bias : tensor<4x16xf32>) : tensor<?x8xf32>, tensor<5xi32>, tensor<4x16x8xf32> -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// Columns that are computed in parts are others than those of the weights.
// CHECK-LABEL: @parts
// CHECK: %[[Y:.*]] = moe.grouped_matmul
// CHECK-NEXT: %[[S:.*]] = shard.sharding @ranks split_axes = {{\[\[}}]]
// CHECK-NEXT: shard.shard %[[Y]] to %[[S]] : tensor<?x8xf32>
func.func @parts(%rows: tensor<?x8xf32>, %offsets: tensor<9xi32>, %w: tensor<4x16x8xf32>) -> tensor<?x8xf32> {
  %s = shard.sharding @ranks split_axes = [[], [1]] : !shard.sharding
  %ws = shard.shard %w to %s annotate_for_users : tensor<4x16x8xf32>
  %y = moe.grouped_matmul %rows, %offsets, %ws {parts = 2} : tensor<?x8xf32>, tensor<9xi32>, tensor<4x16x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// Experts that are split say so in all that has one for each.
// CHECK-LABEL: @experts
// CHECK: shard.shard %arg1
// CHECK: %[[BIAS:.*]] = shard.sharding @ranks split_axes = {{\[\[}}0]]
// CHECK-NEXT: shard.shard %arg3 to %[[BIAS]] annotate_for_users : tensor<4x16xf32>
func.func @experts(%rows: tensor<?x8xf32>, %offsets: tensor<5xi32>, %w: tensor<4x16x8xf32>, %bias: tensor<4x16xf32>) -> tensor<?x16xf32> {
  %s = shard.sharding @ranks split_axes = [[0]] : !shard.sharding
  %ws = shard.shard %w to %s annotate_for_users : tensor<4x16x8xf32>
  %y = moe.grouped_matmul %rows, %offsets, %ws bias(%bias : tensor<4x16xf32>) : tensor<?x8xf32>, tensor<5xi32>, tensor<4x16x8xf32> -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// Through a layer: features of the second product are those of what is combined.
// CHECK-LABEL: @layer
// CHECK: moe.expert %
// CHECK: moe.combine
// CHECK-NEXT: %[[S:.*]] = shard.sharding @ranks split_axes = {{\[\[}}], [1]]
// CHECK-NEXT: %[[OUT:.*]] = shard.shard %{{.*}} to %[[S]] : tensor<?x8xf32>
// CHECK-NEXT: return %[[OUT]]
func.func @layer(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %by: tensor<?x2xf32>, %w1: tensor<3x12x8xf32>, %w2: tensor<3x12x8xf32>, %b1: tensor<3x12xf32>, %b2: tensor<3x8xf32>) -> tensor<?x8xf32> {
  %s = shard.sharding @ranks split_axes = [[], [], [1]] : !shard.sharding
  %ws = shard.shard %w2 to %s annotate_for_users : tensor<3x12x8xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 3} : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<4xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %ws b1(%b1 : tensor<3x12xf32>) b2(%b2 : tensor<3x8xf32>) up(%w1 : tensor<3x12x8xf32>) up_bias(%b1 : tensor<3x12xf32>)
    {activation = #moe.activation<silu>, gate = #moe.gate<separate>, layout2 = #moe.layout<in_out>}
    : tensor<?x8xf32>, tensor<4xi32>, tensor<3x12x8xf32>, tensor<3x12x8xf32> -> tensor<?x8xf32>
  %out = moe.combine %y at %positions by %by : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// The halves of an expert share inner columns, and a fused gate has others.
// CHECK-LABEL: @halves
// CHECK: %[[H:.*]] = moe.expert_hidden
// CHECK-NEXT: %[[S:.*]] = shard.sharding @ranks split_axes = {{\[\[}}], [0]]
// CHECK-NEXT: shard.shard %[[H]] to %[[S]] : tensor<?x12xf32>
// CHECK: %[[F:.*]] = moe.expert_hidden
// CHECK-NEXT: %[[S:.*]] = shard.sharding @ranks split_axes = {{\[\[}}]]
// CHECK-NEXT: shard.shard %[[F]] to %[[S]] : tensor<?x6xf32>
func.func @halves(%rows: tensor<?x8xf32>, %offsets: tensor<4xi32>, %w1: tensor<3x12x8xf32>) -> (tensor<?x12xf32>, tensor<?x6xf32>) {
  %s = shard.sharding @ranks split_axes = [[], [0]] : !shard.sharding
  %ws = shard.shard %w1 to %s annotate_for_users : tensor<3x12x8xf32>
  %h = moe.expert_hidden %rows, %offsets, %ws {activation = #moe.activation<silu>} : tensor<?x8xf32>, tensor<4xi32>, tensor<3x12x8xf32> -> tensor<?x12xf32>
  %f = moe.expert_hidden %rows, %offsets, %ws {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>} : tensor<?x8xf32>, tensor<4xi32>, tensor<3x12x8xf32> -> tensor<?x6xf32>
  return %h, %f : tensor<?x12xf32>, tensor<?x6xf32>
}
