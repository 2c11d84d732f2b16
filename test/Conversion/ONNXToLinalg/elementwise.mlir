// RUN: moe-opt %s --convert-onnx-to-linalg -split-input-file | FileCheck %s

// Narrow floats are rounded once per operator; sizes that are equal need no check.

// CHECK-LABEL: @silu
// CHECK: linalg.generic
// CHECK: %[[X:.*]] = arith.extf %{{.*}} : bf16 to f32
// CHECK: math.exp
// CHECK: %[[Q:.*]] = arith.divf %[[X]]
// CHECK: arith.truncf %[[Q]] : f32 to bf16
// CHECK-NOT: rt.check
func.func @silu(%x: tensor<?x8xbf16>) -> tensor<?x8xbf16> {
  %0 = onnx.unary swish %x {alpha = 1.0 : f32} : (tensor<?x8xbf16>) -> tensor<?x8xbf16>
  return %0 : tensor<?x8xbf16>
}

// -----

// Sizes that only a run knows are compared there.

// CHECK-LABEL: @broadcast
// CHECK: rt.check {{.*}} "shapes of the operands do not broadcast"
// CHECK: tensor.extract
func.func @broadcast(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = onnx.binary add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// The sign of the original type decides; no divisor is 0.

// CHECK-LABEL: @divide
// CHECK-SAME: tensor<4xi8> {rt.dtype = "u8"}
// CHECK: %[[D:.*]] = arith.select %{{.*}}, %c1_i8, %{{.*}} : i8
// CHECK: arith.divui %{{.*}}, %[[D]] : i8
func.func @divide(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %0 = onnx.binary div %x, %y : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}

// -----

// A constant of one value stands in the body.

// CHECK-LABEL: @scale
// CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<?xf32>)
// CHECK: arith.constant 2.000000e+00 : f32
func.func @scale(%x: tensor<?xf32>) -> tensor<?xf32> {
  %c = onnx.constant dense<2.0> : tensor<f32>
  %0 = onnx.binary mul %x, %c : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
