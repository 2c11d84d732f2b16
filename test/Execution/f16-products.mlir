// The optimiser narrows a product of two numbers that were f16 to f16, and may join the lanes of two vectors; the x86
// backend never ended on those of 32 lanes. Products are f32 for every level.
// RUN: timeout 60 moec compile --quiet %s -o %t.so
// RUN: moec compile --emit=llvm %s -o %t.ll
// RUN: FileCheck %s < %t.ll
// CHECK-NOT: = f{{add|sub|mul|div}} {{(<[0-9]+ x )?}}half
// CHECK: = fmul <{{16|32}} x float>
// CHECK-NOT: = f{{add|sub|mul|div}} {{(<[0-9]+ x )?}}half

func.func @main(%x: tensor<?x?xf16> {onnx.name = "x"}) -> (tensor<?x2xf16> {onnx.name = "y"}) {
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %sums = onnx.reduce sum %x, %axes {keepdims} : (tensor<?x?xf16>, tensor<1xi64>) -> tensor<?x1xf16>
  %factors = onnx.constant dense<[[-0.3, 0.7]]> : tensor<1x2xf16>
  %y = onnx.binary mul %sums, %factors : (tensor<?x1xf16>, tensor<1x2xf16>) -> tensor<?x2xf16>
  return %y : tensor<?x2xf16>
}
