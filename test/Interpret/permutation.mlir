// Without capacity a layer does not depend on the order of tokens or the numbering of experts, to the last bit.
// RUN: moec run --interpret --entry plain %s > %t.plain
// RUN: moec run --interpret --entry permuted %s | diff %t.plain -

func.func private @layer(%x: tensor<4x2xf32>, %z: tensor<4x3xf32>, %v: tensor<3x2x2xf32>) -> tensor<4x2xf32> {
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<>} : tensor<4x3xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %i {experts = 3}
    : tensor<4x2xf32>, tensor<4x2xi32> -> tensor<?x2xf32>, tensor<4xi32>, tensor<4x2xi32>
  %y = moe.expert %rows, %offsets, %v, %v {activation = #moe.activation<silu>}
    : tensor<?x2xf32>, tensor<4xi32>, tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<?x2xf32>
  %out = moe.combine %y at %positions by %w : tensor<?x2xf32>, tensor<4x2xi32>, tensor<4x2xf32> -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @plain() -> tensor<4x2xf32> {
  %x = arith.constant dense<[[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9], [1.1, -0.6]]> : tensor<4x2xf32>
  %z = arith.constant dense<[[0.1, 1.3, -0.2], [0.8, -0.5, 0.9], [-1.0, 0.4, 0.2], [0.3, 0.6, 1.7]]> : tensor<4x3xf32>
  %v = arith.constant dense<[[[0.5, -0.3], [0.2, 0.9]], [[-0.7, 0.4], [0.6, 0.1]], [[0.8, 0.3], [-0.2, -0.5]]]> : tensor<3x2x2xf32>
  %out = func.call @layer(%x, %z, %v) : (tensor<4x2xf32>, tensor<4x3xf32>, tensor<3x2x2xf32>) -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

// Tokens in the order 1 3 0 2 and experts in the order 2 0 1; the result is brought back into the order of tokens.
func.func @permuted() -> tensor<4x2xf32> {
  %x = arith.constant dense<[[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9], [1.1, -0.6]]> : tensor<4x2xf32>
  %z = arith.constant dense<[[0.1, 1.3, -0.2], [0.8, -0.5, 0.9], [-1.0, 0.4, 0.2], [0.3, 0.6, 1.7]]> : tensor<4x3xf32>
  %v = arith.constant dense<[[[0.8, 0.3], [-0.2, -0.5]], [[0.5, -0.3], [0.2, 0.9]], [[-0.7, 0.4], [0.6, 0.1]]]> : tensor<3x2x2xf32>
  %tokens = arith.constant dense<[[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]> : tensor<4x4xf32>
  %back = arith.constant dense<[[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0]]> : tensor<4x4xf32>
  %experts = arith.constant dense<[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %zero4x2 = arith.constant dense<0.0> : tensor<4x2xf32>
  %zero4x3 = arith.constant dense<0.0> : tensor<4x3xf32>
  %xp = linalg.matmul ins(%tokens, %x : tensor<4x4xf32>, tensor<4x2xf32>) outs(%zero4x2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  %zt = linalg.matmul ins(%tokens, %z : tensor<4x4xf32>, tensor<4x3xf32>) outs(%zero4x3 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %zp = linalg.matmul ins(%zt, %experts : tensor<4x3xf32>, tensor<3x3xf32>) outs(%zero4x3 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = func.call @layer(%xp, %zp, %v) : (tensor<4x2xf32>, tensor<4x3xf32>, tensor<3x2x2xf32>) -> tensor<4x2xf32>
  %out = linalg.matmul ins(%back, %y : tensor<4x4xf32>, tensor<4x2xf32>) outs(%zero4x2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}
