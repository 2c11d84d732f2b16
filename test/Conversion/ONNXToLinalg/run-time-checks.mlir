// RUN: moe-opt %s --convert-onnx-to-linalg | FileCheck %s

// What types leave open is checked when it is known, and the run ends with a message.

// CHECK-LABEL: @gather_nd(
// CHECK: rt.check %{{.*}}, invalid_argument, "x and indices differ in size along a batch axis"
func.func @gather_nd(%x: tensor<?x5xf32>, %i: tensor<?x1xi64>) -> tensor<?xf32> {
  %0 = onnx.gather_nd %x, %i {batch_dims = 1 : i64} : (tensor<?x5xf32>, tensor<?x1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: @tile(
// CHECK: rt.check %{{.*}}, invalid_argument, "a repeat is negative"
func.func @tile(%x: tensor<4xf32>, %r: tensor<1xi64>) -> tensor<?xf32> {
  %0 = onnx.tile %x, %r : (tensor<4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: @crop(
// CHECK: rt.check %{{.*}}, invalid_argument, "pads take away more elements than there are"
func.func @crop(%x: tensor<4xf32>, %p: tensor<2xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  %0 = onnx.pad %x, %p value(%v : tensor<f32>) : (tensor<4xf32>, tensor<2xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: @norm(
// CHECK: rt.check %{{.*}}, invalid_argument, "the sizes of scale are not those of x"
func.func @norm(%x: tensor<4x?xf32>, %s: tensor<?xf32>) -> tensor<4x?xf32> {
  %0 = onnx.rms_norm %x, %s {axis = 1 : i64, epsilon = 1.0e-05 : f32, stash = f32} : (tensor<4x?xf32>, tensor<?xf32>) -> tensor<4x?xf32>
  return %0 : tensor<4x?xf32>
}

// CHECK-LABEL: @split(
// CHECK: rt.check %{{.*}}, invalid_argument, "the axis is too short for this many pieces"
func.func @split(%x: tensor<?xf32>) -> tensor<?xf32> {
  %0:3 = onnx.split %x {axis = 0 : i64} : (tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  return %0#2 : tensor<?xf32>
}

// CHECK-LABEL: @one_hot(
// CHECK: rt.check %{{.*}}, invalid_argument, "depth is negative"
func.func @one_hot(%x: tensor<4xi64>, %d: tensor<f32>, %v: tensor<2xf32>) -> tensor<4x?xf32> {
  %y = onnx.one_hot %x, %d, %v {axis = 1 : i64} : (tensor<4xi64>, tensor<f32>, tensor<2xf32>) -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}

// CHECK-LABEL: @reduce(
// CHECK: rt.check %{{.*}}, invalid_argument, "an axis is given twice"
func.func @reduce(%x: tensor<3x4x5xf32>, %a: tensor<2xi64>) -> tensor<?xf32> {
  %0 = onnx.reduce sum %x, %a : (tensor<3x4x5xf32>, tensor<2xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: @reshape(
// CHECK: rt.check %{{.*}}, invalid_argument, "the shape copies a size that the operand does not have"
func.func @reshape(%x: tensor<4xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  %0 = onnx.reshape %x, %s : (tensor<4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: @states(
// CHECK: rt.check %{{.*}}, invalid_argument, "the result has other sizes than its type states"
func.func @states(%x: tensor<4xf32>, %s: tensor<2xi64>) -> tensor<2x2xf32> {
  %0 = onnx.reshape %x, %s : (tensor<4xf32>, tensor<2xi64>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// CHECK-LABEL: @positions(
// CHECK: rt.check %{{.*}}, invalid_argument, "a position is beyond the caches"
func.func @positions(%x: tensor<1x2x5x8xf32>, %c: tensor<16x4xf32>, %p: tensor<1x5xi64>) -> tensor<1x2x5x8xf32> {
  %0 = onnx.rotary_embedding %x, %c, %c, %p : (tensor<1x2x5x8xf32>, tensor<16x4xf32>, tensor<16x4xf32>, tensor<1x5xi64>) -> tensor<1x2x5x8xf32>
  return %0 : tensor<1x2x5x8xf32>
}

// CHECK-LABEL: @sequence(
// CHECK: rt.check %{{.*}}, invalid_argument, "the caches are not as long as the sequence"
// CHECK: rt.check %{{.*}}, invalid_argument, "the caches are not as long as the sequence"
func.func @sequence(%x: tensor<1x2x?x8xf32>, %c: tensor<1x?x4xf32>) -> tensor<1x2x?x8xf32> {
  %0 = onnx.rotary_embedding %x, %c, %c : (tensor<1x2x?x8xf32>, tensor<1x?x4xf32>, tensor<1x?x4xf32>) -> tensor<1x2x?x8xf32>
  return %0 : tensor<1x2x?x8xf32>
}

// CHECK-LABEL: @range(
// CHECK: rt.check %{{.*}}, invalid_argument, "the range has no end"
func.func @range(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>) -> tensor<?xf32> {
  %0 = onnx.range %a, %b, %c : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
