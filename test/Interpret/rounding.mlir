// Element types: rounding to nearest even, subnormals, overflow, NaN.
// RUN: moec run --interpret %s | FileCheck %s

// Halfway between neighbours: 1 + 1/256 and 1 + 3/256; just above halfway; overflow at 2^128 - 2^119.
// CHECK-LABEL: @bf16
// CHECK-NEXT: tensor<8xf32> [1, 1.01562, 1.00781, -1, inf, 3.38953e+38, nan, 9.18355e-41]
func.func @bf16() -> tensor<8xf32> {
  %x = arith.constant dense<[1.00390625, 1.01171875, 1.003907, -1.00390625, 3.4e38, 3.39e38, 0x7FC00000, 0x00010000]> : tensor<8xf32>
  %y = arith.truncf %x : tensor<8xf32> to tensor<8xbf16>
  %z = arith.extf %y : tensor<8xbf16> to tensor<8xf32>
  return %z : tensor<8xf32>
}

// 2049 and 2051 are halfway; 65520 is the first to overflow; 2^-25 is half of the smallest subnormal.
// CHECK-LABEL: @f16
// CHECK-NEXT: tensor<8xf64> [2048, 2052, inf, 65504, 0, 5.96046e-08, -0, -inf]
func.func @f16() -> tensor<8xf64> {
  %x = arith.constant dense<[2049.0, 2051.0, 65520.0, 65519.0, 2.98023223876953125e-8, 4.470348358154297e-8, -1.0e-30, -1.0e30]> : tensor<8xf64>
  %y = arith.truncf %x : tensor<8xf64> to tensor<8xf16>
  %z = arith.extf %y : tensor<8xf16> to tensor<8xf64>
  return %z : tensor<8xf64>
}

// From f64 to bf16 in one step: through f32, 1 + 2^-8 + 2^-40 would become a tie and round down.
// CHECK-LABEL: @once
// CHECK-NEXT: tensor<bf16> 1.00781
func.func @once() -> bf16 {
  %x = arith.constant 1.003906250000909494701772928237915039 : f64
  %y = arith.truncf %x : f64 to bf16
  return %y : bf16
}

// CHECK-LABEL: @integers
// CHECK-NEXT: tensor<2xi8> [-128, 127]
// CHECK-NEXT: tensor<2xi32> [-2147483648, 1]
// CHECK-NEXT: tensor<2xi1> [1, 0]
// CHECK-NEXT: tensor<i64> 9223372036854775807
func.func @integers() -> (tensor<2xi8>, tensor<2xi32>, tensor<2xi1>, i64) {
  %a = arith.constant dense<127> : tensor<2xi8>
  %b = arith.constant dense<[1, 0]> : tensor<2xi8>
  %c = arith.addi %a, %b : tensor<2xi8>
  %d = arith.constant dense<[65536, -1]> : tensor<2xi32>
  %e = arith.constant dense<[32768, -1]> : tensor<2xi32>
  %f = arith.muli %d, %e : tensor<2xi32>
  %g = arith.constant dense<[true, false]> : tensor<2xi1>
  %h = arith.constant 9223372036854775807 : i64
  return %c, %f, %g, %h : tensor<2xi8>, tensor<2xi32>, tensor<2xi1>, i64
}
