// Equal keys, extreme logits and single experts.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

// A router of zeros picks 0 ... k-1.
// CHECK-LABEL: @lower
// CHECK-NEXT: tensor<2x2xi32> {{\[\[}}0, 1], [0, 1]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.2500, 0.2500], [0.2500, 0.2500]]
func.func @lower() -> (tensor<2x2xi32>, tensor<2x2xf32>) {
  %z = arith.constant dense<0.0> : tensor<2x4xf32>
  %i, %w = moe.route %z
    {k = 2, tie = #moe.tie<lower_index>}
    : tensor<2x4xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  return %i, %w : tensor<2x2xi32>, tensor<2x2xf32>
}

// CHECK-LABEL: @higher
// CHECK-NEXT: tensor<2x2xi32> {{\[\[}}3, 2], [3, 2]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.2500, 0.2500], [0.2500, 0.2500]]
func.func @higher() -> (tensor<2x2xi32>, tensor<2x2xf32>) {
  %z = arith.constant dense<0.0> : tensor<2x4xf32>
  %i, %w = moe.route %z
    {k = 2, tie = #moe.tie<higher_index>}
    : tensor<2x4xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  return %i, %w : tensor<2x2xi32>, tensor<2x2xf32>
}

// Unspecified, but k different experts.
// CHECK-LABEL: @any
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.2500, 0.2500], [0.2500, 0.2500]]
func.func @any() -> (tensor<2x2xf32>) {
  %z = arith.constant dense<0.0> : tensor<2x4xf32>
  %i, %w = moe.route %z
    {k = 2, tie = #moe.tie<any>}
    : tensor<2x4xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  return %w : tensor<2x2xf32>
}

// Equal groups fall to the same rule.
// CHECK-LABEL: @groups_higher
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}2, 3]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.2969, 0.1092]]
func.func @groups_higher() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = arith.constant dense<[[0.0, 0.0, 0.0, -1.0]]> : tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, tie = #moe.tie<higher_index>, groups = #moe.groups<n = 2, keep = 1>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// Very negative logits still give k different experts.
// CHECK-LABEL: @very_negative
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.5000]]
func.func @very_negative() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = arith.constant dense<-3.0e38> : tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, renorm = #moe.renorm<>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// NaN ranks below every number and weighs NaN where it is chosen.
// CHECK-LABEL: @nan
// CHECK-NEXT: tensor<1x3xi32> {{\[\[}}2, 1, 0]]
// CHECK-NEXT: tensor<1x3xf32> {{\[\[}}2.0000, -inf, nan]]
func.func @nan() -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  %z = arith.constant dense<[[0x7FC00000, 0xFF800000, 2.0]]> : tensor<1x3xf32>
  %i, %w = moe.route %z
    {k = 3, score = #moe.score<identity>}
    : tensor<1x3xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  return %i, %w : tensor<1x3xi32>, tensor<1x3xf32>
}

// One expert: the raw softmax is 1, the sigmoid is not.
// CHECK-LABEL: @one_softmax
// CHECK-NEXT: tensor<2x1xi32> {{\[\[}}0], [0]]
// CHECK-NEXT: tensor<2x1xf32> {{\[\[}}1.0000], [1.0000]]
func.func @one_softmax() -> (tensor<2x1xi32>, tensor<2x1xf32>) {
  %z = arith.constant dense<[[0.0], [3.0]]> : tensor<2x1xf32>
  %i, %w = moe.route %z
    {k = 1}
    : tensor<2x1xf32> -> tensor<2x1xi32>, tensor<2x1xf32>
  return %i, %w : tensor<2x1xi32>, tensor<2x1xf32>
}

// CHECK-LABEL: @one_sigmoid
// CHECK-NEXT: tensor<2x1xi32> {{\[\[}}0], [0]]
// CHECK-NEXT: tensor<2x1xf32> {{\[\[}}0.5000], [0.7311]]
func.func @one_sigmoid() -> (tensor<2x1xi32>, tensor<2x1xf32>) {
  %z = arith.constant dense<[[0.0], [1.0]]> : tensor<2x1xf32>
  %i, %w = moe.route %z
    {k = 1, score = #moe.score<sigmoid>}
    : tensor<2x1xf32> -> tensor<2x1xi32>, tensor<2x1xf32>
  return %i, %w : tensor<2x1xi32>, tensor<2x1xf32>
}
