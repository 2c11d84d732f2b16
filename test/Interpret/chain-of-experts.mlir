// Chain-of-Experts runs the same experts twice with a residual inside. Experts are the identity and both are chosen,
// so an iteration doubles its input: the layer gives 4 norm(x), norm(x) = [3, 4] / sqrt(12.5).
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s

func.func private @iteration(%h: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %z = arith.constant dense<[[0.4, -0.3]]> : tensor<1x2xf32>
  %i, %w = moe.route %z {k = 2} : tensor<1x2xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  %rows, %offsets, %positions = moe.dispatch %h to %i {experts = 2}
    : tensor<1x2xf32>, tensor<1x2xi32> -> tensor<?x2xf32>, tensor<3xi32>, tensor<1x2xi32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]]> : tensor<2x2x2xf32>
  %y = moe.expert %rows, %offsets, %w1, %w1 {activation = #moe.activation<identity>}
    : tensor<?x2xf32>, tensor<3xi32>, tensor<2x2x2xf32>, tensor<2x2x2xf32> -> tensor<?x2xf32>
  %sum = moe.combine %y at %positions by %w : tensor<?x2xf32>, tensor<1x2xi32>, tensor<1x2xf32> -> tensor<1x2xf32>
  %out = arith.addf %sum, %h : tensor<1x2xf32>
  return %out : tensor<1x2xf32>
}

func.func private @norm(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %half = arith.constant dense<0.5> : tensor<2x2xf32>
  %zero = arith.constant dense<0.0> : tensor<1x2xf32>
  %xx = arith.mulf %x, %x : tensor<1x2xf32>
  %mean = linalg.matmul ins(%xx, %half : tensor<1x2xf32>, tensor<2x2xf32>) outs(%zero : tensor<1x2xf32>) -> tensor<1x2xf32>
  %root = math.sqrt %mean : tensor<1x2xf32>
  %out = arith.divf %x, %root : tensor<1x2xf32>
  return %out : tensor<1x2xf32>
}

// As shipped: the input is discarded behind its norm.
// CHECK-LABEL: @inner_residual
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}3.3941, 4.5255]]
func.func @inner_residual() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %h = func.call @norm(%x) : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %h1 = func.call @iteration(%h) : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %h2 = func.call @iteration(%h1) : (tensor<1x2xf32>) -> tensor<1x2xf32>
  return %h2 : tensor<1x2xf32>
}

// CHECK-LABEL: @outer_residual
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}6.3941, 8.5255]]
func.func @outer_residual() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %h = func.call @inner_residual() : () -> tensor<1x2xf32>
  %out = arith.addf %h, %x : tensor<1x2xf32>
  return %out : tensor<1x2xf32>
}

// CHECK-LABEL: @without_norm
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}12.0000, 16.0000]]
func.func @without_norm() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %h1 = func.call @iteration(%x) : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %h2 = func.call @iteration(%h1) : (tensor<1x2xf32>) -> tensor<1x2xf32>
  return %h2 : tensor<1x2xf32>
}
