// Selection limited to two of four groups of two experts.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

// DeepSeek-V3: keys carry the bias, weights do not.
// CHECK-LABEL: @v3
// CHECK-NEXT: tensor<1x3xi32> {{\[\[}}2, 4, 5]]
// CHECK-NEXT: tensor<1x3xf32> {{\[\[}}0.9514, 0.7894, 0.7592]]
func.func @v3() -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  %z = arith.constant dense<[[0.2, -0.4, 1.1, -1.3, 0.5, 0.4, -2.0, 0.9]]> : tensor<1x8xf32>
  %b = arith.constant dense<[-0.9, -0.95, -0.7, -1.0, -0.8, -0.85, -0.9, -0.75]> : tensor<8xf32>
  %i, %w = moe.route %z bias(%b : tensor<8xf32>)
    {k = 3, score = #moe.score<sigmoid>, groups = #moe.groups<n = 4, keep = 2, reduce = top2_sum>,
     renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5}
    : tensor<1x8xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  return %i, %w : tensor<1x3xi32>, tensor<1x3xf32>
}

// Ten more on every bias changes nothing.
// CHECK-LABEL: @v3_shifted_bias
// CHECK-NEXT: tensor<1x3xi32> {{\[\[}}2, 4, 5]]
// CHECK-NEXT: tensor<1x3xf32> {{\[\[}}0.9514, 0.7894, 0.7592]]
func.func @v3_shifted_bias() -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  %z = arith.constant dense<[[0.2, -0.4, 1.1, -1.3, 0.5, 0.4, -2.0, 0.9]]> : tensor<1x8xf32>
  %b = arith.constant dense<[9.1, 9.05, 9.3, 9.0, 9.2, 9.15, 9.1, 9.25]> : tensor<8xf32>
  %i, %w = moe.route %z bias(%b : tensor<8xf32>)
    {k = 3, score = #moe.score<sigmoid>, groups = #moe.groups<n = 4, keep = 2, reduce = top2_sum>,
     renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5}
    : tensor<1x8xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  return %i, %w : tensor<1x3xi32>, tensor<1x3xf32>
}

// With fill = zero and negative keys, experts of dropped groups win.
// CHECK-LABEL: @v3_zero_fill
// CHECK-NEXT: tensor<1x3xi32> {{\[\[}}2, 0, 1]]
// CHECK-NEXT: tensor<1x3xf32> {{\[\[}}1.1024, 0.8079, 0.5897]]
func.func @v3_zero_fill() -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  %z = arith.constant dense<[[0.2, -0.4, 1.1, -1.3, 0.5, 0.4, -2.0, 0.9]]> : tensor<1x8xf32>
  %b = arith.constant dense<[-0.9, -0.95, -0.7, -1.0, -0.8, -0.85, -0.9, -0.75]> : tensor<8xf32>
  %i, %w = moe.route %z bias(%b : tensor<8xf32>)
    {k = 3, score = #moe.score<sigmoid>, groups = #moe.groups<n = 4, keep = 2, reduce = top2_sum, fill = zero>,
     renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5}
    : tensor<1x8xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  return %i, %w : tensor<1x3xi32>, tensor<1x3xf32>
}

// DeepSeek-V2.
// CHECK-LABEL: @v2
// CHECK-NEXT: tensor<1x3xi32> {{\[\[}}2, 7, 3]]
// CHECK-NEXT: tensor<1x3xf32> {{\[\[}}4.4082, 3.6091, 0.3999]]
func.func @v2() -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  %z = arith.constant dense<[[0.2, -0.4, 1.1, -1.3, 0.5, 0.4, -2.0, 0.9]]> : tensor<1x8xf32>
  %i, %w = moe.route %z
    {k = 3, groups = #moe.groups<n = 4, keep = 2, reduce = max, fill = zero>, scale = 16.0}
    : tensor<1x8xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  return %i, %w : tensor<1x3xi32>, tensor<1x3xf32>
}

// DeepSeek-V4 without groups.
// CHECK-LABEL: @v4
// CHECK-NEXT: tensor<1x3xi32> {{\[\[}}2, 7, 4]]
// CHECK-NEXT: tensor<1x3xf32> {{\[\[}}0.5388, 0.5097, 0.4515]]
func.func @v4() -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  %z = arith.constant dense<[[0.2, -0.4, 1.1, -1.3, 0.5, 0.4, -2.0, 0.9]]> : tensor<1x8xf32>
  %i, %w = moe.route %z
    {k = 3, score = #moe.score<sqrt_softplus>, renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 1.5}
    : tensor<1x8xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  return %i, %w : tensor<1x3xi32>, tensor<1x3xf32>
}
