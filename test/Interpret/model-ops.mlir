// What models put around their MoE layers. Numbers are worked out by hand.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s

// CHECK-LABEL: @broadcast
// CHECK-NEXT: tensor<2x3xf32> {{\[\[}}11.0000, 22.0000, 33.0000], [14.0000, 25.0000, 36.0000]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.5000, -0.5000], [1.5000, 0.5000]]
// CHECK-NEXT: tensor<2xf32> [0.2500, 0.5000]
func.func @broadcast() -> (tensor<2x3xf32>, tensor<2x2xf32>, tensor<2xf32>) {
  %a = onnx.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %b = onnx.constant dense<[10.0, 20.0, 30.0]> : tensor<3xf32>
  %sum = onnx.binary add %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %column = onnx.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %row = onnx.constant dense<[0.5, 1.5]> : tensor<2xf32>
  %difference = onnx.binary sub %column, %row : (tensor<2x1xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %half = onnx.constant dense<0.5> : tensor<f32>
  %one = onnx.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %product = onnx.binary mul %half, %one : (tensor<f32>, tensor<2xf32>) -> tensor<2xf32>
  return %sum, %difference, %product : tensor<2x3xf32>, tensor<2x2xf32>, tensor<2xf32>
}

// Rows of any number of axes times one matrix.
// CHECK-LABEL: @product
// CHECK-NEXT: tensor<1x2x2xf32> {{\[\[\[}}9.0000, 12.0000], [19.0000, 26.0000]]]
func.func @product() -> tensor<1x2x2xf32> {
  %x = onnx.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %w = onnx.constant dense<[[1.0, 2.0], [4.0, 5.0]]> : tensor<2x2xf32>
  %y = onnx.matmul %x, %w : (tensor<1x2x2xf32>, tensor<2x2xf32>) -> tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// (3, 4) has the mean square 12.5; with epsilon 3.5 the root is 4.
// CHECK-LABEL: @rms_norm
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.7500, 2.0000]]
func.func @rms_norm() -> tensor<1x2xf32> {
  %x = onnx.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %scale = onnx.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = onnx.rms_norm %x, %scale {axis = 1 : i64, epsilon = 3.5 : f32, stash = f32}
    : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// (1, 3) has the mean 2 and the variance 1; with epsilon 3 the root is 2.
// CHECK-LABEL: @layer_norm
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}-0.5000, 0.5000]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}9.0000, 12.0000]]
func.func @layer_norm() -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %x = onnx.constant dense<[[1.0, 3.0]]> : tensor<1x2xf32>
  %one = onnx.constant dense<[1.0, 1.0]> : tensor<2xf32>
  %scale = onnx.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %shift = onnx.constant dense<10.0> : tensor<f32>
  %plain = onnx.layer_norm %x, %one {axis = 1 : i64, epsilon = 3.0 : f32, stash = f32}
    : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %shifted = onnx.layer_norm %x, %scale, %shift {axis = 1 : i64, epsilon = 3.0 : f32, stash = f32}
    : (tensor<1x2xf32>, tensor<2xf32>, tensor<f32>) -> tensor<1x2xf32>
  return %plain, %shifted : tensor<1x2xf32>, tensor<1x2xf32>
}

// In bf16 the quotient 3/7 becomes 0.42773, its product with 3 1.28319, and that 1.28125; from the exact quotient it
// would be 1.2891.
// CHECK-LABEL: @norm_rounds_its_quotient
// CHECK-NEXT: tensor<1x1xbf16> {{\[\[}}1.2812]]
func.func @norm_rounds_its_quotient() -> tensor<1x1xbf16> {
  %x = onnx.constant dense<[[3.0]]> : tensor<1x1xbf16>
  %scale = onnx.constant dense<[3.0]> : tensor<1xbf16>
  %y = onnx.rms_norm %x, %scale {axis = 1 : i64, epsilon = 40.0 : f32, stash = f32}
    : (tensor<1x1xbf16>, tensor<1xbf16>) -> tensor<1x1xbf16>
  return %y : tensor<1x1xbf16>
}

// 0 keeps a size, -1 takes what is left.
// CHECK-LABEL: @shapes
// CHECK-NEXT: tensor<2x1x2xi64> {{\[\[\[}}1, 2]], {{\[\[}}3, 4]]]
// CHECK-NEXT: tensor<2x2x1xf32> {{\[\[\[}}1.0000], [3.0000]], {{\[\[}}2.0000], [4.0000]]]
// CHECK-NEXT: tensor<0x4xf32> []
func.func @shapes() -> (tensor<2x1x2xi64>, tensor<2x2x1xf32>, tensor<0x4xf32>) {
  %x = onnx.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64>
  %shape = onnx.constant dense<[0, 1, -1]> : tensor<3xi64>
  %y = onnx.reshape %x, %shape : (tensor<2x2xi64>, tensor<3xi64>) -> tensor<2x1x2xi64>
  %z = onnx.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  %t = onnx.transpose %z {perm = array<i64: 2, 0, 1>} : (tensor<2x1x2xf32>) -> tensor<2x2x1xf32>
  %none = arith.constant dense<> : tensor<0x2x4xf32>
  %rows = onnx.constant dense<[-1, 4]> : tensor<2xi64>
  %flat = onnx.reshape %none, %rows : (tensor<0x2x4xf32>, tensor<2xi64>) -> tensor<0x4xf32>
  return %y, %t, %flat : tensor<2x1x2xi64>, tensor<2x2x1xf32>, tensor<0x4xf32>
}

// CHECK-LABEL: @cast
// CHECK-NEXT: tensor<2xf16> [1.0010, 65504.0000]
func.func @cast() -> tensor<2xf16> {
  %x = onnx.constant dense<[1.001, 65510.0]> : tensor<2xf32>
  %y = onnx.cast %x : (tensor<2xf32>) -> tensor<2xf16>
  return %y : tensor<2xf16>
}

// A weight is an expression; here the stack of a matrix and its transpose.
rt.weight @pair : tensor<2x2x2xf32> = #rt.stack<[
  dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>, #rt.transpose<dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>, [1, 0]>]>
// CHECK-LABEL: @weight
// CHECK-NEXT: tensor<2x2x2xf32> {{\[\[\[}}1.0000, 2.0000], [3.0000, 4.0000]], {{\[\[}}1.0000, 3.0000], [2.0000, 4.0000]]]
func.func @weight() -> tensor<2x2x2xf32> {
  %w = rt.get_weight @pair : tensor<2x2x2xf32>
  return %w : tensor<2x2x2xf32>
}

// CHECK-LABEL: @check
// CHECK-NEXT: tensor<i1> 1
func.func @check() -> i1 {
  %a = arith.constant 3 : index
  %b = arith.constant 4 : index
  %ok = arith.cmpi ne, %a, %b : index
  rt.check %ok, invalid_argument, "never said"
  return %ok : i1
}
