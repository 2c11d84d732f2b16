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

// Every operand of route, and every enumeration at a value that is not its default.
// CHECK-LABEL: @route_operands
// CHECK: moe.route %{{.*}} key(%{{.*}} : tensor<?x?xf32>) bias(%{{.*}} : tensor<?xf32>) noise(%{{.*}} : tensor<?x?xbf16>) uniform(%{{.*}} : tensor<?x2xf32>) weights(%{{.*}} : tensor<?x?xf64>)
// CHECK-SAME: {k = 2 : i64, noise_site = #moe.noise_site<select_only>, policy = #moe.policy<kind = random, theta = {{[0-9.eE+-]+}}>, scale_if_renorm = false, score = #moe.score<sqrt_softplus>, tie = #moe.tie<any>, weight = #moe.weight<external>}
// CHECK: moe.route %{{.*}} table(%{{.*}} : tensor<?x2xi32>) token_ids(%{{.*}} : tensor<?xi32>)
// CHECK-SAME: select = #moe.select<table>{{.*}}weight = #moe.weight<ones>
// CHECK: moe.route %{{.*}} ids(%{{.*}} : tensor<?x2xi32>) {{.*}}select = #moe.select<given>
// CHECK: moe.route %{{.*}} {{.*}}score = #moe.score<sparse_mixer>, tie = #moe.tie<higher_index>
// CHECK: moe.route %{{.*}} noise(%{{.*}}) {{.*}}noise_site = #moe.noise_site<select_later>, score = #moe.score<identity>
// CHECK: moe.route %{{.*}} {{.*}}groups = #moe.groups<n = 2, keep = 2, fill = zero, each = 1>
// CHECK: moe.route %{{.*}} {{.*}}renorm = #moe.renorm<p = 2, mode = clamp, eps = {{[0-9.eE+-]+}}, multiple_only = true>, score_axis = #moe.score_axis<tokens>
func.func @route_operands(%z: tensor<?x?xf32>, %b: tensor<?xf32>, %n: tensor<?x?xbf16>, %u: tensor<?x2xf32>, %e: tensor<?x?xf64>,
                          %table: tensor<?x2xi32>, %tokens: tensor<?xi32>, %ids: tensor<?x2xi32>) {
  %i0, %w0 = moe.route %z key(%z : tensor<?x?xf32>) bias(%b : tensor<?xf32>) noise(%n : tensor<?x?xbf16>)
      uniform(%u : tensor<?x2xf32>) weights(%e : tensor<?x?xf64>)
    {k = 2, score = #moe.score<sqrt_softplus>, noise_site = #moe.noise_site<select_only>, tie = #moe.tie<any>,
     weight = #moe.weight<external>, policy = #moe.policy<kind = random, theta = 0.2>, scale_if_renorm = false}
    : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %i1, %w1 = moe.route %z table(%table : tensor<?x2xi32>) token_ids(%tokens : tensor<?xi32>)
    {k = 2, select = #moe.select<table>, weight = #moe.weight<ones>} : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %i2, %w2 = moe.route %z ids(%ids : tensor<?x2xi32>) {k = 2, select = #moe.select<given>}
    : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf16>
  %i3, %w3 = moe.route %z {k = 2, score = #moe.score<sparse_mixer>, mixer_eps = 0.1, tie = #moe.tie<higher_index>}
    : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %i4, %w4 = moe.route %z noise(%n : tensor<?x?xbf16>)
    {k = 2, score = #moe.score<identity>, noise_site = #moe.noise_site<select_later>} : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %i5, %w5 = moe.route %z {k = 2, groups = #moe.groups<n = 2, keep = 2, fill = zero, each = 1>}
    : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %i6, %w6 = moe.route %z {k = 2, score_axis = #moe.score_axis<tokens>, renorm = #moe.renorm<p = 2, mode = clamp, eps = 1.0e-7, multiple_only = true>}
    : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// CHECK-LABEL: @assign_operands
// CHECK: moe.assign %{{.*}} scores(%{{.*}} : tensor<?x2xf32>) mask(%{{.*}} : tensor<?xi1>)
// CHECK-SAME: capacity = #moe.capacity<kind = bounded_max_load, factor = {{[0-9.eE+-]+}}, round = half_even, min = 3, multiple = 8, outer_k = true, ceil_inner = true, clamp_tokens = true, zero_min = true, even = true>
// CHECK-SAME: group_size = 1024 : i64, priority = #moe.priority<score_sorted>
// CHECK: moe.assign %{{.*}} uniform(%{{.*}} : tensor<?x2xf32>)
// CHECK-SAME: capacity = #moe.capacity<kind = token_fraction, factor = {{[0-9.eE+-]+}}, round = ceil>{{.*}}priority = #moe.priority<random>
// CHECK: moe.assign %{{.*}} {capacity = #moe.capacity<kind = factor, times_k = true, f32 = true>{{.*}}overflow = #moe.overflow<reroute_next>, priority = #moe.priority<choice_major>
// CHECK: moe.assign %{{.*}} {experts = 8 : i64} : tensor<?x2xi32> -> tensor<?x2xi32>, tensor<8xi32>
// CHECK: moe.route_experts %{{.*}} {capacity = #moe.capacity<kind = factor, round = ceil, multiple = 4>, divide_by_count, score = #moe.score<sigmoid>}
func.func @assign_operands(%ids: tensor<?x2xi32>, %s: tensor<?x2xf32>, %m: tensor<?xi1>, %z: tensor<?x8xf32>) {
  %s0, %c0 = moe.assign %ids scores(%s : tensor<?x2xf32>) mask(%m : tensor<?xi1>)
    {experts = 8, group_size = 1024, priority = #moe.priority<score_sorted>,
     capacity = #moe.capacity<kind = bounded_max_load, factor = 0.1, round = half_even, min = 3, multiple = 8, outer_k = true,
                              ceil_inner = true, clamp_tokens = true, zero_min = true, even = true>}
    : tensor<?x2xi32> -> tensor<?x2xi32>, tensor<8xi32>
  %s1, %c1 = moe.assign %ids uniform(%s : tensor<?x2xf32>)
    {experts = 8, priority = #moe.priority<random>, capacity = #moe.capacity<kind = token_fraction, factor = 0.1, round = ceil>}
    : tensor<?x2xi32> -> tensor<?x2xi32>, tensor<8xi32>
  %s2, %c2 = moe.assign %ids
    {experts = 8, priority = #moe.priority<choice_major>, overflow = #moe.overflow<reroute_next>,
     capacity = #moe.capacity<kind = factor, times_k = true, f32 = true>}
    : tensor<?x2xi32> -> tensor<?x2xi32>, tensor<8xi32>
  %s3, %c3 = moe.assign %ids {experts = 8} : tensor<?x2xi32> -> tensor<?x2xi32>, tensor<8xi32>
  %s4, %w4 = moe.route_experts %z
    {capacity = #moe.capacity<kind = factor, round = ceil, multiple = 4>, divide_by_count, score = #moe.score<sigmoid>}
    : tensor<?x8xf32> -> tensor<?x8xi32>, tensor<?x8xf32>
  return
}

// CHECK-LABEL: @expert_operands
// CHECK: moe.dispatch %{{.*}} to %{{.*}} slots(%{{.*}} : tensor<?x2xi32>) scale(%{{.*}} : tensor<?x2xf32>) {experts = 8 : i64}
// CHECK: moe.grouped_matmul %{{.*}}, %{{.*}}, %{{.*}} {layout = #moe.layout<in_out>}
// CHECK: moe.expert %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} b1(%{{.*}} : tensor<8x32xf32>) b2(%{{.*}} : tensor<8x16xf32>) up(%{{.*}} : tensor<8x16x32xf32>) up_bias(%{{.*}} : tensor<8x32xf32>)
// CHECK-SAME: {activation = #moe.activation<silu>, alpha = 1.702000e+00 : f64, gate = #moe.gate<separate>, gate_max = 7.000000e+00 : f64, layout1 = #moe.layout<in_out>, layout2 = #moe.layout<in_out>, up_abs = 7.000000e+00 : f64, up_offset = 1.000000e+00 : f64}
// CHECK: moe.combine %{{.*}} at %{{.*}} by %{{.*}} passthrough(%{{.*}} : tensor<?x16xbf16>) {accumulator = f32, order = #moe.order<expert_ascending>, term_type = bf16}
func.func @expert_operands(%x: tensor<?x16xbf16>, %ids: tensor<?x2xi32>, %w: tensor<?x2xf32>, %v: tensor<8x16x32xf32>,
                           %d: tensor<8x32x16xf32>, %b: tensor<8x32xf32>, %c: tensor<8x16xf32>) -> tensor<?x16xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%ids : tensor<?x2xi32>) scale(%w : tensor<?x2xf32>) {experts = 8}
    : tensor<?x16xbf16>, tensor<?x2xi32> -> tensor<?x16xbf16>, tensor<9xi32>, tensor<?x2xi32>
  %u = moe.grouped_matmul %rows, %offsets, %v {layout = #moe.layout<in_out>}
    : tensor<?x16xbf16>, tensor<9xi32>, tensor<8x16x32xf32> -> tensor<?x32xf32>
  %y = moe.expert %rows, %offsets, %v, %d b1(%b : tensor<8x32xf32>) b2(%c : tensor<8x16xf32>) up(%v : tensor<8x16x32xf32>)
      up_bias(%b : tensor<8x32xf32>)
    {activation = #moe.activation<silu>, gate = #moe.gate<separate>, layout1 = #moe.layout<in_out>, layout2 = #moe.layout<in_out>,
     alpha = 1.702, up_offset = 1.0, gate_max = 7.0, up_abs = 7.0}
    : tensor<?x16xbf16>, tensor<9xi32>, tensor<8x16x32xf32>, tensor<8x32x16xf32> -> tensor<?x16xbf16>
  %out = moe.combine %y at %positions by %w passthrough(%x : tensor<?x16xbf16>)
    {order = #moe.order<expert_ascending>, term_type = bf16, accumulator = f32}
    : tensor<?x16xbf16>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x16xf32>
  return %out : tensor<?x16xf32>
}

// Real parameters read back to the same bits in every spelling.
// CHECK-LABEL: @reals
// CHECK: eps = 9.99999{{[0-9]+}}E-21
func.func @reals(%z: tensor<4x4xf32>) -> tensor<4x2xf32> {
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<mode = add, eps = 1.0e-20>} : tensor<4x4xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %w : tensor<4x2xf32>
}
