// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/Inputs/exit_code.py 4 moec compile %s -o %t/x 2>&1 | FileCheck %s

// What no lowering has reached, here in a branch, is named by operator and all at once.
// CHECK: left-over.mlir: not supported in this version:
// CHECK-NEXT: tanh: node '/first' and 1 more
// CHECK-NEXT: softmax: no node name

func.func @main(%x: tensor<?x8xf32>, %c: tensor<1xi1>) -> tensor<?x8xf32> attributes {rt.entry} {
  %zero = arith.constant 0 : index
  %condition = tensor.extract %c[%zero] : tensor<1xi1>
  %y = scf.if %condition -> tensor<?x8xf32> {
    %a = onnx.unary tanh %x : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("/first")
    scf.yield %a : tensor<?x8xf32>
  } else {
    %a = onnx.softmax %x {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %b = onnx.unary tanh %a : (tensor<?x8xf32>) -> tensor<?x8xf32>
    scf.yield %b : tensor<?x8xf32>
  }
  return %y : tensor<?x8xf32>
}
