// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --convert-onnx-to-linalg | FileCheck %s --check-prefix=LOWERED --implicit-check-not=onnx.

// Every function of the families is read, printed and lowered.

// CHECK-LABEL: @part0(
// LOWERED-LABEL: @part0(
// CHECK: onnx.unary abs %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary acos %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary acosh %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary asin %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary asinh %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary atan %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary atanh %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary ceil %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary cos %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary cosh %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary erf %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary exp %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary floor %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary gelu %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary gelu_tanh %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary hard_swish %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary log %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary mish %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary neg %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary reciprocal %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @part0(%x: tensor<?x8xf32>, %i: tensor<?x8xi32>, %u: tensor<?x8xui32>, %b: tensor<?x8xi1>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %0 = onnx.unary abs %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = onnx.unary acos %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = onnx.unary acosh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = onnx.unary asin %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = onnx.unary asinh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = onnx.unary atan %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %6 = onnx.unary atanh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %7 = onnx.unary ceil %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %8 = onnx.unary cos %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %9 = onnx.unary cosh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %10 = onnx.unary erf %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %11 = onnx.unary exp %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %12 = onnx.unary floor %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %13 = onnx.unary gelu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %14 = onnx.unary gelu_tanh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %15 = onnx.unary hard_swish %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %16 = onnx.unary log %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %17 = onnx.unary mish %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %18 = onnx.unary neg %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %19 = onnx.unary reciprocal %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19
      : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: @part1(
// LOWERED-LABEL: @part1(
// CHECK: onnx.unary relu %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary round %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary sigmoid %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary sign %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary sin %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary sinh %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary softplus %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary softsign %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary sqrt %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary tan %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary tanh %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary celu %{{.*}} {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary elu %{{.*}} {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary leaky_relu %{{.*}} {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary swish %{{.*}} {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary thresholded_relu %{{.*}} {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary hard_sigmoid %{{.*}} {alpha = 5.000000e-01 : f32, beta = 2.500000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary selu %{{.*}} {alpha = 5.000000e-01 : f32, beta = 2.500000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary shrink %{{.*}} {alpha = 5.000000e-01 : f32, beta = 2.500000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.unary is_inf %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xi1>
func.func @part1(%x: tensor<?x8xf32>, %i: tensor<?x8xi32>, %u: tensor<?x8xui32>, %b: tensor<?x8xi1>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xi1>) {
  %0 = onnx.unary relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = onnx.unary round %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = onnx.unary sigmoid %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = onnx.unary sign %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = onnx.unary sin %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = onnx.unary sinh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %6 = onnx.unary softplus %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %7 = onnx.unary softsign %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %8 = onnx.unary sqrt %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %9 = onnx.unary tan %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %10 = onnx.unary tanh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %11 = onnx.unary celu %x {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %12 = onnx.unary elu %x {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %13 = onnx.unary leaky_relu %x {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %14 = onnx.unary swish %x {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %15 = onnx.unary thresholded_relu %x {alpha = 5.000000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %16 = onnx.unary hard_sigmoid %x {alpha = 5.000000e-01 : f32, beta = 2.500000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %17 = onnx.unary selu %x {alpha = 5.000000e-01 : f32, beta = 2.500000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %18 = onnx.unary shrink %x {alpha = 5.000000e-01 : f32, beta = 2.500000e-01 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %19 = onnx.unary is_inf %x : (tensor<?x8xf32>) -> tensor<?x8xi1>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19
      : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xi1>
}

// CHECK-LABEL: @part2(
// LOWERED-LABEL: @part2(
// CHECK: onnx.unary is_inf_negative %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xi1>
// CHECK: onnx.unary is_inf_positive %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xi1>
// CHECK: onnx.unary is_nan %{{.*}} : (tensor<?x8xf32>) -> tensor<?x8xi1>
// CHECK: onnx.unary not %{{.*}} : (tensor<?x8xi1>) -> tensor<?x8xi1>
// CHECK: onnx.unary bitwise_not %{{.*}} : (tensor<?x8xi32>) -> tensor<?x8xi32>
// CHECK: onnx.binary add %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary div %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary fmod %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary max %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary min %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary mul %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary pow %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary prelu %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary sub %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK: onnx.binary bitwise_and %{{.*}}, %{{.*}} : (tensor<?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
// CHECK: onnx.binary bitwise_or %{{.*}}, %{{.*}} : (tensor<?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
// CHECK: onnx.binary bitwise_xor %{{.*}}, %{{.*}} : (tensor<?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
// CHECK: onnx.binary mod %{{.*}}, %{{.*}} : (tensor<?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
// CHECK: onnx.binary bitshift_left %{{.*}}, %{{.*}} : (tensor<?x8xui32>, tensor<?x8xui32>) -> tensor<?x8xui32>
// CHECK: onnx.binary bitshift_right %{{.*}}, %{{.*}} : (tensor<?x8xui32>, tensor<?x8xui32>) -> tensor<?x8xui32>
func.func @part2(%x: tensor<?x8xf32>, %i: tensor<?x8xi32>, %u: tensor<?x8xui32>, %b: tensor<?x8xi1>)
    -> (tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xi32>,
        tensor<?x8xi32>, tensor<?x8xi32>, tensor<?x8xi32>, tensor<?x8xui32>, tensor<?x8xui32>) {
  %0 = onnx.unary is_inf_negative %x : (tensor<?x8xf32>) -> tensor<?x8xi1>
  %1 = onnx.unary is_inf_positive %x : (tensor<?x8xf32>) -> tensor<?x8xi1>
  %2 = onnx.unary is_nan %x : (tensor<?x8xf32>) -> tensor<?x8xi1>
  %3 = onnx.unary not %b : (tensor<?x8xi1>) -> tensor<?x8xi1>
  %4 = onnx.unary bitwise_not %i : (tensor<?x8xi32>) -> tensor<?x8xi32>
  %5 = onnx.binary add %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %6 = onnx.binary div %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %7 = onnx.binary fmod %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %8 = onnx.binary max %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %9 = onnx.binary min %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %10 = onnx.binary mul %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %11 = onnx.binary pow %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %12 = onnx.binary prelu %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %13 = onnx.binary sub %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %14 = onnx.binary bitwise_and %i, %i : (tensor<?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
  %15 = onnx.binary bitwise_or %i, %i : (tensor<?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
  %16 = onnx.binary bitwise_xor %i, %i : (tensor<?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
  %17 = onnx.binary mod %i, %i : (tensor<?x8xi32>, tensor<?x8xi32>) -> tensor<?x8xi32>
  %18 = onnx.binary bitshift_left %u, %u : (tensor<?x8xui32>, tensor<?x8xui32>) -> tensor<?x8xui32>
  %19 = onnx.binary bitshift_right %u, %u : (tensor<?x8xui32>, tensor<?x8xui32>) -> tensor<?x8xui32>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19
      : tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xi32>,
        tensor<?x8xi32>, tensor<?x8xi32>, tensor<?x8xi32>, tensor<?x8xui32>, tensor<?x8xui32>
}

// CHECK-LABEL: @part3(
// LOWERED-LABEL: @part3(
// CHECK: onnx.binary and %{{.*}}, %{{.*}} : (tensor<?x8xi1>, tensor<?x8xi1>) -> tensor<?x8xi1>
// CHECK: onnx.binary or %{{.*}}, %{{.*}} : (tensor<?x8xi1>, tensor<?x8xi1>) -> tensor<?x8xi1>
// CHECK: onnx.binary xor %{{.*}}, %{{.*}} : (tensor<?x8xi1>, tensor<?x8xi1>) -> tensor<?x8xi1>
// CHECK: onnx.compare equal %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
// CHECK: onnx.compare greater %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
// CHECK: onnx.compare greater_equal %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
// CHECK: onnx.compare less %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
// CHECK: onnx.compare less_equal %{{.*}}, %{{.*}} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
// CHECK: onnx.reduce l1 %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce l2 %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce log_sum %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce log_sum_exp %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce max %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce mean %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce min %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce prod %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce sum %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
// CHECK: onnx.reduce sum_square %{{.*}}, %{{.*}} {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
func.func @part3(%x: tensor<?x8xf32>, %i: tensor<?x8xi32>, %u: tensor<?x8xui32>, %b: tensor<?x8xi1>)
    -> (tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>,
        tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x1xf32>, tensor<?x1xf32>,
        tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>,
        tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>) {
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary and %b, %b : (tensor<?x8xi1>, tensor<?x8xi1>) -> tensor<?x8xi1>
  %1 = onnx.binary or %b, %b : (tensor<?x8xi1>, tensor<?x8xi1>) -> tensor<?x8xi1>
  %2 = onnx.binary xor %b, %b : (tensor<?x8xi1>, tensor<?x8xi1>) -> tensor<?x8xi1>
  %3 = onnx.compare equal %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
  %4 = onnx.compare greater %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
  %5 = onnx.compare greater_equal %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
  %6 = onnx.compare less %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
  %7 = onnx.compare less_equal %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xi1>
  %8 = onnx.reduce l1 %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %9 = onnx.reduce l2 %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %10 = onnx.reduce log_sum %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %11 = onnx.reduce log_sum_exp %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %12 = onnx.reduce max %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %13 = onnx.reduce mean %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %14 = onnx.reduce min %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %15 = onnx.reduce prod %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %16 = onnx.reduce sum %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %17 = onnx.reduce sum_square %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17
      : tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>,
        tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x8xi1>, tensor<?x1xf32>, tensor<?x1xf32>,
        tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>,
        tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>
}

// CHECK-LABEL: @pads(
// CHECK: onnx.pad %{{.*}}, %{{.*}} : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<6x8xf32>
// CHECK: onnx.pad %{{.*}}, %{{.*}} {mode = #onnx.pad_mode<reflect>} : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<6x8xf32>
// CHECK: onnx.pad %{{.*}}, %{{.*}} {mode = #onnx.pad_mode<edge>} : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<6x8xf32>
// CHECK: onnx.pad %{{.*}}, %{{.*}} {mode = #onnx.pad_mode<wrap>} : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<6x8xf32>
// LOWERED-LABEL: @pads(
func.func @pads(%x: tensor<4x8xf32>) -> (tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>) {
  %pads = onnx.constant dense<[1, 0, 1, 0]> : tensor<4xi64>
  %0 = onnx.pad %x, %pads {mode = #onnx.pad_mode<constant>} : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<6x8xf32>
  %1 = onnx.pad %x, %pads {mode = #onnx.pad_mode<reflect>} : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<6x8xf32>
  %2 = onnx.pad %x, %pads {mode = #onnx.pad_mode<edge>} : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<6x8xf32>
  %3 = onnx.pad %x, %pads {mode = #onnx.pad_mode<wrap>} : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<6x8xf32>
  return %0, %1, %2, %3 : tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>
}
