// Gated activations at four points (gate, up) and all places where the two projections may lie. A row holds the gates
// and then the ups of two inner columns; weights only pick them apart.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

// gpt-oss at (1, 2), (8, 0.5), (-9, -9), (3, 10).
// CHECK-LABEL: @gpt_oss
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}2.5374, 10.4999], [0.0000, 23.8554]]
func.func @gpt_oss() -> tensor<2x2xf32> {
  %x = arith.constant dense<[[1.0, 8.0, 2.0, 0.5], [-9.0, 3.0, -9.0, 10.0]]> : tensor<2x4xf32>
  %offsets = arith.constant dense<[0, 2]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]]> : tensor<1x4x4xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>, alpha = 1.702, gate_max = 7.0, up_abs = 7.0, up_offset = 1.0}
    : tensor<2x4xf32>, tensor<2xi32>, tensor<1x4x4xf32>, tensor<1x2x2xf32> -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// CHECK-LABEL: @gpt_oss_up_first
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}2.5374, 10.4999], [0.0000, 23.8554]]
func.func @gpt_oss_up_first() -> tensor<2x2xf32> {
  %x = arith.constant dense<[[1.0, 8.0, 2.0, 0.5], [-9.0, 3.0, -9.0, 10.0]]> : tensor<2x4xf32>
  %offsets = arith.constant dense<[0, 2]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]]> : tensor<1x4x4xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<silu>, gate = #moe.gate<concat_up_first>, alpha = 1.702, gate_max = 7.0, up_abs = 7.0, up_offset = 1.0}
    : tensor<2x4xf32>, tensor<2xi32>, tensor<1x4x4xf32>, tensor<1x2x2xf32> -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// CHECK-LABEL: @gpt_oss_interleaved
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}2.5374, 10.4999], [0.0000, 23.8554]]
func.func @gpt_oss_interleaved() -> tensor<2x2xf32> {
  %x = arith.constant dense<[[1.0, 8.0, 2.0, 0.5], [-9.0, 3.0, -9.0, 10.0]]> : tensor<2x4xf32>
  %offsets = arith.constant dense<[0, 2]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]]> : tensor<1x4x4xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<silu>, gate = #moe.gate<interleaved_gate_even>, alpha = 1.702, gate_max = 7.0, up_abs = 7.0, up_offset = 1.0}
    : tensor<2x4xf32>, tensor<2xi32>, tensor<1x4x4xf32>, tensor<1x2x2xf32> -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// CHECK-LABEL: @gpt_oss_separate
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}2.5374, 10.4999], [0.0000, 23.8554]]
func.func @gpt_oss_separate() -> tensor<2x2xf32> {
  %x = arith.constant dense<[[1.0, 8.0, 2.0, 0.5], [-9.0, 3.0, -9.0, 10.0]]> : tensor<2x4xf32>
  %offsets = arith.constant dense<[0, 2]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]]> : tensor<1x2x4xf32>
  %up = arith.constant dense<[[[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]]> : tensor<1x2x4xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2 up(%up : tensor<1x2x4xf32>)
    {activation = #moe.activation<silu>, gate = #moe.gate<separate>, alpha = 1.702, gate_max = 7.0, up_abs = 7.0, up_offset = 1.0}
    : tensor<2x4xf32>, tensor<2xi32>, tensor<1x2x4xf32>, tensor<1x2x2xf32> -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// CHECK-LABEL: @gpt_oss_in_out
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}2.5374, 10.4999], [0.0000, 23.8554]]
func.func @gpt_oss_in_out() -> tensor<2x2xf32> {
  %x = arith.constant dense<[[1.0, 8.0, 2.0, 0.5], [-9.0, 3.0, -9.0, 10.0]]> : tensor<2x4xf32>
  %offsets = arith.constant dense<[0, 2]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]]> : tensor<1x4x4xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<silu>, gate = #moe.gate<interleaved_gate_even>, alpha = 1.702, gate_max = 7.0, up_abs = 7.0, up_offset = 1.0, layout1 = #moe.layout<in_out>, layout2 = #moe.layout<in_out>}
    : tensor<2x4xf32>, tensor<2xi32>, tensor<1x4x4xf32>, tensor<1x2x2xf32> -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// DeepSeek-V4 at (1, 2), (12, 0.5), (-9, -12), (3, 11).
// CHECK-LABEL: @deepseek_v4
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}1.4621, 4.9998], [0.0111, 28.5772]]
func.func @deepseek_v4() -> tensor<2x2xf32> {
  %x = arith.constant dense<[[1.0, 12.0, 2.0, 0.5], [-9.0, 3.0, -12.0, 11.0]]> : tensor<2x4xf32>
  %offsets = arith.constant dense<[0, 2]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]]> : tensor<1x4x4xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>, gate_max = 10.0, up_abs = 10.0}
    : tensor<2x4xf32>, tensor<2xi32>, tensor<1x4x4xf32>, tensor<1x2x2xf32> -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// CHECK-LABEL: @deepseek_v4_separate_in_out
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}1.4621, 4.9998], [0.0111, 28.5772]]
func.func @deepseek_v4_separate_in_out() -> tensor<2x2xf32> {
  %x = arith.constant dense<[[1.0, 12.0, 2.0, 0.5], [-9.0, 3.0, -12.0, 11.0]]> : tensor<2x4xf32>
  %offsets = arith.constant dense<[0, 2]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]]> : tensor<1x4x2xf32>
  %up = arith.constant dense<[[[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]> : tensor<1x4x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2 up(%up : tensor<1x4x2xf32>)
    {activation = #moe.activation<silu>, gate = #moe.gate<separate>, gate_max = 10.0, up_abs = 10.0, layout1 = #moe.layout<in_out>, layout2 = #moe.layout<in_out>}
    : tensor<2x4xf32>, tensor<2xi32>, tensor<1x4x2xf32>, tensor<1x2x2xf32> -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// Activations without a gate, at 1 and -2. gelu: 1 * 0.841345 and -2 * 0.022750 by tables of the normal distribution.
// CHECK-LABEL: @identity
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}1.0000, -2.0000]]
func.func @identity() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, -2.0]]> : tensor<1x2xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<identity>}
    : tensor<1x2xf32>, tensor<2xi32>, tensor<1x2x2xf32>, tensor<1x2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// CHECK-LABEL: @relu
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}1.0000, 0.0000]]
func.func @relu() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, -2.0]]> : tensor<1x2xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<relu>}
    : tensor<1x2xf32>, tensor<2xi32>, tensor<1x2x2xf32>, tensor<1x2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// CHECK-LABEL: @gelu_erf
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.8413, -0.0455]]
func.func @gelu_erf() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, -2.0]]> : tensor<1x2xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<gelu_erf>}
    : tensor<1x2xf32>, tensor<2xi32>, tensor<1x2x2xf32>, tensor<1x2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// CHECK-LABEL: @gelu_tanh
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.8412, -0.0454]]
func.func @gelu_tanh() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, -2.0]]> : tensor<1x2xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<gelu_tanh>}
    : tensor<1x2xf32>, tensor<2xi32>, tensor<1x2x2xf32>, tensor<1x2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// CHECK-LABEL: @silu
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.7311, -0.2384]]
func.func @silu() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, -2.0]]> : tensor<1x2xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<silu>}
    : tensor<1x2xf32>, tensor<2xi32>, tensor<1x2x2xf32>, tensor<1x2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// 1 / (1 + exp(-2)) and -2 / (1 + exp(4)).
// CHECK-LABEL: @silu_alpha
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.8808, -0.0360]]
func.func @silu_alpha() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, -2.0]]> : tensor<1x2xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<silu>, alpha = 2.0}
    : tensor<1x2xf32>, tensor<2xi32>, tensor<1x2x2xf32>, tensor<1x2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// OpenMoE: halves (a, b) of the gate give a * silu(b), times the up projection: 2 * 0.7311 * 3, 3 * 0.7311 * 0.5.
// CHECK-LABEL: @swiglu_half
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}4.3864, 1.0966]]
func.func @swiglu_half() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, 1.0]]> : tensor<1x2xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[2.0, 0.0], [0.0, 3.0], [1.0, 0.0], [0.0, 1.0]]]> : tensor<1x4x2xf32>
  %up = arith.constant dense<[[[3.0, 0.0], [0.0, 0.5]]]> : tensor<1x2x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2 up(%up : tensor<1x2x2xf32>)
    {activation = #moe.activation<swiglu_half>, gate = #moe.gate<separate>}
    : tensor<1x2xf32>, tensor<2xi32>, tensor<1x4x2xf32>, tensor<1x2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// CHECK-LABEL: @swiglu_half_alone
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}1.4621, 2.1932]]
func.func @swiglu_half_alone() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, 1.0]]> : tensor<1x2xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[2.0, 0.0], [0.0, 3.0], [1.0, 0.0], [0.0, 1.0]]]> : tensor<1x4x2xf32>
  %w2 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]]]> : tensor<1x2x2xf32>
  %y = moe.expert %x, %offsets, %w1, %w2
    {activation = #moe.activation<swiglu_half>}
    : tensor<1x2xf32>, tensor<2xi32>, tensor<1x4x2xf32>, tensor<1x2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
