// RUN: moe-opt %s -split-input-file -convert-onnx-to-linalg -verify-diagnostics | FileCheck %s

// CHECK: #[[IN:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>
// CHECK-LABEL: func @transpose
// CHECK: linalg.generic {indexing_maps = [#[[IN]],
func.func @transpose(%x: tensor<?x?x8x64xf32>) -> tensor<?x8x?x64xf32> {
  %y = onnx.transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x8x64xf32>) -> tensor<?x8x?x64xf32>
  return %y : tensor<?x8x?x64xf32>
}

// -----

// Axes that are not repeated have no dimension for it.
// CHECK: #[[IN:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: func @tile
// CHECK: linalg.generic {indexing_maps = [#[[IN]],
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<3x?x8xf32> into tensor<?x8xf32>
func.func @tile(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r = onnx.constant dense<[3, 1]> : tensor<2xi64>
  %y = onnx.tile %x, %r : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// A negative pad takes away first.
// CHECK-LABEL: func @pad
// CHECK: tensor.extract_slice %{{.*}}[0, 1] [%{{.*}}, 7] [1, 1]
// CHECK: linalg.generic
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0] [%{{.*}}, 7] [1, 1] : tensor<?x7xf32> into tensor<?x9xf32>
func.func @pad(%x: tensor<?x8xf32>) -> tensor<?x9xf32> {
  %pads = onnx.constant dense<[0, -1, 0, 2]> : tensor<4xi64>
  %y = onnx.pad %x, %pads : (tensor<?x8xf32>, tensor<4xi64>) -> tensor<?x9xf32>
  return %y : tensor<?x9xf32>
}

// -----

// CHECK-LABEL: func @reflect
// CHECK: rt.check %{{.*}}, invalid_argument, "an axis without elements has nothing to fill its border with"
// CHECK: arith.remsi
// CHECK: tensor.extract
func.func @reflect(%x: tensor<?xf32>) -> tensor<?xf32> {
  %pads = onnx.constant dense<[2, 1]> : tensor<2xi64>
  %y = onnx.pad %x, %pads {mode = #onnx.pad_mode<reflect>} : (tensor<?xf32>, tensor<2xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @too_much(%x: tensor<2xf32>, %a: tensor<1xi64>) -> tensor<1xf32> {
  %pads = onnx.constant dense<[-3, 2]> : tensor<2xi64>
  // expected-error @+1 {{takes away more elements than axis 0 has}}
  %y = onnx.pad %x, %pads : (tensor<2xf32>, tensor<2xi64>) -> tensor<1xf32>
  return %y : tensor<1xf32>
}
