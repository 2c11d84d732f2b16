// RUN: moe-opt %s -convert-onnx-to-tile | FileCheck %s

// A size of 0 beside an unknown one: upstream's views cannot join them, and there is nothing to view.
// CHECK-LABEL: func @matmul
// CHECK: tensor.empty() : tensor<0x3xf32>
// CHECK: %[[Y:.*]] = tensor.empty(%{{.*}}) : tensor<?x0x5xf32>
// CHECK: return %[[Y]]
func.func @matmul(%a: tensor<?x0x3xf32>, %b: tensor<3x5xf32>) -> tensor<?x0x5xf32> {
  %0 = onnx.matmul %a, %b : (tensor<?x0x3xf32>, tensor<3x5xf32>) -> tensor<?x0x5xf32>
  return %0 : tensor<?x0x5xf32>
}

// CHECK-LABEL: func @einsum
// CHECK: %[[Y:.*]] = tensor.empty(%{{.*}}) : tensor<?x0x5xf32>
// CHECK: return %[[Y]]
func.func @einsum(%a: tensor<?x0x3xf32>, %b: tensor<?x3x5xf32>) -> tensor<?x0x5xf32> {
  %0 = onnx.einsum %a, %b {equation = "bij,bjk->bik"} : (tensor<?x0x3xf32>, tensor<?x3x5xf32>) -> tensor<?x0x5xf32>
  return %0 : tensor<?x0x5xf32>
}
