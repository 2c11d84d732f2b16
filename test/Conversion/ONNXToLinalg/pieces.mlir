// RUN: moe-opt %s -split-input-file -convert-onnx-to-linalg -verify-diagnostics | FileCheck %s

// Halves of gate and up are views.
// CHECK-LABEL: func @split
// CHECK: tensor.extract_slice %{{.*}}[0, 0] [%{{.*}}, 96] [1, 1] : tensor<?x192xf32> to tensor<?x96xf32>
// CHECK: tensor.extract_slice %{{.*}}[0, 96] [%{{.*}}, 96] [1, 1] : tensor<?x192xf32> to tensor<?x96xf32>
// CHECK-NOT: linalg
func.func @split(%x: tensor<?x192xf32>) -> (tensor<?x96xf32>, tensor<?x96xf32>) {
  %y:2 = onnx.split %x {axis = 1 : i64} : (tensor<?x192xf32>) -> (tensor<?x96xf32>, tensor<?x96xf32>)
  return %y#0, %y#1 : tensor<?x96xf32>, tensor<?x96xf32>
}

// -----

// CHECK-LABEL: func @concat
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0] [%{{.*}}, 32] [1, 1]
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 32] [%{{.*}}, 32] [1, 1]
func.func @concat(%x: tensor<?x32xf32> {onnx.dim_names = ["t", ""]}, %y: tensor<?x32xf32> {onnx.dim_names = ["t", ""]})
    -> tensor<?x64xf32> {
  %z = onnx.concat %x, %y {axis = 1 : i64} : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x64xf32>
  return %z : tensor<?x64xf32>
}

// -----

// CHECK-LABEL: func @unrelated
// CHECK: rt.check %{{.*}}, invalid_argument, "the inputs differ in size along another axis"
func.func @unrelated(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>) -> tensor<?x64xf32> {
  %z = onnx.concat %x, %y {axis = 1 : i64} : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x64xf32>
  return %z : tensor<?x64xf32>
}

// -----

// CHECK-LABEL: func @slice_from_end
// CHECK: tensor.extract_slice %{{.*}}[%{{.*}}, 0] [%{{.*}}, 8] [1, 1]
func.func @slice_from_end(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %start = onnx.constant dense<-2> : tensor<1xi64>
  %end = onnx.constant dense<9223372036854775807> : tensor<1xi64>
  %axis = onnx.constant dense<0> : tensor<1xi64>
  %y = onnx.slice %x, %start, %end, %axis
      : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Rows in reverse keep their vectors: the last index is the loop's.
// CHECK-LABEL: func @reverse_rows
// CHECK: linalg.generic
// CHECK: %[[COLUMN:.*]] = linalg.index 1
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %[[COLUMN]]]
func.func @reverse_rows(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %start = onnx.constant dense<-1> : tensor<1xi64>
  %end = onnx.constant dense<-9223372036854775807> : tensor<1xi64>
  %axis = onnx.constant dense<0> : tensor<1xi64>
  %y = onnx.slice %x, %start, %end, %axis, %start
      : (tensor<4x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func @runtime_steps
// CHECK: rt.check %{{.*}}, invalid_argument, "a step is zero"
func.func @runtime_steps(%x: tensor<?xf32>, %s: tensor<1xi64>, %e: tensor<1xi64>, %step: tensor<1xi64>) -> tensor<?xf32> {
  %axis = onnx.constant dense<0> : tensor<1xi64>
  %y = onnx.slice %x, %s, %e, %axis, %step
      : (tensor<?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// CHECK-LABEL: func @runtime_split
// CHECK: rt.check %{{.*}}, invalid_argument, "a split size is negative"
// CHECK: rt.check %{{.*}}, invalid_argument, "the split sizes do not add up to the size of the axis"
func.func @runtime_split(%x: tensor<?xf32>, %s: tensor<2xi64>) -> (tensor<?xf32>, tensor<?xf32>) {
  %y:2 = onnx.split %x, %s {axis = 0 : i64} : (tensor<?xf32>, tensor<2xi64>) -> (tensor<?xf32>, tensor<?xf32>)
  return %y#0, %y#1 : tensor<?xf32>, tensor<?xf32>
}

// -----

// CHECK-LABEL: func @runtime_axes
// CHECK: rt.check %{{.*}}, invalid_argument, "an axis is out of range"
// CHECK: arith.select
// CHECK: tensor.extract_slice
func.func @runtime_axes(%x: tensor<?x8xf32>, %s: tensor<1xi64>, %axes: tensor<1xi64>) -> tensor<?x?xf32> {
  %y = onnx.slice %x, %s, %s, %axes
      : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

// A piece of no elements is no view.
// CHECK-LABEL: func @empty_piece
// CHECK: tensor.empty() : tensor<0xf32>
func.func @empty_piece(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<0xf32>) {
  %s = onnx.constant dense<[2, 0]> : tensor<2xi64>
  %y:2 = onnx.split %x, %s {axis = 0 : i64} : (tensor<2xf32>, tensor<2xi64>) -> (tensor<2xf32>, tensor<0xf32>)
  return %y#0, %y#1 : tensor<2xf32>, tensor<0xf32>
}
