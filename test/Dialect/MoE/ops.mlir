// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: @mixtral
// CHECK: moe.route %{{.*}} {k = 2 : i64, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>} : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
// CHECK: moe.dispatch %{{.*}} to %{{.*}} {experts = 8 : i64}
// CHECK: moe.expert {{.*}} {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
// CHECK: moe.combine %{{.*}} at %{{.*}} by %{{.*}} : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x64xf32>
func.func @mixtral(%x: tensor<?x64xf32>, %z: tensor<?x8xf32>, %w1: tensor<8x192x64xf32>,
                   %w2: tensor<8x64x96xf32>) -> tensor<?x64xf32> {
  %ids, %weights = moe.route %z {k = 2, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
    : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 8}
    : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>, tensor<9xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x64xf32>, tensor<9xi32>, tensor<8x192x64xf32>, tensor<8x64x96xf32> -> tensor<?x64xf32>
  %out = moe.combine %y at %positions by %weights
    : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x64xf32>
  return %out : tensor<?x64xf32>
}

// CHECK-LABEL: @deepseek_v3_router
// CHECK: moe.route %{{.*}} bias(%{{.*}} : tensor<256xf32>)
// CHECK-SAME: groups = #moe.groups<n = 8, keep = 4, reduce = top2_sum>
// CHECK-SAME: renorm = #moe.renorm<mode = add, eps = {{.*}}E-21>
// CHECK-SAME: scale = 2.500000e+00 : f64, score = #moe.score<sigmoid>
func.func @deepseek_v3_router(%z: tensor<?x256xf32>, %b: tensor<256xf32>) -> (tensor<?x8xi32>, tensor<?x8xf32>) {
  %ids, %w = moe.route %z bias(%b : tensor<256xf32>)
    {k = 8, score = #moe.score<sigmoid>, groups = #moe.groups<n = 8, keep = 4, reduce = top2_sum>,
     renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5}
    : tensor<?x256xf32> -> tensor<?x8xi32>, tensor<?x8xf32>
  return %ids, %w : tensor<?x8xi32>, tensor<?x8xf32>
}

// CHECK-LABEL: @gshard
// CHECK: moe.route %{{.*}} uniform(%{{.*}} : tensor<8x2xf32>)
// CHECK-SAME: policy = #moe.policy<kind = random, theta = 5.000000e-01>
// CHECK: moe.assign {{.*}}capacity = #moe.capacity<kind = factor, factor = 2.000000e+00, min = 4, multiple = 4, zero_min = true>
// CHECK: moe.dispatch %{{.*}} to %{{.*}} slots(%{{.*}} : tensor<8x2xi32>)
// CHECK: moe.grouped_matmul {{.*}} bias(%{{.*}} : tensor<4x24xf32>)
func.func @gshard(%x: tensor<8x16xf32>, %z: tensor<8x4xf32>, %u: tensor<8x2xf32>, %w: tensor<4x24x16xf32>,
                  %b: tensor<4x24xf32>) -> tensor<8x24xf32> {
  %ids, %weights = moe.route %z uniform(%u : tensor<8x2xf32>)
    {k = 2, policy = #moe.policy<kind = random, theta = 0.5>, renorm = #moe.renorm<mode = add, eps = 1.0e-9>}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  %slots, %counts = moe.assign %ids
    {experts = 4, capacity = #moe.capacity<kind = factor, factor = 2.0, min = 4, zero_min = true, multiple = 4>,
     priority = #moe.priority<choice_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  %kept = moe.renorm %weights kept %slots {by = #moe.renorm<>} : tensor<8x2xf32>, tensor<8x2xi32> -> tensor<8x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%slots : tensor<8x2xi32>) {experts = 4}
    : tensor<8x16xf32>, tensor<8x2xi32> -> tensor<?x16xf32>, tensor<5xi32>, tensor<8x2xi32>
  %y = moe.grouped_matmul %rows, %offsets, %w bias(%b : tensor<4x24xf32>)
    : tensor<?x16xf32>, tensor<5xi32>, tensor<4x24x16xf32> -> tensor<?x24xf32>
  %out = moe.combine %y at %positions by %kept {order = #moe.order<expert_ascending>}
    : tensor<?x24xf32>, tensor<8x2xi32>, tensor<8x2xf32> -> tensor<8x24xf32>
  return %out : tensor<8x24xf32>
}

// CHECK-LABEL: @expert_choice
// CHECK: moe.route_experts %{{.*}} {capacity = #moe.capacity<kind = absolute, factor = 4.000000e+00>}
func.func @expert_choice(%z: tensor<8x4xf32>) -> (tensor<8x4xi32>, tensor<8x4xf32>) {
  %s, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 4.0>}
    : tensor<8x4xf32> -> tensor<8x4xi32>, tensor<8x4xf32>
  return %s, %w : tensor<8x4xi32>, tensor<8x4xf32>
}
