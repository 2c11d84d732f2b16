// Ragged rows, biases, element types and the place of the router weight.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

// Rows 0 and 1 belong to expert 0, none to expert 1, row 2 to expert 2.
// CHECK-LABEL: @grouped
// CHECK-NEXT: tensor<3x2xf32> {{\[\[}}5.0000, 11.0000], [11.0000, 25.0000], [22.0000, 12.0000]]
// CHECK-NEXT: tensor<3x2xf32> {{\[\[}}7.0000, 10.0000], [15.0000, 22.0000], [22.0000, 12.0000]]
// CHECK-NEXT: tensor<3x2xf32> {{\[\[}}5.5000, 10.0000], [11.5000, 24.0000], [22.0000, 15.0000]]
func.func @grouped() -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>) {
  %x = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %offsets = arith.constant dense<[0, 2, 2, 3]> : tensor<4xi32>
  %w = arith.constant dense<[[[1.0, 2.0], [3.0, 4.0]], [[9.0, 9.0], [9.0, 9.0]], [[2.0, 2.0], [0.0, 2.0]]]> : tensor<3x2x2xf32>
  %v = arith.constant dense<[[[1.0, 2.0], [3.0, 4.0]], [[9.0, 9.0], [9.0, 9.0]], [[2.0, 0.0], [2.0, 2.0]]]> : tensor<3x2x2xf32>
  %b = arith.constant dense<[[0.5, -1.0], [9.0, 9.0], [0.0, 3.0]]> : tensor<3x2xf32>
  %y0 = moe.grouped_matmul %x, %offsets, %w : tensor<3x2xf32>, tensor<4xi32>, tensor<3x2x2xf32> -> tensor<3x2xf32>
  %y1 = moe.grouped_matmul %x, %offsets, %v {layout = #moe.layout<in_out>}
    : tensor<3x2xf32>, tensor<4xi32>, tensor<3x2x2xf32> -> tensor<3x2xf32>
  %y2 = moe.grouped_matmul %x, %offsets, %w bias(%b : tensor<3x2xf32>)
    : tensor<3x2xf32>, tensor<4xi32>, tensor<3x2x2xf32> -> tensor<3x2xf32>
  return %y0, %y1, %y2 : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>
}

// relu(W1 x + b1) = [relu(1 - 3), relu(2 + 1)]; W2 h + b2 = 2 * 3 + 10.
// CHECK-LABEL: @biases
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}16.0000]]
func.func @biases() -> tensor<1x1xf32> {
  %x = arith.constant dense<1.0> : tensor<1x1xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<[[[1.0], [2.0]]]> : tensor<1x2x1xf32>
  %b1 = arith.constant dense<[[-3.0, 1.0]]> : tensor<1x2xf32>
  %w2 = arith.constant dense<[[[5.0, 2.0]]]> : tensor<1x1x2xf32>
  %b2 = arith.constant dense<10.0> : tensor<1x1xf32>
  %y = moe.expert %x, %offsets, %w1, %w2 b1(%b1 : tensor<1x2xf32>) b2(%b2 : tensor<1x1xf32>)
    {activation = #moe.activation<relu>} : tensor<1x1xf32>, tensor<2xi32>, tensor<1x2x1xf32>, tensor<1x1x2xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// NLLB-MoE multiplies what experts give by 0.8 outside of training: 0.8 * (0.75 * 16 + 0.25 * 8).
// CHECK-LABEL: @nllb_output_scale
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}11.2000]]
func.func @nllb_output_scale() -> tensor<1x1xf32> {
  %x = arith.constant dense<1.0> : tensor<1x1xf32>
  %z = arith.constant dense<[[1.0986123, 0.0]]> : tensor<1x2xf32>
  %i, %w = moe.route %z {k = 2} : tensor<1x2xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  %slots, %counts = moe.assign %i
    {experts = 2, capacity = #moe.capacity<kind = token_fraction, round = ceil>, priority = #moe.priority<choice_major>}
    : tensor<1x2xi32> -> tensor<1x2xi32>, tensor<2xi32>
  %v = moe.renorm %w kept %slots {by = #moe.renorm<mode = clamp, eps = 1.1920929e-7>}
    : tensor<1x2xf32>, tensor<1x2xi32> -> tensor<1x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %i slots(%slots : tensor<1x2xi32>) {experts = 2}
    : tensor<1x1xf32>, tensor<1x2xi32> -> tensor<?x1xf32>, tensor<3xi32>, tensor<1x2xi32>
  %w1 = arith.constant dense<[[[2.0]], [[1.0]]]> : tensor<2x1x1xf32>
  %w2 = arith.constant dense<8.0> : tensor<2x1x1xf32>
  %y = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<relu>}
    : tensor<?x1xf32>, tensor<3xi32>, tensor<2x1x1xf32>, tensor<2x1x1xf32> -> tensor<?x1xf32>
  %sum = moe.combine %y at %positions by %v : tensor<?x1xf32>, tensor<1x2xi32>, tensor<1x2xf32> -> tensor<1x1xf32>
  %keep = arith.constant dense<0.8> : tensor<1x1xf32>
  %out = arith.mulf %sum, %keep : tensor<1x1xf32>
  return %out : tensor<1x1xf32>
}

// A weight of 1/2 on the input of silu(x) * x at x = 2 gives 0.7311, on its output 0.5 * 0.8808 * 4 = 1.7616.
// CHECK-LABEL: @weight_on_input
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}0.7311]]
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}1.7616]]
func.func @weight_on_input() -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %x = arith.constant dense<2.0> : tensor<1x1xf32>
  %one = arith.constant dense<1.0> : tensor<1x1xf32>
  %z = arith.constant dense<0.0> : tensor<1x1xf32>
  %i, %w = moe.route %z {k = 1, score = #moe.score<sigmoid>} : tensor<1x1xf32> -> tensor<1x1xi32>, tensor<1x1xf32>
  %w1 = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %w2 = arith.constant dense<1.0> : tensor<1x1x1xf32>
  %r0, %o0, %p0 = moe.dispatch %x to %i scale(%w : tensor<1x1xf32>) {experts = 1}
    : tensor<1x1xf32>, tensor<1x1xi32> -> tensor<?x1xf32>, tensor<2xi32>, tensor<1x1xi32>
  %y0 = moe.expert %r0, %o0, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x1xf32>, tensor<2xi32>, tensor<1x2x1xf32>, tensor<1x1x1xf32> -> tensor<?x1xf32>
  %out0 = moe.combine %y0 at %p0 by %one : tensor<?x1xf32>, tensor<1x1xi32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %r1, %o1, %p1 = moe.dispatch %x to %i {experts = 1}
    : tensor<1x1xf32>, tensor<1x1xi32> -> tensor<?x1xf32>, tensor<2xi32>, tensor<1x1xi32>
  %y1 = moe.expert %r1, %o1, %w1, %w2 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x1xf32>, tensor<2xi32>, tensor<1x2x1xf32>, tensor<1x1x1xf32> -> tensor<?x1xf32>
  %out1 = moe.combine %y1 at %p1 by %w : tensor<?x1xf32>, tensor<1x1xi32>, tensor<1x1xf32> -> tensor<1x1xf32>
  return %out0, %out1 : tensor<1x1xf32>, tensor<1x1xf32>
}

// The inner row is rounded to bf16 (257 to 256), the product is not rounded before its sum.
// CHECK-LABEL: @inner_rounding
// CHECK-NEXT: tensor<1x1xbf16> {{\[\[}}256.0000]]
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}257.0000]]
func.func @inner_rounding() -> (tensor<1x1xbf16>, tensor<1x1xf32>) {
  %x = arith.constant dense<[[256.0, 1.0]]> : tensor<1x2xbf16>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %w1 = arith.constant dense<1.0> : tensor<1x1x2xbf16>
  %w2 = arith.constant dense<1.0> : tensor<1x1x1xbf16>
  %y = moe.expert %x, %offsets, %w1, %w2 {activation = #moe.activation<identity>}
    : tensor<1x2xbf16>, tensor<2xi32>, tensor<1x1x2xbf16>, tensor<1x1x1xbf16> -> tensor<1x1xbf16>
  %u = moe.grouped_matmul %x, %offsets, %w1 : tensor<1x2xbf16>, tensor<2xi32>, tensor<1x1x2xbf16> -> tensor<1x1xf32>
  return %y, %u : tensor<1x1xbf16>, tensor<1x1xf32>
}

// No tokens at all.
// CHECK-LABEL: @empty
// CHECK-NEXT: tensor<0x2xf32> []
// CHECK-NEXT: tensor<4xi32> [0, 0, 0, 0]
func.func @empty() -> (tensor<?x2xf32>, tensor<4xi32>) {
  %n = arith.constant 0 : index
  %x = tensor.empty(%n) : tensor<?x2xf32>
  %z = tensor.empty(%n) : tensor<?x3xf32>
  %i, %w = moe.route %z {k = 2} : tensor<?x3xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %i {experts = 3}
    : tensor<?x2xf32>, tensor<?x2xi32> -> tensor<?x2xf32>, tensor<4xi32>, tensor<?x2xi32>
  %v = arith.constant dense<1.0> : tensor<3x2x2xf32>
  %y = moe.grouped_matmul %rows, %offsets, %v : tensor<?x2xf32>, tensor<4xi32>, tensor<3x2x2xf32> -> tensor<?x2xf32>
  %out = moe.combine %y at %positions by %w : tensor<?x2xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x2xf32>
  return %out, %offsets : tensor<?x2xf32>, tensor<4xi32>
}
