// RUN: moe-opt %s --make-entries | FileCheck %s

// CHECK: func.func @main(%arg0: tensor<?x8xf32> {rt.dim_names = ["tokens", ""], rt.name = "x"}) -> (tensor<?x8xf32> {rt.name = "y"}) attributes {rt.entry}
func.func @main(%x: tensor<?x8xf32> {onnx.name = "x", onnx.dim_names = ["tokens", ""]}) -> (tensor<?x8xf32> {onnx.name = "y"}) {
  return %x : tensor<?x8xf32>
}

// No model's function, no entry.
// CHECK: func.func @other(%arg0: tensor<?x8xf32>) -> tensor<?x8xf32> {
func.func @other(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %x : tensor<?x8xf32>
}
